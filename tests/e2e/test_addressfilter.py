"""What a repository may make git and hg do: whom they call, what they fetch, what they run."""
import os
import pathlib
import subprocess
import tempfile

import pytest

from internet import A, PUBLIC, PUBLIC6, Internet
from repositories import ENVIRONMENT
from wait import until

FILES = {'Dockerfile': 'FROM busybox\nCOPY . /x\nCMD find /x -mindepth 1 | sort\n', 'a': 'a\n'}
PRIVATE = 'is an address of a private network, which is not allowed here'
UNCLONED = 'the repository cannot be cloned'


@pytest.fixture(scope='module')
def internet():
    with tempfile.TemporaryDirectory() as folder:
        one = Internet(pathlib.Path(folder))
        yield one
        one.close()


@pytest.fixture(scope='module')
def eve(internet, lasting):
    """Somebody of a Kabuto whose spooler lives in that network, and allows http."""
    one = lasting({'build': {'schemes': ['http', 'https', 'ssh']}}, begin=False)
    one['spooler'].command = internet.command(one['spooler'].command)
    one.start()
    return one.user('eve')


@pytest.fixture
def clean(internet):
    internet.begin()
    return internet


def clone(client, url):
    answer = client.post('/image', {'name': 'x', 'repo_url': url})
    assert answer.status_code == 200, answer.text
    return client.wait_build(answer.json()['build_id'])


def failed(state, why):
    assert state['state'] == 'FAILURE' and why in state['error'], state


def said(state):
    return ''.join(message.get('stream', '') for message in state['output'])


# Who may be called

@pytest.mark.parametrize('program', ['git', 'hg'])
@pytest.mark.parametrize('host', [
    '127.0.0.1', 'localhost', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '017700000001',
    '0.0.0.0', '0', '10.0.0.1', '100.64.0.1', '169.254.169.254', '192.0.0.8', '224.0.0.1',
    '255.255.255.255', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::7f00:1]',
    '[fe80::1]', '[fd00::1]', '[64:ff9b::7f00:1]', '[64:ff9b::a9fe:a9fe]', '[2002:7f00:1::1]',
    '[2001::1]', '[ff02::1]', 'private.test', 'metadata.test', 'carrier.test', 'mixed.test',
    'six.test', 'mapped.test'])
def test_private_host_is_not_called(eve, clean, program, host):
    state = clone(eve, f'{program}+http://{host}:{clean.port}/x')
    failed(state, PRIVATE)
    assert state['error'].startswith("repo_url: '")
    assert not clean.reached()


@pytest.mark.parametrize('program', ['git', 'hg'])
@pytest.mark.parametrize('host', ['127.0.0.1', 'private.test', '[::1]', '169.254.169.254'])
def test_private_host_is_not_called_by_https(eve, clean, program, host):
    state = clone(eve, f'{program}+https://{host}:{clean.secure_port}/x')
    failed(state, f"repo_url: '{host.strip('[]')}' {PRIVATE}")
    assert not clean.reached()


@pytest.mark.parametrize('program', ['git', 'hg'])
@pytest.mark.parametrize('host', ['127.0.0.1', 'private.test', '[::1]', '169.254.169.254'])
def test_private_host_is_not_called_by_ssh(eve, clean, program, host):
    state = clone(eve, f'{program}+ssh://me@{host}:{clean.port}/x')
    failed(state, f"repo_url: '{host.strip('[]')}' {PRIVATE}")
    assert not clean.reached()


@pytest.mark.parametrize('program', ['git', 'hg'])
def test_host_that_does_not_exist(eve, clean, program):
    failed(clone(eve, f'{program}+http://nowhere.test/x'),
           "repo_url: the host 'nowhere.test' is not found")


@pytest.mark.parametrize('program', ['git', 'hg'])
def test_host_where_nobody_answers(eve, clean, program):
    failed(clone(eve, f'{program}+http://public.test:1/x'),
           "repo_url: the host 'public.test' does not answer: Connection refused")


@pytest.mark.parametrize('url', [
    'http://public.test\\@127.0.0.1:{port}/x', 'http://public.test#@127.0.0.1:{port}/x',
    'http://public.test?@127.0.0.1:{port}/x', 'http://a@public.test@127.0.0.1:{port}/x',
    'http://public.test:80:80@127.0.0.1@x:{port}/x', 'http://127.0.0.1%2f:{port}/x',
    'ssh://-oProxyCommand=touch${{IFS}}x/x', 'ssh://-oProxyCommand=true@public.test/x',
    'ssh://me@-oProxyCommand=true/x', 'ssh://%2doProxyCommand=true@public.test/x',
    'http://--config=alias.clone=!true/x'])
