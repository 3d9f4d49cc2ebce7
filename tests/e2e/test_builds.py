"""Images: from a text, a file, a context with folders, a repository; and what cannot be built."""
import pathlib
import re
import socket
import subprocess
import tempfile

import pytest

from client import expect, refused
from holding import HoldingServer
from gatekeeper import Gatekeeper
from repositories import Repositories
from wait import until


def tags_of(kabuto, image, build):
    """The engine's names for what a build has made: its end cannot be guessed."""
    begin = f'kabuto/{kabuto.instance}-{image}:{build}-'
    return [tag for tag in kabuto.engine.images() if tag.startswith(begin)]


FROM_BUSYBOX = re.compile('FROM (?:docker.io/library/)?busybox')  # as builders repeat it


def text(answer):
    """The engine's words of a build, as one text."""
    return ''.join(str(x.get('stream') or x.get('error') or x.get('status') or '')
                   for x in answer['output'])


BUILD = {'build_id', 'account', 'image', 'name', 'creation_date', 'started_at', 'finished_at',
         'state', 'output'}


@pytest.mark.both
def test_build_from_a_text(carol):
    fields = {'name': 'mine', 'dockerfile': 'FROM busybox\nRUN echo x\n'}
    answer = expect(carol.post('/image', fields), 200).json()
    assert answer['status'] == 'Your image is being built' and answer['build_id']
    state = carol.wait_build(answer['build_id'], 'SUCCESS')
    assert set(state) == BUILD | {'id'}
    assert isinstance(state['id'], int) and isinstance(state['output'], list)
    assert FROM_BUSYBOX.search(text(state))
    shown = carol.json('/image')
    assert list(shown) == [str(state['id'])]
    image = shown[str(state['id'])]
    assert (image['id'], image['name']) == (state['id'], 'mine')
    assert image['dockerfile'] == 'FROM busybox\nRUN echo x\n'
    assert image['creation_date'].endswith('Z') and len(image['creation_date']) == 24
    assert carol.json(f'/image/{state["id"]}') == shown
    by_image = carol.json(f'/image/build/{answer["build_id"]}/{state["id"]}')
    assert by_image['state'] == 'SUCCESS'


@pytest.mark.both
def test_build_with_attachments_in_folders(alice):
    dockerfile = ('FROM busybox\nCOPY data /data\nADD a.txt /data/\n'
                  'CMD cat /data/a.txt /data/sub/b.txt\n')
    files = [('attachments', ('a.txt', b'top\n')), ('attachments', ('data/sub/b.txt', b'deep\n'))]
    image = alice.image(dockerfile, files=files)
    job = alice.run(image=image)
    assert job['state'] == 'done' and alice.lines(job['id']) == ['top', 'deep']


def test_dockerfile_as_a_file_part(alice):
    build = alice.build(None, files=[('dockerfile', ('Dockerfile', b'FROM busybox\nENV A=b\n'))])
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert alice.json(f'/image/{image}')[str(image)]['dockerfile'] == 'FROM busybox\nENV A=b\n'


def test_image_has_the_dockerfile_as_it_was_sent(alice):
    dockerfile = '# é ünï\nFROM busybox\n\n\nENV A="1\\\n2"'
    build = alice.build(dockerfile.encode())
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert alice.json(f'/image/{image}')[str(image)]['dockerfile'] == dockerfile


def test_pending_shows_the_output_so_far(alice):
    """The build waits in its RUN until the line before it was seen."""
    with HoldingServer() as server:
        build = alice.build(f'FROM busybox\nRUN echo before && '
                            f'wget -q -O - http://{server.address(alice)}/\n', nocache='true')

        def seen():
            state = alice.build_state(build)
            assert state['state'] == 'PENDING', state
            return 'output' in state and 'before\n' in text(state)
        until(seen, 'the output of the RUN that still runs')
        server.release()
        alice.wait_build(build, 'SUCCESS')


def test_failed_run_is_failed(alice):
    state = alice.wait_build(alice.build('FROM busybox\nRUN echo to be seen; exit 7\n'), 'FAILED')
    assert set(state) == BUILD | {'error'}
    assert '7' in state['error'] and 'to be seen' in text(state)


@pytest.mark.parametrize('dockerfile', [
    'this is no Dockerfile', 'RUN echo no FROM\n', 'FROM busybox\nCOPY missing /\n', '# nothing\n',
    'FROM busybox\nRUN [\n', 'FROM busybox\nFROB x\n', 'FROM UPPER/Case\n', '\x01\x02',
    'FROM busybox\nADD ../../../etc/passwd /x\n'])
