"""One whole Kabuto: web server, three pools and the spooler, as their unprivileged users."""
import fcntl
import http.client
import os
import pathlib
import pwd
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess

import webserver
from client import Client
from engine import EngineError, group_id
from reservation import free_port
from wait import until

POOLS = ('api', 'upload', 'follow')
LAYOUT = {'kabuto.db', 'kabuto.db-wal', 'kabuto.db-shm', 'incoming', 'inbox', 'builds', 'logs',
          'results', 'run', 'bin', 'wake', 'lock', 'keep'}


def make_users():
    """Under a lock, because another run of the tests may do the same."""
    os.makedirs('/run/lock', exist_ok=True)
    with open('/run/lock/kabuto-tests-users', 'w', encoding='ascii') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for user in ('kabuto-web', 'kabuto'):
            try:
                pwd.getpwnam(user)
            except KeyError:
                subprocess.run(['useradd', '--system', '--user-group', '--no-create-home',
                                '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', user],
                               check=True)


def as_web(*command):
    return ['setpriv', '--reuid', 'kabuto-web', '--regid', 'kabuto-web', '--clear-groups', '--',
            *map(str, command)]


def as_spooler(engine_group, *command):
    return ['setpriv', '--reuid', 'kabuto', '--regid', 'kabuto',
            '--groups', f'{group_id("kabuto-web")},{engine_group}',
            '--inh-caps', '+dac_override,+fowner', '--ambient-caps', '+dac_override,+fowner',
            '--', *map(str, command)]


def setting(value):
    """A value as libconfuse reads it."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, str):
        return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return '{' + ', '.join(map(setting, value)) + '}'
    return str(value)


def configuration(settings):
    """kabuto.conf of a dict; a dict in it is a section."""
    text = ''
    for name, value in settings.items():
        if isinstance(value, dict):
            text += f'{name} {{\n{configuration(value)}}}\n'
        else:
            text += f'{name} = {setting(value)}\n'
    return text


class Process:
    """A program that runs in the foreground, its stderr in a file."""

    def __init__(self, name, command, log, listener=None):
        self.name, self.command, self.log = name, command, pathlib.Path(log)
        self.process, self.seen = None, 0
        self.listener = listener  # a socket that it gets as systemd hands it over
        self.environment = {}  # that it gets besides ours

    def start(self):
        command, fds = list(map(str, self.command)), ()
        if self.listener:
            fds = (self.listener.fileno(),)
            script = f'exec 3<&{fds[0]}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
            command = ['bash', '-c', script, 'bash', *command]
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=fds,
                                            stdout=log, stderr=log, cwd='/',
                                            env={**os.environ, **self.environment})

    @property
    def pid(self):
        return self.process.pid

    def runs(self):
        return self.process is not None and self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9; of its children too (nginx's workers would keep the port)."""
        if self.runs():
            with open(f'/proc/{self.pid}/task/{self.pid}/children', encoding='ascii') as file:
                children = [int(child) for child in file.read().split()]
            self.process.kill()
            for child in children:
                os.kill(child, signal.SIGKILL)
            self.process.wait()

    def stop(self, seconds=60):
        """SIGTERM; gives the exit status."""
        if self.runs():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f'{self.name} did not end at SIGTERM:\n{self.text()}') from None

    def text(self):
        return self.log.read_text('utf-8', 'replace') if self.log.exists() else ''

    def fresh_text(self):
        """What it has said since the last look."""
        text = self.text()
        fresh, self.seen = text[self.seen:], len(text)
        return fresh


