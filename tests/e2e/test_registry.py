"""A registry: built images go there, lost ones come back, and its password is nowhere to be seen."""
import base64
import json
import os
import pwd
import re
import secrets
import signal
import subprocess

import pytest

from client import WAIT, expect
from ctl import clean_sweep
from kabuto import as_spooler, as_web
from registry import Registry
from test_builds import FROM_BUSYBOX
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

USERNAME = 'kabuto-tests'
WRONG = 'wr0ng-' + secrets.token_hex(8)


@pytest.fixture(scope='module')
def registry(scratch, engine):
    one = Registry(scratch / 'registry', engine.registry_port, USERNAME, 'r1ght-' + secrets.token_hex(8))
    yield one
    one.destroy()


def password_file(folder, password, owner='root', group='kabuto', mode=0o640):
    path = folder / f'password-{secrets.token_hex(4)}'
    path.write_text(password + '\n')
    os.chown(path, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(group).pw_gid)
    path.chmod(mode)
    return path


@pytest.fixture(scope='module')
def settings(registry, engine, scratch):
    """settings(password) is the section of a kabuto.conf."""
    def settings(password=registry.password, **more):
        return {'registry': {'address': registry.address, 'username': USERNAME,
                             'password_file': str(password_file(scratch, password)), **more}}
    return settings


@pytest.fixture(scope='module')
def kabuto(lasting, settings):
    return lasting(settings())


@pytest.fixture(scope='module')
def dave(kabuto):
    return kabuto.user('dave')


def text(state):
    return ''.join(str(x.get('stream') or x.get('error') or x.get('status') or '')
                   for x in state['output'])


def repository(kabuto, image, namespace='kabuto'):
    return f'{namespace}/{kabuto.instance}-{image}'


def tag_of(kabuto, image):
    """The build that serves, and its secret."""
    (build, secret), = kabuto.sql('SELECT build.id, tag_secret FROM image JOIN build '
                                  'ON build.id = image.build WHERE image.id = ?', image)
    return f'{build}-{secret}'


def forget(kabuto, registry, image):
    """docker rmi, by both of its names."""
    name = f'{repository(kabuto, image)}:{tag_of(kabuto, image)}'
    for tag in (name, f'{registry.address}/{name}'):
        kabuto.engine.call('DELETE', f'/images/{tag}')
    assert not any(tag.endswith(name) for tag in kabuto.engine.images())


def stopped(registry):
    """Within it the registry does not run."""
    class Stopped:
        def __enter__(self):
            registry.stop()

        def __exit__(self, *_):
            if registry.process.poll() is not None:
                registry.start()
    return Stopped()


# Nowhere

def encodings(password):
    """The password, and what base64 makes of it wherever it stands in a text."""
    found = {password.encode()}
    for offset in range(3):
        padded = base64.b64encode(b'\0' * offset + password.encode())
        middle = padded[4 if offset else 0:-4]
        found |= {middle, middle.replace(b'+', b'-').replace(b'/', b'_')}
    return found


def is_nowhere(kabuto, registry, password):
    """In no file of Kabuto's, no log, no command line, no environment."""
    names = encodings(password)
    texts = {}
    for folder, _, files in os.walk(kabuto.root):
        for file in files:
            path = os.path.join(folder, file)
            if not os.path.islink(path) and os.path.isfile(path):
                with open(path, 'rb') as opened:
                    texts[path] = opened.read()
    assert any(path.endswith('kabuto.db') for path in texts)
    for path in (kabuto.engine.root / 'log', registry.folder / 'log'):
        texts[path] = path.read_bytes()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        for name in ('cmdline', 'environ'):
            try:
                with open(f'/proc/{pid}/{name}', 'rb') as file:
                    texts[f'/proc/{pid}/{name}'] = file.read()
            except OSError:
                pass
    assert any(b'kabuto-spooler' in content for content in texts.values())
    seen = [str(path) for path, content in texts.items() if any(x in content for x in names)]
    assert not seen, seen


def test_the_search_finds_a_password_that_is_there(kabuto, registry):
    for number, name in enumerate(sorted(encodings('f1nd-me-here'))):
        path = kabuto.root / 'log' / f'found-{number}'
        path.write_bytes(b'x' * number + name)
        with pytest.raises(AssertionError, match=path.name):
            is_nowhere(kabuto, registry, 'f1nd-me-here')
        path.unlink()


