"""The service as its operator sees it: health, configuration, logs, manual, memory, permissions."""
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import threading

import pytest

from client import WAIT, expect, refused
from kabuto import POOLS, as_spooler, as_web
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start


@pytest.mark.both
def test_healthz_is_ok_without_a_session(kabuto):
    answer = expect(kabuto.client().get('/healthz'), 200)
    assert answer.json() == {'status': 'ok'}
    assert answer.headers['Content-Type'] == 'application/json; charset=utf-8'


def unhealthy(kabuto, word):
    """Waits until /healthz is 503 and its words name the cause."""
    def says_so():
        status, text = kabuto.health()
        return status == 503 and word in json.loads(text)['error'].lower() and json.loads(text)
    return until(says_so, f'healthz tells of the {word}', 90)


@pytest.mark.log_errors
def test_healthz_tells_that_the_engine_is_away(proxied):
    kabuto, proxy = proxied
    proxy.away()
    assert unhealthy(kabuto, 'engine')['status'] != 'ok'
    proxy.back()
    kabuto.wait_healthy()


@pytest.mark.log_errors
def state_of(pid):
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(') ', 1)[1][0]


def test_healthz_tells_that_the_spooler_is_silent(own):
    kabuto = own()
    spooler, database = kabuto['spooler'], sqlite3.connect(kabuto.state / 'kabuto.db', 60, 0, None)
    database.execute('BEGIN IMMEDIATE')  # so that the spooler does not stop in a transaction
    spooler.send(signal.SIGSTOP)
    until(lambda: state_of(spooler.pid) == 'T', 'the spooler is stopped')
    database.execute('UPDATE spooler SET seen_at = seen_at - 31000')
    database.execute('COMMIT')
    database.close()
    unhealthy(kabuto, 'spooler')
    kabuto['spooler'].send(signal.SIGCONT)
    kabuto.wait_healthy()


def test_healthz_tells_that_the_spooler_is_dead(own):
    kabuto = own()
    kabuto['spooler'].kill()
    kabuto.sql('UPDATE spooler SET seen_at = seen_at - 31000')
    unhealthy(kabuto, 'spooler')
    kabuto['spooler'].start()
    kabuto.wait_healthy()


def test_web_server_without_its_pools_answers_in_json(own):
    kabuto = own()
    kabuto['api'].kill()
    answer = kabuto.client().get('/pipeline')
    assert answer.status_code in (502, 503)
    assert answer.json()['error']
    kabuto['api'].start()
    kabuto.wait_healthy()


# Configuration

WRONG = [
    ('state_dir = ', ''), ('colour = "red"', 'colour'), ('slots = "many"', 'slots'),
    ('slots = -1', 'slots'), ('registration = "maybe"', 'registration'),
    ('job { timeout = 0 }', 'timeout'), ('job { network = "host" }', 'network'),
    ('min_free = "lots"', 'min_free'), ('slots = 1 }', ''),
    ('job {', ''), ('engine { colour = 1 }', 'colour'), ('session_days = 0', 'session_days'),
    ('job { memory = "1x" }', 'memory'), ('job { cpus = -1.0 }', 'cpus'),
    ('threads { api = 0 }', 'api'), ('log_limit = ""', 'log_limit'),
    ('build { schemes = {"file"} }', 'schemes')]