def test_dockerfile_that_does_not_work_is_failed(alice, dockerfile):
    answer = alice.post('/image', {'name': 'bad', 'dockerfile': dockerfile})
    if answer.status_code == 400:
        refused(answer, 400, 'dockerfile')
        return
    state = alice.wait_build(expect(answer, 200).json()['build_id'], 'FAILED')
    assert state['error'] and isinstance(state['output'], list)


@pytest.mark.parametrize('instructions', [
    'ADD http://127.0.0.1:{port}/a /x', 'ADD ["http://127.0.0.1:{port}/a", "/x"]',
    'ENV U=http://127.0.0.1:{port}/a\nADD $U /x', 'ADD ht\\\ntp://127.0.0.1:{port}/a /x',
    'ADD ["\\u0068ttp://127.0.0.1:{port}/a", "/x"]', 'ONBUILD ADD http://127.0.0.1:{port}/a /x'])
def test_engine_fetches_no_url_for_a_build(alice, instructions):
    """It would do so from this machine, whose loopback is nobody's business."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.setblocking(False)
        dockerfile = 'FROM busybox\n' + instructions.format(port=server.getsockname()[1])
        state = alice.wait_build(alice.build(dockerfile), 'FAILED')
        assert 'may be a URL' in state['error'], state
        with pytest.raises(BlockingIOError):
            server.accept()


def test_unknown_base_is_failed(alice):
    state = alice.wait_build(alice.build('FROM no-such-image-anywhere:1\n'))
    assert state['state'] in ('FAILED', 'FAILURE') and 'no-such-image-anywhere' in state['error']


def test_failed_build_makes_no_image(carol):
    carol.wait_build(carol.build('FROM busybox\nRUN false\n'), 'FAILED')
    assert carol.json('/image') == {}


@pytest.mark.parametrize('fields, word', [
    ({'dockerfile': 'FROM busybox\n'}, 'name'), ({'name': 'x'}, 'dockerfile'), ({}, 'name'),
    ({'name': '', 'dockerfile': 'FROM busybox\n'}, 'name'),
    ({'name': 'x', 'dockerfile': ''}, 'dockerfile'),
    ({'name': 'x', 'dockerfile': '@Dockerfile'}, '--data-urlencode dockerfile@path'),
    ({'name': 'x', 'dockerfile': 'FROM busybox\n', 'nocache': 'perhaps'}, 'nocache')])
def test_image_with_a_bad_parameter(carol, fields, word):
    refused(carol.post('/image', fields), 400, word)
    assert carol.json('/image') == {}


def test_cache_and_nocache(alice):
    dockerfile = 'FROM busybox\nRUN echo cached?\n'
    alice.wait_build(alice.build(dockerfile), 'SUCCESS')
    again = alice.wait_build(alice.build(dockerfile, nocache='false'), 'SUCCESS')
    cached = re.compile('Using cache|CACHED')  # BuildKit says CACHED
    assert cached.search(text(again))
    fresh = alice.wait_build(alice.build(dockerfile, nocache='true'), 'SUCCESS')
    assert not cached.search(text(fresh))


def test_images_may_share_a_name(alice):
    first = alice.image('FROM busybox\nENV A=1\n', name='same')
    second = alice.image('FROM busybox\nENV A=2\n', name='same')
    assert first != second
    assert alice.lines(alice.run('echo $A', image=first)['id']) == ['1']
    assert alice.lines(alice.run('echo $A', image=second)['id']) == ['2']


def test_cancel_of_a_pending_build(alice):
    with HoldingServer() as server:
        build = alice.build(f'FROM busybox\nRUN wget -q -O - http://{server.address(alice)}/\n',
                            nocache='true')
        until(lambda: server.asked, 'the build runs')
        expect(alice.call('DELETE', f'/image/build/{build}'), 200)
        state = alice.wait_build(build)
        assert state['state'] in ('FAILED', 'FAILURE') and 'cancel' in state['error'].lower()


def test_cancel_of_a_build_that_waits_for_its_turn(alice):
    with HoldingServer() as server:
        first = alice.build(f'FROM busybox\nRUN wget -q -O - http://{server.address(alice)}/\n',
                            nocache='true')
        until(lambda: server.asked, 'the first build runs')
        second = alice.build('FROM busybox\nRUN echo never\n')
        expect(alice.call('DELETE', f'/image/build/{second}'), 200)
        state = alice.wait_build(second)
        assert 'cancel' in state['error'].lower() and 'never' not in text(state)
        server.release()
        alice.wait_build(first, 'SUCCESS')


def test_cancel_of_a_build_that_ended(alice):
    build = alice.build()
    alice.wait_build(build, 'SUCCESS')
    refused(alice.call('DELETE', f'/image/build/{build}'), 409)


def test_builds_of_others_are_not_found(alice, bob):
    build = alice.build()
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert refused(bob.get(f'/image/build/{build}'), 404) == 'Build not found'
    assert refused(bob.get(f'/image/build/{build}/{image}'), 404) == 'Build not found'
    assert refused(bob.call('DELETE', f'/image/build/{build}'), 404) == 'Build not found'
    assert refused(bob.get(f'/image/{image}'), 404) == 'Image not found'


def test_tag_names_image_and_build(kabuto, engine, alice):
    build = alice.build('FROM busybox\nENV TAGGED=1\n')
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert tags_of(kabuto, image, build)


@pytest.mark.log_errors
def test_engine_away_keeps_a_build_pending(proxied):
    kabuto, proxy = proxied
    dave = kabuto.user('dave')
    proxy.away()
    build = dave.build()

    def says_so():
        state = dave.build_state(build)
        assert state['state'] == 'PENDING', state
        return 'engine' in str(state.get('output', '')).lower()
    until(says_so, 'the output says that the engine is away')
    proxy.back()
    dave.wait_build(build, 'SUCCESS')


@pytest.mark.log_errors
def test_engine_lost_during_a_build_builds_again(proxied):
    kabuto, proxy = proxied
    dave = kabuto.user('dave')
    with HoldingServer() as server:
        build = dave.build(f'FROM busybox\nRUN wget -q -O - http://{server.address(dave)}/\n')
        until(lambda: server.asked, 'the build runs')
        proxy.away()
        server.release()
        assert dave.build_state(build)['state'] == 'PENDING'
        proxy.back()
        dave.wait_build(build, 'SUCCESS')


# Repositories

@pytest.fixture(scope='module')
def repositories():
    with tempfile.TemporaryDirectory() as folder:
        served = Repositories(pathlib.Path(folder))
        yield served
        served.close()


@pytest.fixture(scope='module')
def cloning(lasting):
    """Somebody of a Kabuto that may clone from loopback."""
    return lasting({'build': {'schemes': ['http', 'https'], 'allow_private': True}}).user('dave')


FILES = {'Dockerfile': 'FROM busybox\nCOPY sub/x /x\nCMD cat /x\n',
         'sub/x': 'from the repository\n'}


def from_repository(client, url, **fields):
    return client.wait_build(client.build(None, repo_url=url, **fields))


@pytest.mark.parametrize('prefix', ['git+', ''])
def test_build_from_git(cloning, repositories, prefix):
    url = repositories.git(f'git{len(prefix)}', FILES)
    state = from_repository(cloning, prefix + url)
    assert state['state'] == 'SUCCESS', state
    shown = cloning.json(f'/image/{state["id"]}')[str(state['id'])]
    assert shown['dockerfile'] == FILES['Dockerfile']
    assert cloning.lines(cloning.run(image=state['id'])['id']) == ['from the repository']


def test_dockerignore_of_a_repository_is_heeded(cloning, repositories):
    url = repositories.git('ignoring', {
        'Dockerfile': 'FROM busybox\nCOPY . /x\nCMD ls -A /x /x/sub\n', 'a.log': '', 'sub/a': '',
        'sub/b': '', 'out/c': '', '.dockerignore': '*.log\nout/\nsub\n!sub/a\n'})
    image = from_repository(cloning, url)['id']
    assert cloning.lines(cloning.run(image=image)['id']) == [
        '/x:', '.dockerignore', 'Dockerfile', 'sub', '', '/x/sub:', 'a']


def test_files_of_a_repository_have_its_modes(cloning, repositories):
    """Whatever umask the spooler has: a program that is not root must read them."""
    url = repositories.git('modes', {
        'Dockerfile': 'ARG B=busybox\nFROM $B\nCOPY . /x\nUSER 1234\nCMD stat -c "%a %u:%g %n" '
                      '/x/Dockerfile /x/sub /x/sub/a /x/sub/run.sh && cat /x/sub/a\n',
        'sub/a': 'read\n', 'sub/run.sh': ''}, executable=['sub/run.sh'])
    image = from_repository(cloning, url)['id']
    assert cloning.lines(cloning.run(image=image)['id']) == [
        '644 0:0 /x/Dockerfile', '755 0:0 /x/sub', '644 0:0 /x/sub/a', '755 0:0 /x/sub/run.sh',
        'read']


@pytest.mark.parametrize('prefix', ['hg+', ''])
def test_build_from_mercurial(cloning, repositories, prefix):
    url = repositories.mercurial(f'hg{len(prefix)}', FILES)
    state = from_repository(cloning, prefix + url)
    assert state['state'] == 'SUCCESS', state
    assert cloning.lines(cloning.run(image=state['id'])['id']) == ['from the repository']


@pytest.mark.parametrize('prefix', ['git+', 'hg+'])
def test_password_of_a_repository_is_seen_by_nobody(cloning, repositories, prefix):
    make = repositories.git if prefix == 'git+' else repositories.mercurial
    url = make(f'private{prefix[:-1]}', FILES)
    with Gatekeeper(url, 'me', 'pa ss/word') as gate:
        path = '/' + url.split('/', 3)[3] if url.count('/') > 2 else ''
        state = from_repository(cloning, f'{prefix}http://{gate.netloc}{path}')
        assert state['state'] == 'FAILURE' and not gate.let_in, state
        state = from_repository(cloning,
                                f'{prefix}http://me:pa%20ss%2Fword@{gate.netloc}{path}')
        assert state['state'] == 'SUCCESS' and gate.let_in, state
        assert not gate.seen
    assert 'ss/word' not in str(state) and 'ss%2Fword' not in str(state)
    assert cloning.kabuto.sql("SELECT count(*) FROM build WHERE repo_url LIKE '%me:pa%'") == \
        [(0,)]


def test_repository_wins_over_dockerfile(cloning, repositories):
    url = repositories.git('wins', FILES)
    build = cloning.build('FROM no-such-image-anywhere\n', repo_url='git+' + url)
    cloning.wait_build(build, 'SUCCESS')


def test_repository_without_dockerfile(cloning, repositories):
    state = from_repository(cloning, repositories.git('empty', {'README': 'nothing\n'}))
    assert state['state'] in ('FAILED', 'FAILURE') and 'dockerfile' in state['error'].lower()


def test_repository_that_does_not_exist(cloning, repositories):
    state = from_repository(cloning, f'git+{repositories.url}/nowhere.git')
    assert state['state'] == 'FAILURE' and state['error']


def test_repository_with_a_link_out_of_it(cloning, repositories):
    """A Dockerfile that is a link to a file of the server must not be read."""
    url = repositories.git('link', {'other': 'x'})
    work = repositories.folder / 'link.work'
    (work / 'Dockerfile').symlink_to(cloning.kabuto.config)
    for command in (['add', '-A'], ['commit', '-q', '-m', 'link'],
                    ['push', '-q', str(repositories.folder / 'link.git'), 'main']):
        subprocess.run(['git', '-c', 'user.name=me', '-c', 'user.email=me@example.org', *command],
                       cwd=work, check=True)
    state = from_repository(cloning, url)
    assert state['state'] in ('FAILED', 'FAILURE')
    assert 'state_dir' not in str(state)


REFUSED_URLS = [
    'file:///etc', 'git+file:///etc', 'hg+file:///etc', 'ext::sh -c true', 'git+ext::sh -c true',
    '/etc', '../..', 'ssh://example.org/x', 'git+ssh://-oProxyCommand=true/x', '-u', '--config=x',
    'git+--upload-pack=touch', 'git+-oX', 'hg+--config=alias.clone=!true', 'https://',
    'git+https://', 'https://-x/', 'https://example.org/a b', 'https://example.org/\n',
    'ftp://example.org/x', 'git@example.org:x', 'example.org:x', '',
    'javascript:1', 'HTTPS+git://x', 'https:///x']


@pytest.mark.parametrize('url', REFUSED_URLS)
def test_url_that_is_never_cloned(alice, url):
    answer = alice.post('/image', {'name': 'x', 'repo_url': url})
    if answer.status_code == 200:
        state = alice.wait_build(answer.json()['build_id'])
        assert state['state'] == 'FAILURE', state
    else:
        refused(answer, 400)


def test_plain_http_is_not_cloned_unless_allowed(alice, repositories):
    url = repositories.git('plain', FILES)
    repositories.server.asked.clear()
    answer = alice.post('/image', {'name': 'x', 'repo_url': 'git+' + url})
    if answer.status_code == 200:
        assert alice.wait_build(answer.json()['build_id'])['state'] == 'FAILURE'
    else:
        refused(answer, 400, 'http')
    assert not repositories.server.asked


def test_private_addresses_are_not_cloned_unless_allowed(own, repositories):
    dave = own({'build': {'schemes': ['http', 'https']}}).user('dave')
    url = repositories.git('private', FILES)
    repositories.server.asked.clear()
    for host in ('127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0'):
        there = 'git+' + url.replace('127.0.0.1', host)
        answer = dave.post('/image', {'name': 'x', 'repo_url': there})
        if answer.status_code == 200:
            state = dave.wait_build(answer.json()['build_id'])
            assert state['state'] == 'FAILURE', state
        else:
            refused(answer, 400)
    assert not repositories.server.asked


# Other people's images

def image_id(kabuto, tag):
    return next(image['Id'] for image in kabuto.engine.call('GET', '/images/json')
                if any(name.endswith(tag) for name in image['RepoTags'] or []))


def test_image_of_another_account_cannot_be_built_from(kabuto, alice, bob):
    build = alice.build('FROM busybox\nRUN echo classified > /secret\n', name='hers')
    image = alice.wait_build(build, 'SUCCESS')['id']
    tag, = tags_of(kabuto, image, build)
    known = image_id(kabuto, tag)
    # BuildKit takes an id for the name of an image of docker.io.
    refusal = re.compile('an id|the flag|base image|load metadata|failed to (parse|resolve)')
    short = known.split(':')[1][:12]
    for name in (known, short, short[:3], f'"{short}"', f'sha256:{short}', f'\\\n{short}'):
        for text in (f'FROM {name}\nRUN cat /secret\n',
                     f'FROM busybox\nCOPY --from={name} /secret /\n'):
            if '--from' in text and (name.startswith('\\') or name.isdigit()):
                continue  # the flag ends there, or is a stage's number
            state = bob.wait_build(bob.build(text, name='stolen'), 'FAILED')
            assert refusal.search(state['error']), state
            assert 'classified' not in str(state['output']), state
    for text in (f'ARG A={short}\nFROM $A\n', f'ARG A=sha256\nFROM $A:{short}\n'):
        state = bob.wait_build(bob.build(text, name='stolen'), 'FAILED')
        assert refusal.search(state['error']), state
    guess = f'kabuto/{kabuto.instance}-{image}:{build}'
    state = bob.wait_build(bob.build(f'FROM {guess}\nRUN cat /secret\n', name='stolen'))
    assert state['state'] == 'FAILED', state


def test_instructions_of_a_base_image_end_the_build(kabuto, alice, bob):
    build = alice.build('FROM busybox\nRUN echo classified > /secret\n', name='hers')
    tag, = tags_of(kabuto, alice.wait_build(build, 'SUCCESS')['id'], build)
    short = image_id(kabuto, tag).split(':')[1][:12]
    engine = kabuto.engine
    made = engine.call('POST', '/containers/create', {'Image': 'busybox:latest', 'Cmd': ['true']})
    try:
        engine.call('POST', '/commit', {}, container=made['Id'], repo='evil', tag='latest',
                    changes=f'ONBUILD COPY --from={short} /secret /stolen')
        state = bob.wait_build(bob.build('FROM evil:latest\nRUN cat /stolen\n', name='x'))
        assert state['state'] == 'FAILED' and re.search(f'ONBUILD|{short}', state['error']), state
        assert 'classified' not in str(state['output'])
        engine.call('DELETE', '/images/evil:latest', force=1)
    finally:
        engine.call('DELETE', f'/containers/{made["Id"]}', force=1)


@pytest.mark.parametrize('name', [
    'dir:/etc', 'oci-archive:/etc/passwd', 'docker-archive:/etc/passwd', 'containers-storage:busybox',
    '"dir:/etc"', '$A', '${A}'])
def test_base_image_is_none_of_the_machines_files(alice, name):
    """Podman reads images from there, too; as root, and tells what it found."""
    state = alice.wait_build(alice.build(f'ARG A=dir:/etc\nFROM {name}\n', name='x'))
    said = str(state).replace('/manifests/', '')  # in the URL of a registry
    assert state['state'] == 'FAILED' and 'manifest' not in said, state


def test_accounts_share_no_cache_of_a_build(alice, bob):
    for who, command in ((alice, 'echo classified > /c/file'), (bob, 'cat /c/file')):
        dockerfile = f'FROM busybox\nRUN --mount=type=cache,id=shared,target=/c {command}\n'
        state = who.wait_build(who.build(dockerfile, name='x'))
        assert not re.search('^(#.* )?classified$', text(state), re.M), state
    assert state['state'] == 'FAILED', 'the second account finds no such file'


def test_stages_are_named_and_numbered(alice):
    image = alice.image('FROM busybox AS one\nRUN echo a > /a\nFROM one AS two\nRUN echo b > /b\n'
                        'FROM busybox\nCOPY --from=0 /a /\nCOPY --from=two /b /\n', name='stages')
    job = alice.run('cat /a /b', image=image)
    assert alice.lines(job['id']) == ['a', 'b']