@pytest.mark.parametrize('program', ['git', 'hg'])
def test_url_that_two_could_read_differently(eve, clean, program, url):
    state = clone(eve, f'{program}+' + url.format(port=clean.port))
    failed(state, "repo_url: must have a host after '://'")
    assert not clean.reached()


def test_public_hosts_are_cloned(eve, clean):
    path = clean.git('plain', FILES)
    for url in (f'http://public.test:{clean.port}{path}', f'http://{PUBLIC}:{clean.port}{path}',
                f'http://[{PUBLIC6}]:{clean.port}{path}',
                f'https://public.test:{clean.secure_port}{path}'):
        state = clone(eve, f'git+{url}')
        assert state['state'] == 'SUCCESS', (url, state)
    assert clean.reached() == {PUBLIC, PUBLIC6}


@pytest.mark.parametrize('port', ['', ':22', ':2222'])
def test_public_hosts_are_cloned_by_ssh(eve, clean, port):
    name = f'ssh{port[1:]}'
    clean.git(name, FILES)
    clean.mercurial(f'{name}-hg', FILES)
    for url in (f'git+ssh://root@public.test{port}{clean.folder}/{name}.git',
                f'hg+ssh://root@public.test{port}/{clean.folder}/{name}-hg'):
        state = clone(eve, url)
        assert state['state'] == 'SUCCESS', (url, state)


def test_host_whose_key_is_not_known_is_not_cloned_by_ssh(eve, clean):
    path = clean.git('unknown', FILES)
    state = clone(eve, f'git+ssh://root@other.test{clean.folder}{path}')
    failed(state, UNCLONED)
    assert 'Host key verification failed' in said(state), state


def test_ssh_goes_to_the_address_that_was_looked_at(eve, clean):
    """Asked again, the name would be loopback's, where no ssh server is."""
    path = clean.git('pinned', FILES)
    state = clone(eve, f'git+ssh://root@rebind.test{clean.folder}{path}')
    assert state['state'] == 'SUCCESS', state
    assert clean.names.asked['rebind.test', A] == 1


def test_mercurial_is_cloned_by_a_tunnel(eve, clean):
    """As far as Git's server understands it: hg serve has no TLS."""
    path = clean.git('none', FILES)
    state = clone(eve, f'hg+https://public.test:{clean.secure_port}{path}')
    failed(state, UNCLONED)
    assert 'HTTP Error 404' in said(state) and clean.secure.asked == [path], state
    assert clean.reached() == {PUBLIC}


@pytest.mark.parametrize('program', ['git', 'hg'])
def test_certificate_of_another_is_not_taken(eve, clean, program):
    state = clone(eve, f'{program}+https://other.test:{clean.secure_port}/x')
    failed(state, UNCLONED)
    assert 'certificate' in said(state).lower(), state


# Redirects, and names that change

REDIRECTS = [
    ('http://127.0.0.1:{port}', f"'127.0.0.1' {PRIVATE}"),
    ('http://[::1]:{port}', f"'::1' {PRIVATE}"),
    ('http://[::ffff:7f00:1]:{port}', f"'::ffff:7f00:1' {PRIVATE}"),
    ('http://2130706433:{port}', PRIVATE),
    ('http://0x7f.1:{port}', PRIVATE),
    ('http://private.test:{port}', f"'private.test' {PRIVATE}"),
    ('http://metadata.test:{port}', f"'metadata.test' {PRIVATE}"),
    ('http://x:y@127.0.0.1:{port}', f"'127.0.0.1' {PRIVATE}"),
    ('https://127.0.0.1:{secure}', f"'127.0.0.1' {PRIVATE}"),
    ('https://private.test:{secure}', f"'private.test' {PRIVATE}"),
    ('file:///etc/passwd?', UNCLONED),
    ('ftp://127.0.0.1:{port}', UNCLONED),
    ('ftp://public.test:{port}', UNCLONED),
    ('gopher://127.0.0.1:{port}', UNCLONED),
    ('ssh://127.0.0.1:{port}', UNCLONED),
    ('data:text/plain,', UNCLONED),
]