@pytest.fixture
def check(build, engine, tmp_path):
    """Runs a program with -n on this text; gives exit status and what it said."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent != pathlib.Path('/') and parent.stat().st_uid == os.getuid():
            parent.chmod(parent.stat().st_mode | 0o055)

    def check(program, text):
        config = tmp_path / 'wrong.conf'
        config.write_text(f'# first line\n{text}\n')
        path = build / program
        done = subprocess.run(as_web(path, '-c', config, '-n'), text=True, timeout=30, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return done.returncode, done.stdout, str(config)
    return check


@pytest.mark.parametrize('program', ['daemon/spooler/kabuto-spooler', 'fcgi/kabuto.fcgi'])
@pytest.mark.parametrize('text, word', WRONG, ids=lambda x: str(x)[:30])
def test_wrong_configuration_is_refused_with_file_line_and_reason(check, program, text, word):
    status, said, config = check(program, text)
    assert status not in (0, -11, -6), said
    assert config in said and word in said
    assert re.search(rf'{re.escape(config)}:\d+\b', said), said


@pytest.mark.parametrize('program', ['daemon/spooler/kabuto-spooler', 'fcgi/kabuto.fcgi'])
def test_good_configuration_is_accepted(check, program, source):
    assert check(program, 'slots = 3\njob { memory = "1g" networks = {"none"} }')[0] == 0
    for example in [*source.glob('etc/kabuto.conf'), *source.glob('etc/kabuto.conf.in')]:
        text = example.read_text().replace('@pkglibexecdir@', '/usr/libexec')
        status, said, _ = check(program, text)
        assert status == 0, said


@pytest.mark.parametrize('program', ['daemon/spooler/kabuto-spooler', 'fcgi/kabuto.fcgi',
                                     'daemon/ctl/kabutoctl'])
def test_programs_tell_their_version_and_usage(build, program):
    version = subprocess.run([build / program, '-V'], text=True, capture_output=True, check=True)
    assert 'kabuto' in version.stdout.lower() and re.search(r'\d', version.stdout)
    wrong = subprocess.run([build / program, '-?'], text=True, capture_output=True, check=False,
                           stdin=subprocess.DEVNULL)
    assert wrong.returncode == 2 and 'usage' in (wrong.stderr + wrong.stdout).lower()


@pytest.mark.parametrize('program', ['daemon/spooler/kabuto-spooler', 'fcgi/kabuto.fcgi'])
def test_missing_configuration_is_named(build, program):
    done = subprocess.run([build / program, '-c', '/nonexistent/kabuto.conf', '-n'], text=True,
                          capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and '/nonexistent/kabuto.conf' in done.stderr


def test_second_spooler_is_refused_and_names_the_first(kabuto, build, engine):
    command = as_spooler(engine.group(), build / 'daemon/spooler/kabuto-spooler', '-c', kabuto.config)
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=60,
                          stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and str(kabuto['spooler'].pid) in done.stderr
    assert kabuto.health()[0] == 200


# What it leaves on the machine

def test_programs_run_as_their_own_users(kabuto):
    for name, user in (('spooler', 'kabuto'), *((pool, 'kabuto-web') for pool in POOLS)):
        assert os.stat(f'/proc/{kabuto[name].pid}').st_uid == pwd.getpwnam(user).pw_uid, name


def test_state_directory_has_the_modes_of_the_design(kabuto, alice):
    alice.run('echo x > /outbox/x', [('a', b'x')])
    modes = {name: stat.S_IMODE((kabuto.state / name).stat().st_mode)
             for name in ('incoming', 'inbox', 'builds', 'logs', 'results', 'run', 'bin')}
    assert modes == {'incoming': 0o2770, 'inbox': 0o2770, 'builds': 0o2770, 'logs': 0o2750,
                     'results': 0o2750, 'run': 0o700, 'bin': 0o755}


def test_nobody_else_can_read_the_state(kabuto, alice):
    alice.run('echo x > /outbox/x', [('a', b'x')])
    script = ('find . -type f -readable ! -path "./bin/*" 2>/dev/null; '
              'ls inbox logs results run 2>&1')
    out = subprocess.run(['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups',
                          'sh', '-c', script], cwd=kabuto.state, text=True, capture_output=True,
                         check=False).stdout
    assert all('denied' in line for line in out.splitlines() if line), out


def test_pool_sockets_are_not_for_everybody(kabuto):
    for pool in POOLS:
        assert stat.S_IMODE((kabuto.sockets / f'{pool}.sock').stat().st_mode) == 0o660


def test_logs_are_one_line_an_event_with_a_level(kabuto, alice):
    job = alice.run('true')
    said = kabuto['spooler'].text().splitlines()
    assert said and all(re.match(r'<[3467]>\S', line) for line in said), said[-5:]
    assert any(f'job={job["id"]} attempt=1' in line for line in said)


def test_users_cannot_forge_log_lines(kabuto, alice):
    kabuto.client().log_in('a\n<3>job=1 forged')
    alice.run('["/no\\n<3>forged=1"]')
    for process in kabuto.processes.values():
        assert not any(line.startswith('<3>') and 'forged' in line.split(' ')[0]
                       for line in process.text().splitlines())


def test_stale_socket_does_not_stop_a_pool(own):
    kabuto = own()
    for pool in POOLS:
        kabuto[pool].kill()
        kabuto[pool].start()
    kabuto.wait_healthy()


def proportional(pid):
    """The memory of a process, shared pages divided (Pss), in bytes."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return sum(int(line.split()[1]) for line in file if line.startswith('Pss:')) * 1024


def test_idle_memory_is_small(own):
    """All of Kabuto idle, with its usual number of threads."""
    kabuto = own({'threads': {'api': 32, 'upload': 16, 'follow': 64}})
    kabuto.user('dave').run('true')
    used = {name: proportional(kabuto[name].pid) for name in ('spooler', *POOLS)}
    assert sum(used.values()) < 30 << 20, used


# What it ships