# Builds

def test_build_is_pushed(kabuto, dave, registry):
    state = dave.wait_build(dave.build('FROM busybox\nRUN echo x > /x\n'), 'SUCCESS')
    tag = tag_of(kabuto, state['id'])
    assert registry.tags(repository(kabuto, state['id'])) == [tag]
    pushed = [x['status'] for x in state['output'] if 'status' in x]
    assert any(registry.address in status for status in pushed), state
    build, _, secret = tag.partition('-')
    assert re.search(rf'^{build}-\*\*\*: digest: sha256:', pushed[-1]), state
    assert secret not in str(state['output']), state
    assert 'Pushing' not in pushed
    assert not any('progress' in x for x in state['output'])
    assert dave.lines(dave.run('cat /x', image=state['id'])['id']) == ['x']
    is_nowhere(kabuto, registry, registry.password)


def test_namespace_of_several_parts(own, registry, settings):
    kabuto = own(settings(namespace='team/kabuto-2'))
    image = kabuto.user('erin').image()
    assert registry.tags(repository(kabuto, image, 'team/kabuto-2'))


def test_failed_build_is_not_pushed(dave, registry):
    before = registry.repositories()
    dave.wait_build(dave.build('FROM busybox\nRUN false\n'), 'FAILED')
    assert registry.repositories() == before


def test_wrong_password_is_a_failure_in_words(own, registry, settings):
    kabuto = own(settings(WRONG))
    erin = kabuto.user('erin')
    state = erin.wait_build(erin.build(), 'FAILURE')
    assert registry.address in state['error'] and 'unauthorized' in state['error'].lower()
    assert FROM_BUSYBOX.search(text(state))
    assert erin.json('/image') == {}
    until(lambda: 'unauthorized' in kabuto['spooler'].text().lower(), 'the log says so too')
    is_nowhere(kabuto, registry, WRONG)


def test_registry_that_is_away_is_waited_for(kabuto, dave, registry):
    with stopped(registry):
        build = dave.build('FROM busybox\nRUN echo once; echo x > /away\n', nocache='true')

        def says_so():
            state = dave.build_state(build)
            assert state['state'] == 'PENDING', state
            return 'waiting: ' in text(state) and registry.address in text(state)
        until(says_so, 'the output says what it waits for')
        is_nowhere(kabuto, registry, registry.password)
        assert kabuto.health()[0] == 200, 'jobs run all the same'
    state = dave.wait_build(build, 'SUCCESS')
    assert len(FROM_BUSYBOX.findall(text(state))) == 1, 'it is not built again'
    assert text(state).count('waiting: ') == 1
    assert registry.tags(repository(kabuto, state['id'])) == [tag_of(kabuto, state['id'])]


def test_registry_that_stays_away_is_a_failure(own, registry, settings):
    erin = own(settings(patience=0)).user('erin')
    with stopped(registry):
        state = erin.wait_build(erin.build(), 'FAILURE')
        assert registry.address in state['error'] and 'refused' in state['error'], state
    erin.wait_build(erin.build(), 'SUCCESS')


def test_cancel_of_a_build_that_waits_for_the_registry(dave, registry):
    with stopped(registry):
        build = dave.build('FROM busybox\nENV CANCELLED=1\n')
        until(lambda: 'waiting: ' in text({'output': [], **dave.build_state(build)}), 'it waits')
        expect(dave.call('DELETE', f'/image/build/{build}'), 200)
        state = dave.wait_build(build, 'FAILED')
        assert 'cancel' in state['error']


@pytest.mark.parametrize('point', ['build.tag', 'build.push', 'build.inspect'])
def test_spooler_that_dies_amid_a_push(kabuto, dave, registry, point):
    spooler, mark = kabuto['spooler'], kabuto.root / f'mark-{point}'
    mark.parent.chmod(0o777)
    kabuto.processes['spooler'].stop()
    spooler.environment = {'KABUTO_FAULT': point, 'KABUTO_FAULT_MARK': str(mark)}
    spooler.start()
    kabuto.wait_healthy()
    try:
        build = dave.build(f'FROM busybox\nENV DIES_AT={point}\n')
        until(lambda: not spooler.runs(), f'the spooler dies at {point}')
        assert mark.exists() and dave.build_state(build)['state'] == 'PENDING'
    finally:
        spooler.environment = {}
        spooler.start()
        kabuto.wait_healthy()
    state = dave.wait_build(build, 'SUCCESS')
    assert registry.tags(repository(kabuto, state['id'])) == [tag_of(kabuto, state['id'])]


