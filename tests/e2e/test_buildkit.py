"""Builds by BuildKit, also on an engine where it is not the default."""
import pathlib
import re
import secrets
import socket

import pytest

from client import WAIT, expect
from ctl import clean_sweep
from engine import busybox_tar
from holding import HoldingServer
from test_builds import tags_of, text
from wait import until

pytestmark = pytest.mark.docker('Podman has a builder of its own')


@pytest.fixture(scope='module')
def modern(lasting):
    """A Kabuto whose builds use BuildKit."""
    return lasting({'build': {'builder': 'buildkit'}, 'build_slots': 2})


@pytest.fixture(scope='module')
def alice(modern):
    return modern.user('alice')


@pytest.fixture(scope='module')
def bob(modern):
    return modern.user('bob')


def test_build_and_its_image(modern, alice):
    dockerfile = ('FROM busybox AS made\nRUN echo made >/made && echo to be seen\n'
                  'FROM busybox AS unused\nRUN false\n'
                  'FROM busybox\nCOPY --from=made /made /\nCOPY a.txt /b/\n'
                  'SHELL ["/bin/sh", "-e", "-c"]\nHEALTHCHECK CMD true\nENTRYPOINT ["cat"]\n'
                  'CMD ["/made", "/b/a.txt"]\n')
    build = alice.build(dockerfile, files=[('attachments', ('a.txt', b'attached\n'))],
                        nocache='true')
    state = alice.wait_build(build, 'SUCCESS')
    said = text(state)
    assert 'RUN echo made >/made && echo to be seen\n' in said and ' to be seen\n' in said
    assert 'unused' not in said and 'trace' not in str(state['output'])
    assert [x['aux']['ID'] for x in state['output'] if 'aux' in x][0].startswith('sha256:')
    tag = tags_of(modern, state['id'], build)
    labels = modern.engine.call('GET', f'/images/{tag[0]}/json')['Config']['Labels']
    assert labels['kabuto.instance'] == modern.instance
    job = alice.run(image=state['id'])
    assert job['state'] == 'done' and alice.lines(job['id']) == ['made', 'attached']


def test_output_comes_while_the_build_runs(alice):
    with HoldingServer() as server:
        build = alice.build(f'FROM busybox\nRUN echo before && '
                            f'wget -q -O - http://{server.address(alice)}/\n', nocache='true')
        until(lambda: ' before\n' in text(alice.build_state(build)), 'the output of the RUN')
        assert alice.build_state(build)['state'] == 'PENDING'
        server.release()
        alice.wait_build(build, 'SUCCESS')


@pytest.mark.parametrize('dockerfile, words', [
    ('FROM busybox\nRUN echo to be seen; exit 7\n', ('[2/2] RUN echo', 'exit code: 7')),
    ('FROM busybox\nCOPY missing /\n', ('missing', 'not found')),
    ('FROM busybox\nFROB x\n', ('FROB',)), ('FROM UPPER/Case\n', ('lowercase',)),
    ('RUN echo no FROM\n', ('no build stage',)), ('# nothing\n', ('no instructions',))])
def test_failure_says_which_step_and_why(alice, dockerfile, words):
    state = alice.wait_build(alice.build(dockerfile), 'FAILED')
    assert all(word in state['error'] for word in words), state['error']
    assert 'to be seen' not in dockerfile or ' to be seen\n' in text(state)


def test_cached_steps_are_marked(alice):
    dockerfile = 'FROM busybox\nRUN echo cached build\n'
    alice.wait_build(alice.build(dockerfile), 'SUCCESS')
    again = text(alice.wait_build(alice.build(dockerfile), 'SUCCESS'))
    fresh = text(alice.wait_build(alice.build(dockerfile, nocache='true'), 'SUCCESS'))
    printed = re.compile(r'^#\d+ [\d.]+ cached build$', re.M)
    assert 'CACHED\n' in again and not printed.search(again) and printed.search(fresh)