@pytest.mark.parametrize('program', ['git', 'hg'])
@pytest.mark.parametrize('target, why', REDIRECTS)
def test_redirect_is_not_followed(eve, clean, program, target, why):
    clean.server.redirects['/away'] = target.format(port=clean.port, secure=clean.secure_port)
    state = clone(eve, f'{program}+http://public.test:{clean.port}/away')
    failed(state, why)
    # A redirect of many steps is looked at step by step; nobody else was called.
    assert clean.reached() == {PUBLIC}


def test_ftp_is_unknown_to_mercurial(eve, clean):
    """Where the kernel does not confine TCP, nothing else would keep it from there."""
    clean.server.redirects['/away'] = f'ftp://127.0.0.1:{clean.port}'
    state = clone(eve, f'hg+http://public.test:{clean.port}/away')
    assert 'unknown url type: ftp' in said(state), state


def test_redirect_to_a_public_host_is_followed(eve, clean):
    path = clean.git('moved', FILES)
    clean.server.redirects['/old.git'] = f'http://other.test:{clean.port}{path}'
    state = clone(eve, f'http://public.test:{clean.port}/old.git')
    assert state['state'] == 'SUCCESS', state
    assert clean.reached() == {PUBLIC}


def test_redirect_goes_to_no_scheme_that_is_not_allowed(internet, own, clean):
    """From https, which is all that is allowed here, to http."""
    one = own(begin=False)
    one['spooler'].command = internet.command(one['spooler'].command)
    one.start()
    path = clean.git('downgraded', FILES)
    clean.secure.redirects['/old.git'] = f'http://public.test:{clean.port}{path}'
    state = clone(one.user('eve'), f'https://public.test:{clean.secure_port}/old.git')
    failed(state, UNCLONED)
    assert not clean.server.reached


@pytest.mark.parametrize('program', ['git', 'hg'])
def test_name_that_changes_its_address_is_looked_up_for_each_connection(eve, clean, program):
    """Public when it is first asked for, and loopback from then on."""
    path = clean.git(f'rebound-{program}', FILES)
    state = clone(eve, f'{program}+http://rebind.test:{clean.port}{path}')
    assert state['state'] == 'FAILURE', state
    assert clean.reached() == {PUBLIC}
    if program == 'git':  # hg has asked once, and seen that it is no repository of its own
        failed(state, f"repo_url: 'rebind.test' {PRIVATE}")


# What a repository asks them to fetch besides

def test_alternates_of_the_dumb_protocol_are_not_fetched(eve, clean):
    path = clean.git('dumb', FILES)
    bare = clean.folder / path[1:]
    subprocess.run(['git', '-c', 'safe.directory=*', 'update-server-info'], cwd=bare, check=True)
    for pack in bare.glob('objects/??'):
        subprocess.run(['rm', '-r', pack], check=True)
    (bare / 'objects/info/http-alternates').write_text(
        f'http://127.0.0.1:{clean.port}/dumb/dumb.git/objects\n')
    (bare / 'objects/info/alternates').write_text('/etc\n')
    state = clone(eve, f'git+http://public.test:{clean.port}/dumb{path}')
    failed(state, UNCLONED)
    assert clean.reached() == {PUBLIC}


def test_submodules_are_not_fetched(eve, clean):
    path = clean.git('sub', {**FILES, '.gitmodules':
                             '[submodule "s"]\n\tpath = s\n'
                             f'\turl = http://127.0.0.1:{clean.port}/x.git\n'})
    state = clone(eve, f'http://public.test:{clean.port}{path}')
    assert state['state'] == 'SUCCESS', state
    assert clean.reached() == {PUBLIC}


def test_attributes_run_no_filter_and_large_files_are_not_fetched(eve, clean):
    path = clean.git('lfs', {
        **FILES, '.gitattributes': '* filter=lfs diff=lfs merge=lfs\n',
        '.lfsconfig': f'[lfs]\n\turl = http://127.0.0.1:{clean.port}/lfs\n',
        'big': 'version https://git-lfs.github.com/spec/v1\n'
               f'oid sha256:{"0" * 64}\nsize 1\n'})
    state = clone(eve, f'http://public.test:{clean.port}{path}')
    assert state['state'] == 'SUCCESS', state
    assert clean.reached() == {PUBLIC}


@pytest.mark.parametrize('bundle', ['http://127.0.0.1:{port}/x', 'file:///etc/passwd',
                                    'http://private.test:{port}/x'])