def test_manual_pages_are_clean(source):
    pages = [page for folder in ('fcgi', 'daemon', 'etc')
             for pattern in ('**/*.[1-8]', '**/*.[1-8].in')
             for page in (source / folder).glob(pattern)]
    names = {page.name.removesuffix('.in') for page in pages}
    assert {'kabuto-spooler.8', 'kabuto.fcgi.8', 'kabuto.conf.5', 'kabutoctl.8'} <= names
    for page in pages:
        done = subprocess.run(['mandoc', '-Tlint', '-Wwarning', page], text=True,
                              capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_units_are_valid(source, build, tmp_path):
    """With the paths of an installation replaced by those of the build."""
    units = [*source.glob('etc/**/*.service*'), *source.glob('etc/**/*.socket*'),
             *source.glob('etc/**/*.target*'), *source.glob('etc/**/*.timer*')]
    assert units
    for unit in units:
        text = unit.read_text()
        for program in ('daemon/spooler/kabuto-spooler', 'fcgi/kabuto.fcgi'):
            name = re.escape(os.path.basename(program))
            text = re.sub(rf'[^\s=!+@:-]*/{name}\b(?!\.)', str(build / program), text)
        (tmp_path / unit.name.removesuffix('.in')).write_text(text)
    done = subprocess.run(['systemd-analyze', 'verify', *tmp_path.iterdir()], text=True,
                          capture_output=True, check=False,
                          env={**os.environ, 'SYSTEMD_UNIT_PATH': f'{tmp_path}:'})
    assert done.returncode == 0 and 'kabuto' not in done.stderr, done.stderr


def test_error_answers_name_what_to_do(kabuto):
    assert refused(kabuto.client().get('/pipeline'), 401, 'log')


# Engines that are not there, or speak another language

def engine_error(kabuto):
    def told():
        answer = kabuto.health()
        return answer[0] == 503 and 'engine' in answer[1] and answer[1]
    return until(told, 'healthz tells of the engine')


class FakeEngine(threading.Thread):
    """Answers every call with one /version: an engine of another age."""

    def __init__(self, path, **version):
        super().__init__(daemon=True)
        self.body = json.dumps(version)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen(8)
        self.start()

    def run(self):
        while True:
            try:
                end = self.listener.accept()[0]
            except OSError:
                return
            with end:
                end.recv(65536)
                end.sendall(f'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close'
                            f'\r\nContent-Length: {len(self.body)}\r\n\r\n{self.body}'.encode())


@pytest.fixture
def elsewhere(start, alive, scratch):
    """Starts the spooler and the pools with another engine's socket; gives the Kabuto."""
    mine = []

    def elsewhere(path, capable=True, settings=None):
        one = start(settings, begin=False, engine_socket=path)
        mine.append(one)
        if not capable:
            command = one['spooler'].command
            one['spooler'].command = [word for i, word in enumerate(command)
                                      if 'caps' not in word and 'caps' not in command[i - 1]]
        one['spooler'].start()
        one.wait_laid_out()
        for name in (*POOLS, 'web'):
            one[name].start()
        return one
    yield elsewhere
    for one in mine:
        alive.remove(one)
        one.destroy()


@pytest.mark.docker('Podman has its own setting')
def test_jobs_run_with_the_runtime_of_the_configuration(own):
    kabuto = own({'slots': 1, 'engine': {'runtime': 'io.containerd.runc.v2'}})
    dave = kabuto.user('dave')
    dave.image()
    pipeline, job = dave.begin(f'echo ready; {WAIT}')
    dave.wait_line(job, 'ready')
    inspected = kabuto.engine.call('GET', f'/containers/{kabuto.container(job)}/json')
    assert inspected['HostConfig']['Runtime'] == 'io.containerd.runc.v2'
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


@pytest.mark.log_errors
def test_unknown_runtime_is_said_with_what_to_do(elsewhere, engine):
    said = engine_error(elsewhere(engine.socket, settings={'engine': {'runtime': 'nosuch'}}))
    assert 'runtime = \\"nosuch\\"' in said
    assert ('containers.conf' if engine.starts_joined else 'runc') in said


@pytest.mark.log_errors
def test_missing_engine_socket_is_said_with_what_to_do(elsewhere, scratch):
    kabuto = elsewhere(scratch / 'nowhere.sock')
    said = engine_error(kabuto)
    assert 'the socket does not exist' in said and 'kabuto.conf' in said


@pytest.mark.log_errors
def test_closed_engine_socket_is_said_with_what_to_do(elsewhere, scratch):
    path = scratch / 'closed.sock'
    FakeEngine(path, ApiVersion='1.41')
    os.chmod(path, 0o600)
    assert 'group of the socket' in engine_error(elsewhere(path, capable=False))


@pytest.mark.log_errors
@pytest.mark.parametrize('version, words', [
    ({'ApiVersion': '1.30', 'MinAPIVersion': '1.12'}, ['1.30', 'newer engine']),
    ({'ApiVersion': '1.99', 'MinAPIVersion': '1.90'}, ['1.90', 'newer Kabuto'])])
def test_engine_of_another_age_is_said_with_what_to_do(elsewhere, scratch, version, words):
    path = scratch / f'{version["ApiVersion"]}.sock'
    engine = FakeEngine(path, **version)
    said = engine_error(elsewhere(path))
    assert all(word in said for word in words)
    engine.listener.close()