def test_cache_mounts_belong_to_the_account(alice, bob):
    dockerfile = ('FROM busybox\nRUN --mount=type=cache,target=/c,id=one '
                  'echo line >>/c/f; echo "has $(wc -l </c/f)" #{}\n')
    counts = []
    for count, who in enumerate((alice, alice, bob, alice, bob)):
        said = text(who.wait_build(who.build(dockerfile.format(count)), 'SUCCESS'))
        counts.append(int(said.split(' has ')[-1].split()[0]))
    assert counts == [1, 2, 1, 3, 2]


@pytest.mark.parametrize('option', ['id=pip', 'sharing=locked', 'id=p,sharing=private', 'uid=0'])
def test_no_step_is_cached_that_another_account_made_with_its_cache_mount(alice, bob, option):
    mount = f'RUN --mount=type=cache,target=/c{secrets.token_hex(4)},{option} cd /c*; '
    bob.wait_build(bob.build(f'FROM busybox\n{mount} echo from bob >f\n'), 'SUCCESS')
    dockerfile = f'FROM busybox\n{mount} cat f >/made || echo by alice >/made\n'
    bob.wait_build(bob.build(dockerfile), 'SUCCESS')
    image = alice.wait_build(alice.build(dockerfile), 'SUCCESS')['id']
    assert alice.lines(alice.run('cat /made', image=image)['id']) == ['by alice']


def busybox():
    with open('/bin/busybox', 'rb') as file:
        return busybox_tar(file.read(), ['sh', 'cat', 'echo'])


def runs(command):
    """The processes of this machine, containers included, that run this command."""
    found = []
    for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
        try:
            if path.read_bytes().replace(b'\0', b' ').strip() == command.encode():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def test_cancelled_build_ends_at_once(alice):
    build = alice.build('FROM busybox\nRUN sleep 86413\n', nocache='true')
    until(lambda: runs('sleep 86413'), 'the RUN runs')
    expect(alice.call('DELETE', f'/image/build/{build}'), 200)
    assert alice.wait_build(build, 'FAILED')['error'] == 'cancelled by its owner'
    until(lambda: not runs('sleep 86413'), 'the RUN has ended')


def test_no_image_of_a_users_choice_reads_the_dockerfile(alice):
    alice.wait_build(alice.build('# syntax=docker/dockerfile:1\nFROM busybox\n'), 'SUCCESS')
    for line in ('# syntax=busybox', '// syntax=busybox', '#!x\n#syntax=busybox'):
        state = alice.wait_build(alice.build(f'{line}\nFROM busybox\n'), 'FAILED')
        assert 'syntax' in state['error'] and state['output'] == [], state
    state = alice.wait_build(alice.build('{"syntax": "busybox"}'), 'FAILED')
    assert 'JSON' in state['error']


def test_engine_fetches_no_url_and_has_no_secrets(alice):
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.setblocking(False)
        url = f'127.0.0.1:{server.getsockname()[1]}/a'
        for line in (f'ADD http://{url} /x', f'ADD --checksum=sha256:0 https://{url} /x',
                     f'ADD git://{url} /x', f'ENV U=http://{url}\nADD $U /x',
                     f'ONBUILD ADD http://{url} /x', 'ADD me@127.0.0.1:a.git /x'):
            state = alice.wait_build(alice.build(f'FROM busybox\n{line}\n'), 'FAILED')
            assert 'may be a URL' in state['error'], state
        with pytest.raises(BlockingIOError):
            server.accept()
    for kind in ('secret,id=a', 'ssh'):
        state = alice.wait_build(alice.build(f'FROM busybox\nRUN --mount=type={kind} true\n'))
        assert 'no secrets' in state['error'], state