class Kabuto:
    """Started by start(), taken apart by destroy(); settings override those of its kabuto.conf."""

    def __init__(self, build, root, engine, server='nginx', settings=None, engine_socket=None,
                 hold_sockets=False):
        self.build, self.root, self.engine = pathlib.Path(build), pathlib.Path(root), engine
        self.state, self.sockets = self.root / 'state', self.root / 'sockets'
        self.port, self.server = free_port(), server
        self.url = f'http://127.0.0.1:{self.port}'
        self.config = self.root / 'kabuto.conf'
        self.engine_socket = engine_socket or engine.socket
        self.settings = {
            'state_dir': str(self.state),
            'init': str(self.build / 'daemon/init/kabuto-init'),
            'login_attempts_address': 100000,
            'slots': 4,
            'sandboxes': 'on',  # with each engine
            'engine': {'socket': str(self.engine_socket)},
            'threads': {'api': 8, 'upload': 8, 'follow': 16},
        }
        self.users = 0
        for name, value in (settings or {}).items():
            if isinstance(value, dict):
                self.settings.setdefault(name, {}).update(value)
            else:
                self.settings[name] = value
        self.lay_out()
        self.listeners = {pool: self.listen(pool) for pool in POOLS} if hold_sockets else {}
        self.processes = {name: Process(name, command, self.root / 'log' / name,
                                        self.listeners.get(name))
                          for name, command in self.commands().items()}

    # Its life

    def lay_out(self):
        web = pwd.getpwnam('kabuto-web')
        for folder, owner, mode in ((self.root, 'root', 0o755), (self.state, 'kabuto', 0o2771),
                                    (self.sockets, 'kabuto-web', 0o755),
                                    (self.root / 'web', 'kabuto-web', 0o755),
                                    (self.root / 'log', 'root', 0o755)):
            folder.mkdir(exist_ok=True)
            os.chown(folder, pwd.getpwnam(owner).pw_uid, web.pw_gid)
            os.chmod(folder, mode)
        self.configure()
        webserver.write(self)

    def listen(self, pool):
        """A pool's socket as systemd holds it: it stays while the pool is started anew."""
        path = self.sockets / f'{pool}.sock'
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        os.chown(path, pwd.getpwnam('kabuto-web').pw_uid, -1)
        os.chmod(path, 0o660)
        listener.listen(1024)
        return listener

    def configure(self, **settings):
        """Writes kabuto.conf anew, with these settings changed."""
        self.settings.update(settings)
        self.config.write_text(configuration(self.settings))

    def commands(self):
        fcgi = self.build / 'fcgi/kabuto.fcgi'
        commands = {'spooler': as_spooler(self.engine.group(), self.build / 'daemon/spooler/kabuto-spooler',
                                          '-c', self.config)}
        for pool in POOLS:
            where = () if self.listeners else ('-l', self.sockets / f'{pool}.sock')
            commands[pool] = as_web(fcgi, '-c', self.config, *where, '-p', pool)
        commands['web'] = as_web(*webserver.command(self))
        return commands

    def start(self):
        self['spooler'].start()
        self.wait_laid_out()
        for name in (*POOLS, 'web'):
            self[name].start()
        self.wait_healthy()
        return self

    def wait_laid_out(self):
        # What is made last: a folder is there before others may enter it.
        until(lambda: not self['spooler'].runs() or (self.state / 'bin/kabuto-init').exists(),
              'the spooler makes the state directory')
        assert self['spooler'].runs(), 'the spooler ended:\n' + self['spooler'].text()

    def __getitem__(self, name):
        return self.processes[name]

    def health(self):
        return self.answer('GET', '/healthz')

    def answer(self, method, path):
        """Status and text of a call without a session, (0, reason) where nobody answers."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=20)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def wait_healthy(self):
        def healthy():
            for process in self.processes.values():
                assert process.runs(), f'{process.name} ended:\n{process.text()[-3000:]}'
            last[0] = self.health()
            return last[0][0] == 200 and self.pools_answer()
        last = [None]
        try:
            until(healthy, '/healthz says ok')
        except AssertionError as error:
            raise AssertionError(f'{error}; last answer {last[0]}') from None

    def pools_answer(self):
        """Whether each of the pools is there; without a session all that they say is 401."""
        calls = (('GET', '/account'), ('POST', '/image'), ('GET', '/execution/1/logs'))
        return all(self.answer(*call)[0] == 401 for call in calls)

    def restart(self, name):
        self[name].stop()
        self[name].start()
        self.wait_healthy()

    def stop(self):
        """SIGTERM to each; gives the exit statuses."""
        return {name: self[name].stop() for name in ('web', *POOLS, 'spooler')
                if self[name].process}

    def destroy(self):
        for process in self.processes.values():
            if process.process:
                process.send(signal.SIGCONT)
                process.kill()
        try:
            for container in self.engine.containers(self.instance):
                self.engine.remove(container['Id'])
        except (OSError, EngineError, sqlite3.Error):
            pass
        for listener in self.listeners.values():
            listener.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def ctl(self, *words, text=True, user=(), **kw):
        """Runs kabutoctl as cron does, as root; gives what it said."""
        if 'input' not in kw:
            kw['stdin'] = subprocess.DEVNULL
        return subprocess.run([*user, self.build / 'daemon/ctl/kabutoctl', '-c', self.config, *words],
                              text=text, capture_output=True, check=False, timeout=150, **kw)

    def handlers_say(self, **settings):
        """What kabuto.fcgi -n says of kabuto.conf with these settings."""
        self.settings.update(settings)
        self.lay_out()
        return subprocess.run(as_web(self.build / 'fcgi/kabuto.fcgi', '-c', self.config, '-n'),
                              text=True, capture_output=True, check=False, timeout=60)

    # What tests ask of it

    def client(self, **kw):
        """Somebody who is not logged in."""
        return Client(self, **kw)

    def user(self, login=None):
        """A new account, logged in."""
        self.users += 1
        return self.client().enter(login or f'user{self.users}')

    def sql(self, statement, *values):
        """Runs a statement on the database and gives its rows."""
        connection = sqlite3.connect(self.state / 'kabuto.db', timeout=60)
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    @property
    def instance(self):
        return self.sql("SELECT value FROM setting WHERE name = 'instance'")[0][0]

    def containers(self):
        """Those of jobs."""
        return [c for c in self.engine.containers(self.instance) if 'kabuto.job' in c['Labels']]

    def sandboxes(self):
        return [c for c in self.engine.containers(self.instance)
                if c['Labels'].get('kabuto.sandbox')]

    def container(self, job, attempt=1):
        """The name of that job's container."""
        return f'kabuto-{self.instance}-job-{job}-{attempt}'

    def wait_running(self, job):
        """Until the engine says so: a job's first line may come before its start is answered."""
        def running():
            container = self.engine.call('GET', f'/containers/{self.container(job)}/json')
            return container['State']['Running'] and container
        return until(running, f'the engine says that job {job} runs')

    def let_go(self, job, file='go'):
        """Ends a job that runs client.WAIT, by the file in its outbox that it waits for."""
        outbox = until(lambda: list((self.state / 'run').glob(f'{job}.*/outbox')),
                       f'job {job} has its outbox')
        (outbox[-1] / file).touch()

    def at_work(self):
        return (self.sql("SELECT count(*) FROM job WHERE state IN ('in_queue', 'running')")[0][0] +
                self.sql("SELECT count(*) FROM build WHERE state = 'PENDING'")[0][0])

    def abandon(self):
        """After a test that failed: ends what it left at work."""
        self.sql("DELETE FROM queue")
        self.sql("UPDATE job SET state = 'failed' WHERE state = 'in_queue'")
        self.sql("UPDATE build SET cancel_requested = 1 WHERE state = 'PENDING'")
        for container in self.containers():
            self.engine.remove(container['Id'])

    def remove_rubbish(self):
        """Attachments whose handler died before it wrote their row; maintenance does so hourly."""
        known = {row[0] for row in self.sql('SELECT attachment_token FROM job')}
        for name in os.listdir(self.state / 'inbox'):
            if name not in known:
                shutil.rmtree(self.state / 'inbox' / name)

    # What must hold after each test

    def leftovers(self):
        """What is there and should not be, in words; empty if all is clean."""
        found = [f'container {c["Names"]} {c["Status"]}' for c in self.containers()]
        found += [f'state/{name}' for name in sorted(set(os.listdir(self.state)) - LAYOUT)]
        for folder in ('incoming', 'run'):
            found += [f'{folder}/{name}' for name in os.listdir(self.state / folder)
                      if name != 'sandboxes']
        found += self.stray_attachments() + self.stray_logs()
        known = {f'{row[0]}.{kind}' for row in self.sql('SELECT results_token FROM job')
                 for kind in ('zip', 'list')}
        found += [f'results/{x}' for x in os.listdir(self.state / 'results') if x not in known]
        known = {str(row[0]) for row in self.sql('SELECT id FROM build')}
        found += [f'builds/{x}' for x in os.listdir(self.state / 'builds') if x not in known]
        for row in self.sql('SELECT id, results_token FROM job WHERE results_token IS NOT NULL'):
            found += [f'no {kind} of job {row[0]}' for kind in ('zip', 'list')
                      if not (self.state / 'results' / f'{row[1]}.{kind}').exists()]
        return found

    def stray_attachments(self):
        inbox, rows = self.state / 'inbox', set()
        for token, name in self.sql('SELECT attachment_token, attachment.name FROM attachment '
                                    'JOIN job ON job.id = attachment.job'):
            rows.add(f'{token}/{name}')
        files = set()
        for folder, _, names in os.walk(inbox):
            files |= {os.path.relpath(os.path.join(folder, name), inbox) for name in names}
        known = {row[0] for row in self.sql('SELECT attachment_token FROM job')}
        return ([f'inbox/{name} has no row' for name in sorted(files - rows)] +
                [f'inbox/{name} is missing' for name in sorted(rows - files)] +
                [f'inbox/{name} has no job' for name in os.listdir(inbox) if name not in known])

    def stray_logs(self):
        attempts = dict(self.sql("SELECT id, attempt FROM job"))
        found = []
        for name in os.listdir(self.state / 'logs'):
            job, attempt, kind = name.split('.')
            if kind not in ('log', 'idx', 'usage') or not 1 <= int(attempt) <= attempts.get(int(job), 0):
                found.append(f'logs/{name}')
            elif stat.S_IMODE((self.state / 'logs' / name).stat().st_mode) != 0o640:
                found.append(f'logs/{name} is not of mode 0640')
        return found

    def check(self, failed=False, errors_allowed=False):
        """What has to be true after every test; an AssertionError says what is not."""
        down = [process.name for process in self.processes.values() if not process.runs()]
        said = {name: process.fresh_text() for name, process in self.processes.items()}
        assert not down, f'not running: {down}\n' + ''.join(said[name][-2000:] for name in down)
        if failed:
            self.abandon()
        until(lambda: not self.at_work(), 'no job and no build is at work any more')
        last = [[]]

        def clean():
            last[0] = self.leftovers()
            return not last[0]
        try:
            until(clean, 'nothing is left behind')
        except AssertionError:
            raise AssertionError(f'left behind: {last[0]}') from None
        assert self.sql('PRAGMA integrity_check') == [('ok',)]
        assert self.sql('PRAGMA foreign_key_check') == []
        for name in ('spooler', *POOLS):
            bad = [line for line in said[name].splitlines()
                   if 'Sanitizer' in line or ': runtime error: ' in line or
                   line.startswith('<3>') and not errors_allowed]
            assert not bad, f'{name} said:\n' + '\n'.join(bad[:20])
