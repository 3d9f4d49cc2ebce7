"""What builds by Docker's classic builder leave on the engine if they fail: nothing."""
import json

import pytest

from client import expect
from test_buildkit import runs
from test_builds import text
from wait import until

pytestmark = pytest.mark.docker('Podman cleans up by itself')


@pytest.fixture(scope='module')
def classic(lasting):
    return lasting({'build': {'builder': 'classic'}, 'build_slots': 2, 'sandboxes': False})


@pytest.fixture(scope='module')
def alice(classic):
    return classic.user('alice')


def images(engine):
    return {image['Id'] for image in engine.call('GET', '/images/json', all=1)}


@pytest.mark.parametrize('last', ['RUN false', 'COPY missing /'])
def test_layers_of_a_failed_build_go_away(classic, alice, last):
    before = images(classic.engine)
    dockerfile = f'FROM busybox\nRUN head -c 1000000 /dev/urandom >/a\nRUN echo 2 >/b\n{last}\n'
    state = alice.wait_build(alice.build(dockerfile), 'FAILED')
    assert ' ---> Running in ' in text(state)
    until(lambda: images(classic.engine) == before, 'its layers are removed')


def test_layers_of_a_cancelled_build_go_away(classic, alice):
    before = images(classic.engine)
    build = alice.build('FROM busybox\nRUN echo 1 >/c\nRUN sleep 86419\n')
    until(lambda: runs('sleep 86419'), 'the RUN runs')
    expect(alice.call('DELETE', f'/image/build/{build}'), 200)
    alice.wait_build(build, 'FAILED')
    until(lambda: images(classic.engine) == before, 'its layers are removed')


def test_layers_go_away_although_the_scheduler_interrupts_the_call(own, proxy):
    kabuto = own({'build': {'builder': 'classic'}, 'sandboxes': False}, engine_socket=proxy.path)
    dave = kabuto.user('dave')
    before = images(kabuto.engine)
    build = dave.build('FROM busybox\nRUN echo 1 >/f\nRUN sleep 86423\n')
    until(lambda: runs('sleep 86423'), 'the RUN runs')
    proxy.hold(r'DELETE /v[0-9.]+/images/')
    expect(dave.call('DELETE', f'/image/build/{build}'), 200)
    proxy.wait_held(2)
    proxy.release_all()
    dave.wait_build(build, 'FAILED')
    until(lambda: images(kabuto.engine) == before, 'its layers are removed')


def test_layers_that_another_image_needs_stay(classic, alice):
    shared = 'FROM busybox\nRUN echo shared >/d\n'
    image = alice.image(shared + 'RUN echo good >/e\n', name='good')
    before = images(classic.engine)
    alice.wait_build(alice.build(shared + 'RUN echo bad >/e; false\n'), 'FAILED')
    # The containerd image store does not know that an image was built on it, but keeps its files.
    assert images(classic.engine) <= before
    assert alice.lines(alice.run('cat /d /e', image=image)['id']) == ['shared', 'good']


@pytest.mark.parametrize('limit', [2 << 30, None], ids=['of a build', 'of somebody else'])
def test_container_that_a_cut_build_left_is_removed(classic, alice, limit):
    """
    As an engine leaves it that loses its power: only the output of the build names it. A step can
    print the same of any container.
    """
    engine = classic.engine
    limits = {'Memory': limit, 'MemorySwap': limit, 'ShmSize': limit} if limit else {}
    build = alice.build('FROM busybox\nRUN sleep 86421\n')
    until(lambda: runs('sleep 86421'), 'the RUN runs')
    left = engine.call('POST', '/containers/create', {
        'Image': 'busybox:latest', 'Cmd': ['true'], 'HostConfig': limits})

    def exists():
        return left['Id'] in {one['Id'] for one in engine.call('GET', '/containers/json', all=1)}

    try:
        classic['spooler'].kill()
        until(lambda: not runs('sleep 86421'), 'the engine ends the build')
        line = json.dumps({'stream': f' ---> Running in {left["Id"][:12]}\n'})
        with open(classic.state / f'builds/{build}/output', 'a', encoding='ascii') as file:
            file.write(line + '\n')
        classic['spooler'].start()
        until(lambda: runs('sleep 86421'), 'the build runs again')
        assert exists() == (limit is None)
        expect(alice.call('DELETE', f'/image/build/{build}'), 200)
        alice.wait_build(build, 'FAILED')
    finally:
        if exists():
            engine.remove(left['Id'])


def test_step_that_prints_as_the_builder_removes_nothing_of_others(classic, alice):
    """Neither an image without a name nor, at the build's next try, a container."""
    engine = classic.engine
    other = engine.call('POST', '/containers/create', {'Image': 'busybox:latest', 'Cmd': ['true']})
    image = engine.call('POST', f'/commit?container={other["Id"]}')['Id']
    short, running = image.removeprefix('sha256:')[:12], f'Running in {other["Id"][:12]}'

    def prints(line):
        return f"printf ' ---> {line}\\n'"
    try:
        state = alice.wait_build(alice.build(
            f'FROM busybox\nRUN {prints(short)}; false\n', nocache='true'), 'FAILED')
        assert f' ---> {short}\n' in text(state)
        alice.image('FROM busybox\nRUN echo after >/it\n', name='after')
        assert image in images(engine)
        build = alice.build(f'FROM busybox\nRUN {prints(running)}; sleep 86423\n')
        until(lambda: f'\n ---> {running}\n' in text(alice.build_state(build)), 'it has printed')
        classic.restart('spooler')
        until(lambda: runs('sleep 86423'), 'the build runs again')
        expect(alice.call('DELETE', f'/image/build/{build}'), 200)
        alice.wait_build(build, 'FAILED')
        assert other['Id'] in {c['Id'] for c in engine.call('GET', '/containers/json', all=1)}
    finally:
        engine.remove(other['Id'])
        engine.call('DELETE', f'/images/{short}', force=1)