# Base images

@pytest.fixture(scope='module')
def base(engine, registry):
    """An image that only the registry has, and gives to nobody without the password."""
    name = f'{registry.address}/team/base'
    login = base64.urlsafe_b64encode(json.dumps(
        {'username': USERNAME, 'password': registry.password}).encode()).decode()
    engine.call('POST', '/images/busybox:latest/tag', repo=name, tag='1')
    engine.call('POST', f'/images/{name}/push', tag='1', headers={'X-Registry-Auth': login})
    engine.call('DELETE', f'/images/{name}:1')
    assert registry.tags('team/base') == ['1']
    yield f'{name}:1'


def test_base_image_from_the_registry(dave, engine, base):
    state = dave.wait_build(dave.build(f'FROM {base}\nRUN echo based > /based\n'), 'SUCCESS')
    assert dave.lines(dave.run('cat /based', image=state['id'])['id']) == ['based']
    engine.call('DELETE', f'/images/{base}')


def test_base_image_needs_the_credentials(own, base):
    """A Kabuto that knows of no registry."""
    erin = own().user('erin')
    state = erin.wait_build(erin.build(f'FROM {base}\n'))
    assert state['state'] == 'FAILED', state
    assert re.search('no basic auth credentials|unauthorized', state['error']), state


def test_lost_own_image_is_pulled_as_a_base(kabuto, dave, registry):
    image = dave.image('FROM busybox\nRUN echo own > /own\n', name='own-base')
    secret = tag_of(kabuto, image)
    forget(kabuto, registry, image)
    state = dave.wait_build(dave.build('FROM kabuto/own-base\nENV A=1\n'), 'SUCCESS')
    assert dave.lines(dave.run('cat /own', image=state['id'])['id']) == ['own']
    assert secret not in str(state['output']), state


# Jobs

def test_lost_image_is_pulled(kabuto, dave, registry):
    image = dave.image('FROM busybox\nRUN echo pulled > /y\n', name='lost')
    forget(kabuto, registry, image)
    job = dave.run('cat /y; cat /y > /outbox/y', image=image)
    assert job['state'] == 'done', job
    assert [(x['stream'], x['logline']) for x in dave.log(job['id'])] == [
        ('system', 'image pulled'), ('stdout', 'pulled')]
    assert dave.results(job).read('y') == b'pulled\n'
    again = dave.run('cat /y', image=image)
    assert [x['stream'] for x in dave.log(again['id'])] == ['stdout'], 'once is enough'
    is_nowhere(kabuto, registry, registry.password)


def test_pull_is_told_in_the_log_of_a_job_that_says_nothing(kabuto, dave, registry):
    image = dave.image('FROM busybox\nENV SILENT=1\n', name='silent')
    forget(kabuto, registry, image)
    job = dave.run('exit 3', image=image)
    assert (job['state'], job['response'], job['error']) == ('failed', 3, 'exit code 3')
    assert dave.lines(job['id'], 'system') == ['image pulled']


def test_several_jobs_pull_one_image(kabuto, dave, registry):
    image = dave.image('FROM busybox\nENV SEVERAL=1\n', name='several')
    forget(kabuto, registry, image)
    pipeline = dave.pipeline(max_parallel=4)
    jobs = [dave.job(pipeline, 'echo hello', image=image) for _ in range(4)]
    dave.submit(pipeline)
    for job in jobs:
        assert dave.wait_job(pipeline, job)['state'] == 'done'
        assert dave.lines(job) == ['hello']


def test_image_that_is_lost_in_both_places_fails_its_job(kabuto, dave, registry):
    image = dave.image('FROM busybox\nENV LOST=1\n', name='lost')
    forget(kabuto, registry, image)
    registry.remove(repository(kabuto, image), tag_of(kabuto, image))
    job = dave.run('true', image=image)
    assert job['state'] == 'failed' and job['response'] is None
    assert 'neither on the engine nor in the registry' in job['error'], job
    assert 'build it again' in job['error'] and registry.address in job['error']
    assert job['error'] in ' '.join(dave.lines(job['id'], 'system'))


