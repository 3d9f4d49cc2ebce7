"""Builds whose images somebody else removes meanwhile: another Kabuto on the same engine, say."""
import json

import pytest

BUILD = r'POST /v[0-9.]+/build\?'
INSPECT = r'GET /v[0-9.]+/images/(localhost/)?kabuto/[^/]+/json'
ID = 'sha256:' + '6cc8ee37' * 8
LOST = [f'unable to find image "{ID}"', f'failed to export image: No such image: {ID}',
        f'NotFound: content digest {ID}: not found']


@pytest.fixture
def kabuto(own, proxy):
    return own(engine_socket=proxy.path)


@pytest.fixture
def dave(kabuto):
    return kabuto.user('dave')


def said(*messages):
    return b''.join(json.dumps(message).encode() + b'\r\n' for message in messages)


@pytest.mark.parametrize('error', LOST, ids=['cache', 'commit', 'store'])
def test_build_is_tried_again_if_an_image_that_it_used_is_gone(dave, proxy, error):
    """The engine looks for a cached step among all images that were built on the same one."""
    proxy.hold(BUILD)
    build = dave.build('FROM busybox\nENV LOST=1\n')
    call = proxy.wait_held(1)
    proxy.hold(None)
    call.answer(said({'stream': 'Step 2/2 : ENV LOST=1\n'},
                     {'error': error, 'errorDetail': {'message': error}}))
    state = dave.wait_build(build, 'SUCCESS')
    assert 'error' not in json.dumps(state['output'])
    assert dave.lines(dave.run('echo $LOST', image=state['id'])['id']) == ['1']


def test_image_that_never_lasts_is_a_failure_and_no_fault_of_the_dockerfile(dave, proxy):
    proxy.hold(BUILD)
    build = dave.build('FROM busybox\nENV LOST=2\n')
    for count in range(1, 7):
        proxy.wait_held(count).answer(said({'error': LOST[0]}))
    assert LOST[0] in dave.wait_build(build, 'FAILURE')['error']


def test_build_is_made_again_if_its_image_goes_before_it_is_known(kabuto, dave, proxy):
    proxy.hold(INSPECT)
    build = dave.build('FROM busybox\nENV LOST=3\n')
    call = proxy.wait_held(1)
    tag, = [x for x in kabuto.engine.images()
            if f'kabuto/{kabuto.instance}-' in x and f':{build}-' in x]
    kabuto.engine.call('DELETE', f'/images/{tag}')
    proxy.hold(None)
    call.release()
    image = dave.wait_build(build, 'SUCCESS')['id']
    assert dave.lines(dave.run('echo $LOST', image=image)['id']) == ['3']