def test_bundles_that_a_mercurial_server_names_are_not_fetched(eve, clean, bundle):
    def prepare(work):
        (work / '.hg/clonebundles.manifest').write_text(
            bundle.format(port=clean.port) + ' BUNDLESPEC=none-v2\n')
    url = clean.mercurial(f'bundles{abs(hash(bundle))}', FILES, prepare,
                          ('--config', 'extensions.clonebundles='))
    state = clone(eve, 'hg+' + url)
    assert state['state'] == 'SUCCESS', state
    assert 'clone bundle' not in said(state), state
    assert not clean.reached()


def test_subrepositories_are_not_fetched(eve, clean):
    def prepare(work):
        subprocess.run(['hg', 'init', 's'], cwd=work, env=ENVIRONMENT, check=True)
        (work / 's/x').write_text('x\n')
        for command in (['-R', 's', 'commit', '-A', '-q', '-m', 'x'],):
            subprocess.run(['hg', *command], cwd=work, env=ENVIRONMENT, check=True)
        (work / '.hgsub').write_text(f's = http://127.0.0.1:{clean.port}/x\n')
        subprocess.run(['hg', 'commit', '-A', '-q', '-m', 'sub'], cwd=work, env=ENVIRONMENT,
                       check=True)
    state = clone(eve, 'hg+' + clean.mercurial('subrepo', FILES, prepare))
    failed(state, UNCLONED)
    assert 'subrepo' in said(state), state
    assert not clean.reached()


def test_git_folder_in_a_mercurial_repository_is_left_out(eve, clean):
    """Its hooks and settings are nobody's."""
    def prepare(work):
        (work / '.git/hooks').mkdir(parents=True)
        (work / '.git/hooks/post-checkout').write_text('#!/bin/sh\ntouch ran\n')
        os.chmod(work / '.git/hooks/post-checkout', 0o755)
        (work / '.git/config').write_text('[core]\n\tfsmonitor = touch ran\n')
        subprocess.run(['hg', 'commit', '-A', '-q', '-m', 'git'], cwd=work, env=ENVIRONMENT,
                       check=True)
    state = clone(eve, 'hg+' + clean.mercurial('gitted', FILES, prepare))
    assert state['state'] == 'SUCCESS', state
    assert eve.lines(eve.run(image=state['id'])['id']) == ['/x/Dockerfile', '/x/a']


def clone_with_links(eve, clean, repository, links):
    path = clean.git(repository, FILES)
    work = clean.folder / f'{repository}.work'
    for name, target in links:
        (work / name).symlink_to(target)
    for command in (['add', '-A'], ['commit', '-q', '-m', 'links'],
                    ['push', '-q', str(clean.folder / f'{repository}.git'), 'main']):
        subprocess.run(['git', *command], cwd=work, env=ENVIRONMENT, check=True)
    return clone(eve, f'http://public.test:{clean.port}{path}')


def test_links_in_a_repository_lead_nowhere_outside(eve, clean):
    """They come into the image as links; what they name is never read on this machine."""
    state = clone_with_links(eve, clean, 'links', (('shadow', '/etc/shadow'), ('dir', '/')))
    assert state['state'] == 'SUCCESS', state
    command = 'cd /x && for link in dir shadow; do readlink $link; done'
    assert eve.lines(eve.run(command, image=state['id'])['id']) == ['/', '/etc/shadow']


def test_link_out_of_a_repository_comes_as_it_is_or_is_named(eve, clean):
    state = clone_with_links(eve, clean, 'outward', (('up', '../../../../etc'),))
    if not eve.kabuto.engine.takes_outward_links:
        assert state['state'] == 'FAILED' and "'up' is a link" in state['error'], state
        return
    assert state['state'] == 'SUCCESS', state
    assert eve.lines(eve.run('readlink /x/up', image=state['id'])['id']) == ['../../../../etc']


# What stays

def test_nothing_of_the_proxy_is_left_or_shown(eve, clean):
    path = clean.git('secret', FILES)
    state = clone(eve, f'http://public.test:{clean.port}{path}')
    assert state['state'] == 'SUCCESS', state
    builds = eve.kabuto.state / 'builds'
    until(lambda: not list(builds.glob('*/checkout')), 'the checkout is removed')
    assert 'proxy' not in said(state)
    assert eve.lines(eve.run(image=state['id'])['id']) == ['/x/Dockerfile', '/x/a']