def test_lost_image_without_a_registry_fails_its_job(own, engine):
    kabuto = own()
    erin = kabuto.user('erin')
    image = erin.image('FROM busybox\nENV NO_REGISTRY=1\n')
    engine.call('DELETE', f'/images/{repository(kabuto, image)}:{tag_of(kabuto, image)}')
    job = erin.run('true', image=image)
    assert job['state'] == 'failed' and 'no registry' in job['error'], job
    assert 'build it again' in job['error']


def test_job_waits_for_a_registry_that_is_away(kabuto, dave, registry):
    image = dave.image('FROM busybox\nENV AWAY=1\n', name='away')
    present = dave.image()
    forget(kabuto, registry, image)
    with stopped(registry):
        pipeline, job = dave.begin('echo hello', image=image)
        until(lambda: f'job={job} attempt=1 step=create' in kabuto['spooler'].text(),
              'the log says what it waits for')
        assert dave.state(pipeline, job)['state'] == 'running'
        other = dave.run('echo meanwhile', image=present)
        assert dave.lines(other['id']) == ['meanwhile']
    job = dave.wait_job(pipeline, job)
    assert job['state'] == 'done' and dave.lines(job['id']) == ['hello']


def test_kill_of_a_job_that_waits_for_the_registry(kabuto, dave, registry):
    image = dave.image('FROM busybox\nENV KILLED=1\n', name='killed')
    forget(kabuto, registry, image)
    with stopped(registry):
        pipeline, job = dave.begin('true', image=image)
        until(lambda: f'job={job} attempt=1 step=create' in kabuto['spooler'].text(), 'it waits')
        expect(dave.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
        end = dave.wait_job(pipeline, job)
        assert end['state'] == 'failed' and end['error'] == 'killed by its owner', end


def test_registry_that_stays_away_fails_the_job(own, registry, settings):
    kabuto = own(settings(patience=0))
    erin = kabuto.user('erin')
    image = erin.image('FROM busybox\nENV STAYS_AWAY=1\n')
    forget(kabuto, registry, image)
    with stopped(registry):
        job = erin.run('true', image=image)
        assert job['state'] == 'failed' and registry.address in job['error'], job
        assert 'not on the engine' in job['error'] and 'refused' in job['error']


def test_wrong_password_fails_a_job_in_words(own, registry, settings, scratch):
    kabuto = own(settings())
    erin = kabuto.user('erin')
    image = erin.image('FROM busybox\nENV WRONG=1\n')
    forget(kabuto, registry, image)
    (kabuto.root / 'wrong').write_text(WRONG)
    (kabuto.root / 'wrong').rename(kabuto.settings['registry']['password_file'])
    os.chmod(kabuto.settings['registry']['password_file'], 0o600)
    job = erin.run('true', image=image)
    assert job['state'] == 'failed' and 'not on the engine' in job['error'], job
    assert 'unauthorized' in job['error'].lower() or 'denied' in job['error'], job
    is_nowhere(kabuto, registry, WRONG)


def test_sweep_removes_the_engine_s_names_and_leaves_the_registry(own, registry, settings):
    kabuto = own(settings())
    erin = kabuto.user('erin')
    image = erin.image('FROM busybox\nENV REMOVED=1\n')
    name = repository(kabuto, image)
    kept = [tag for tag in kabuto.engine.images() if name in tag]
    assert len(kept) == 2
    clean_sweep(kabuto)
    assert [tag for tag in kabuto.engine.images() if name in tag] == kept, 'it serves'
    kabuto.sql('UPDATE image SET build = NULL WHERE id = ?', image)
    kabuto.sql("UPDATE build SET state = 'FAILED', error = 'x' WHERE image = ?", image)
    clean_sweep(kabuto)
    assert not [tag for tag in kabuto.engine.images() if name in tag]
    assert registry.tags(name)


# Its password

def spooler_says(kabuto, *options, **kw):
    """What a spooler says that does not start."""
    command = as_spooler(kabuto.engine.group(), kabuto.build / 'daemon/spooler/kabuto-spooler', '-c',
                         kabuto.config, *options)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **kw)
    assert done.returncode == 1, done
    return done.stderr


@pytest.mark.parametrize('how, words', [
    ({}, 'No such file'), ({'mode': 0o644}, 'may be read by others'),
    ({'group': 'kabuto-web'}, 'may be read by others'),
    ({'owner': 'kabuto-web', 'mode': 0o600}, 'may be read by others'),
    ({'password': ''}, 'contains no password')])