def test_other_accounts_images_have_no_name(modern, alice, bob):
    """Neither by an id, a part of it or a digest, nor by a tag without its end."""
    build = alice.build('FROM busybox\nRUN echo secret >/s\n')
    image = alice.wait_build(build, 'SUCCESS')['id']
    tag = tags_of(modern, image, build)[0]
    about = modern.engine.call('GET', f'/images/{tag}/json')
    long = about['Id'].removeprefix('sha256:')
    name = tag.split(':')[0]
    digests = [about['Id']] + [x.split('@')[1] for x in about.get('RepoDigests') or []]
    tries = [long, long[:12], long[:2], about['Id'], name, tag.rsplit('-', 1)[0], 't@' + about['Id']]
    tries += [f'{begin}{name}@{digest}' for digest in digests for begin in ('', 'docker.io/')]
    for one in tries:
        for line in (f'FROM {one}\nRUN cat /s', f'FROM busybox\nCOPY --from={one} /s /s',
                     f'FROM busybox\nRUN --mount=from={one},target=/m cat /m/s',
                     f'ARG A={one}\nFROM $A\nRUN cat /s'):
            state = bob.wait_build(bob.build(f'{line}\n'))
            assert state['state'] in ('FAILED', 'FAILURE'), (line, state)
            assert ' secret\n' not in text(state)


def test_onbuild_of_a_base_image_runs_unless_it_fetches_a_url(modern, alice):
    for name, trigger in (('good', 'RUN echo of the base >/of'), ('bad', 'ADD http://127.0.0.1:1/x /')):
        modern.engine.import_image(name, busybox(), f'ONBUILD {trigger}')
    try:
        job = alice.run('cat /of', image=alice.image('FROM good\n', name='onbuild'))
        assert alice.lines(job['id']) == ['of the base']
        state = alice.wait_build(alice.build('FROM bad\n'), 'FAILED')
        assert 'ONBUILD' in state['error'] and 'may be a URL' in state['error']
        assert '#1' not in text(state), 'the engine was not asked'
    finally:
        for name in ('good', 'bad'):
            modern.engine.call('DELETE', f'/images/{name}', force=1)


def test_base_image_of_an_unused_stage_is_not_needed(alice):
    dockerfile = ('FROM no-such-image-anywhere:1 AS test\nRUN false\n'
                  'FROM busybox AS made\nRUN echo made >/m\nFROM busybox\nCOPY --from=made /m /\n')
    said = text(alice.wait_build(alice.build(dockerfile), 'SUCCESS'))
    assert 'anywhere' not in said
    state = alice.wait_build(alice.build('FROM no-such-image-anywhere:1\n'), 'FAILED')
    assert "base image 'no-such-image-anywhere:1': pull the image from docker.io" in state['error']
    assert 'pulling the base image no-such-image-anywhere:1\n' in text(state)


def test_cache_is_kept_below_its_limit(own):
    kabuto = own({'build': {'builder': 'buildkit', 'cache_limit': '1m'}})
    carol = kabuto.user('carol')

    def has_file():
        build = carol.build('FROM busybox\nRUN --mount=type=cache,target=/c ls /c; '
                            f'head -c 3000000 /dev/zero >/c/big # {secrets.token_hex(4)}\n')
        return ' big\n' in text(carol.wait_build(build, 'SUCCESS'))
    assert (has_file(), has_file()) == (False, True)
    clean_sweep(kabuto)
    assert not has_file()


@pytest.mark.limit(120)
def test_newest_build_ends_where_memory_is_short(own):
    """The floor is above what any machine has."""
    kabuto = own({'build': {'builder': 'buildkit', 'memory_floor': '1000t'}})
    carol = kabuto.user('carol')
    state = carol.wait_build(carol.build('FROM busybox\nRUN sleep 86417\n'), 'FAILED')
    assert 'short of memory' in state['error']
    until(lambda: not runs('sleep 86417'), 'the RUN has ended')
    assert 'less than build.memory_floor' in kabuto['spooler'].text()


def test_jobs_can_have_a_cgroup_beside_that_of_builds(own):
    kabuto = own({'engine': {'cgroup_parent': '/kabuto-tests-jobs'}, 'sandboxes': False})
    carol = kabuto.user('carol')
    pipeline, job = carol.begin(WAIT)
    until(lambda: carol.state(pipeline, job)['state'] != 'in_queue', 'it begins')
    assert carol.state(pipeline, job)['state'] == 'running', carol.state(pipeline, job)
    until(kabuto.containers, 'its container is there')
    parent = kabuto.wait_running(job)['HostConfig']['CgroupParent']
    kabuto.let_go(job)
    assert (parent, carol.wait_job(pipeline, job)['state']) == ('/kabuto-tests-jobs', 'done')