def test_password_file_that_does_not_do_is_refused_at_the_start(fresh, registry, settings, scratch,
                                                                how, words):
    section = settings()['registry']
    section['password_file'] = str(password_file(scratch, **{'password': 's3cret-in-file', **how})) \
        if how else '/nonexistent/password'
    fresh.configure(registry=section)
    for options in ([], ['-n']):
        said = spooler_says(fresh, *options)
        assert words in said and section['password_file'] in said and said.count('\n') == 1, said
        assert 's3cret' not in said


def test_username_without_a_password_is_refused_at_the_start(fresh, settings):
    section = settings()['registry']
    del section['password_file']
    fresh.configure(registry=section)
    assert 'KABUTO_REGISTRY_PASSWORD' in spooler_says(fresh, '-n')


def test_handlers_cannot_read_the_password_and_need_not(kabuto):
    """It runs as that user, with the same kabuto.conf."""
    path = kabuto.settings['registry']['password_file']
    assert subprocess.run(as_web('cat', path), capture_output=True, check=False).returncode != 0
    command = as_web(kabuto.build / 'fcgi/kabuto.fcgi', '-c', kabuto.config, '-n')
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_password_from_the_environment(own, registry, settings):
    section = settings()
    kabuto = own(begin=False, settings={'registry': {
        'address': registry.address, 'username': section['registry']['username']}})
    kabuto['spooler'].environment = {'KABUTO_REGISTRY_PASSWORD': registry.password}
    kabuto.start()
    erin = kabuto.user('erin')
    image = erin.image('FROM busybox\nRUN env\nENV FROM_ENVIRONMENT=1\n')
    assert registry.tags(repository(kabuto, image))
    is_nowhere(kabuto, registry, registry.password)


def test_new_password_needs_no_restart(own, registry, settings):
    kabuto = own(settings())
    erin = kabuto.user('erin')
    former, path = registry.password, kabuto.settings['registry']['password_file']
    try:
        registry.set_password('n3w-' + secrets.token_hex(8))
        state = erin.wait_build(erin.build('FROM busybox\nENV NEW=1\n'), 'FAILURE')
        assert 'unauthorized' in state['error'].lower()
        with open(path, 'w', encoding='ascii') as file:
            file.write(registry.password)
        erin.wait_build(erin.build('FROM busybox\nENV NEW=2\n'), 'SUCCESS')
        is_nowhere(kabuto, registry, registry.password)
    finally:
        registry.set_password(former)


@pytest.mark.log_errors
def test_hangup_takes_a_registry_and_refuses_one_whose_password_others_read(own, registry, settings,
                                                                            scratch):
    kabuto = own()
    erin = kabuto.user('erin')
    before = len(registry.repositories())
    section = settings()['registry']
    open_file = str(password_file(scratch, registry.password, mode=0o644))
    kabuto.configure(registry={**section, 'password_file': open_file})
    kabuto['spooler'].send(signal.SIGHUP)
    until(lambda: 'may be read by others; the old one stays' in kabuto['spooler'].text().replace(
        ': its owner must be root or the user of this program, and its mode 0600', ''), 'the log says why')
    erin.image('FROM busybox\nENV HANGUP=1\n')
    assert len(registry.repositories()) == before
    kabuto.configure(registry=section)
    kabuto['spooler'].send(signal.SIGHUP)
    until(lambda: 'configuration read again' in kabuto['spooler'].text(), 'it is read again')
    image = erin.image('FROM busybox\nENV HANGUP=2\n')
    assert registry.tags(repository(kabuto, image))


@pytest.mark.docker('Podman removes the containers of an image that is removed by force')
def test_job_that_ran_is_taken_over_although_its_image_is_gone(kabuto, dave, registry):
    """A running container needs no name of its image."""
    image = dave.image('FROM busybox\nENV TAKEN=1\n', name='taken')
    pipeline, job = dave.begin(f'echo ready; {WAIT}', image=image)
    dave.wait_line(job, 'ready')
    name = f'{repository(kabuto, image)}:{tag_of(kabuto, image)}'
    for tag in (name, f'{registry.address}/{name}'):
        kabuto.engine.call('DELETE', f'/images/{tag}', force=1)
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    kabuto.wait_healthy()
    kabuto.let_go(job)
    end = dave.wait_job(pipeline, job)
    assert end['state'] == 'done', (end, kabuto['spooler'].text()[-3000:])
