"""etc/quickstart: the first thing that anybody tries."""
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess

import pytest
import requests

from reservation import free_port
from wait import until

pytestmark = pytest.mark.limit(900)


class Quickstart:
    def __init__(self, source, state, *options):
        self.script, self.state, self.port = source / 'etc/quickstart', state, free_port()
        self.options = [*options, '--state', str(state), '--port', str(self.port)]
        self.url = f'http://127.0.0.1:{self.port}'

    def run(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if k != 'DOCKER_HOST'}
        nobody = pwd.getpwnam('nobody')  # as if that user had called sudo
        environment.update(SUDO_UID=str(nobody.pw_uid), SUDO_GID=str(nobody.pw_gid))
        done = subprocess.run([self.script, *arguments], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=800, env=environment)
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def start(self, *more):
        return self.run(*self.options, *more)

    def stop(self):
        return self.run('stop', '--state', str(self.state))

    def healthy(self):
        try:
            return requests.get(f'{self.url}/healthz', timeout=10).status_code == 200
        except OSError:
            return False

    def processes(self):
        """Those whose command line names the state directory: {pid: name}."""
        found = {}
        for entry in os.listdir('/proc'):
            try:
                words = pathlib.Path('/proc', entry, 'cmdline').read_bytes().split(b'\0')
            except OSError:
                continue
            if entry.isdigit() and bytes(self.state) in b' '.join(words):
                found[int(entry)] = os.path.basename(words[0]).decode()
        return found

    def bridge(self):
        """Of the engine of its own."""
        return (self.state / 'engine/bridge').read_text().split()[0]

    @staticmethod
    def rules(bridge):
        """Those of the packet filter that name it."""
        return [rule for table in ('filter', 'nat')
                for rule in subprocess.run(['iptables', '-w', '10', '-t', table, '-S'], text=True,
                                           capture_output=True, check=True).stdout.splitlines()
                if bridge in rule]

    def ours(self):
        """Those of them that are Kabuto's programs."""
        return {pid: name for pid, name in self.processes().items()
                if name in ('kabuto-spooler', 'kabuto.fcgi')}


def gone(pid):
    try:
        state = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except OSError:
        return True
    return state == 'Z'


def mounts(folder):
    with open('/proc/self/mounts', encoding='utf-8') as file:
        return [line.split()[1] for line in file if line.split()[1].startswith(f'{folder}/')]


@pytest.fixture
def quickstart(source, scratch, engine):
    made = []

    def make(name, own_engine=False):
        options = [] if own_engine else ['--engine', str(engine.socket)]
        made.append(Quickstart(source, scratch / name, *options))
        return made[-1]
    yield make
    for one in made:
        if one.state.exists():
            subprocess.run([one.script, 'stop', '--state', str(one.state)], check=False,
                           capture_output=True)
            for mount in sorted(mounts(one.state), reverse=True):
                subprocess.run(['umount', '-l', mount], check=False)
            shutil.rmtree(one.state, ignore_errors=True)


def check_client(one, out):
    """The line for the client works as printed, for the user who called sudo, and shows no token."""
    line = out.splitlines()[-1]
    config = one.state / 'demo/kabuto/config'
    token = re.search(r'token = (\S+)', config.read_text()).group(1)
    assert token not in out
    done = subprocess.run(['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups',
                           'sh', '-c', line], cwd='/', text=True, capture_output=True, check=False,
                          timeout=120, env={'PATH': '/usr/bin:/bin', 'HOME': '/nonexistent'})
    assert (done.returncode, done.stdout) == (0, 'fig\npear\n'), done.stderr


def test_quickstart_from_start_to_stop(quickstart):
    one = quickstart('q1')
    out = one.start()
    assert one.url in out and 'stop' in out
    assert f'{one.url}/ui/' in out.splitlines()[0], 'the dashboard comes first'
    page = requests.get(f'{one.url}/ui/', timeout=60)
    assert page.status_code == 200 and '/ui/app.js' in page.text
    for word in ('/register', '/login', '/run', '?result'):
        assert any('curl' in line and word in line for line in out.splitlines()), word
    assert 'step 1\nstep 2\nstep 3\napple\nfig\npear\nquince\nexit 0, results: http' in out
    check_client(one, out)
    assert one.healthy()
    users = {os.stat(f'/proc/{pid}').st_uid for pid in one.ours()}
    assert len(one.ours()) == 4 and 0 not in users and len(users) == 2
    for pid, name in one.ours().items():
        os.kill(pid, signal.SIGKILL)
        until(lambda: gone(pid), f'{name} is dead')
        until(lambda: len(one.ours()) == 4 and one.healthy(), f'{name} is back', 30)
    before = requests.post(f'{one.url}/register', timeout=60, data={
        'login': 'stays', 'password': 'SecreT', 'email': 'me@example.org'})
    assert before.status_code == 200
    one.stop()
    assert one.processes() == {} and mounts(one.state) == []
    assert not one.healthy()
    out = one.start('--no-demo')
    check_client(one, out)
    again = requests.post(f'{one.url}/register', timeout=60, data={
        'login': 'stays', 'password': 'SecreT', 'email': 'me@example.org'})
    assert again.status_code == 409
    one.stop()
    assert one.processes() == {}


def test_two_quickstarts_do_not_disturb_each_other(quickstart):
    first, second = quickstart('q2'), quickstart('q3')
    first.start('--no-demo')
    second.start('--no-demo')
    assert first.healthy() and second.healthy()
    first.stop()
    assert second.healthy() and len(second.ours()) == 4
    second.stop()


def test_start_of_what_runs_does_no_harm(quickstart):
    one = quickstart('q4')
    one.start('--no-demo')
    before = one.ours()
    subprocess.run([one.script, *one.options, '--no-demo'], check=False, capture_output=True,
                   timeout=300)
    assert one.healthy() and set(one.ours()) == set(before)
    one.stop()


def test_demo_can_be_repeated(quickstart):
    one = quickstart('q5')
    one.start()
    one.start()
    one.stop()


def cgroups(name):
    """The folders of this cgroup, one in each hierarchy. Others may come and go meanwhile."""
    return [pathlib.Path(folder) for folder, _, _ in os.walk('/sys/fs/cgroup')
            if folder.endswith('/' + name.lstrip('/'))]


@pytest.mark.skipif(os.path.exists('/var/run/docker.sock'), reason='an engine answers here')
def test_quickstart_with_an_engine_of_its_own(quickstart):
    one = quickstart('q6', own_engine=True)
    out = one.start()
    assert 'curl' in out and one.healthy()
    bridge = pathlib.Path('/sys/class/net', one.bridge())
    assert bridge.exists()
    builds = json.loads((one.state / 'engine/daemon.json').read_text())['cgroup-parent']
    limits = [int(path.read_text()) for folder in cgroups(builds) for path in folder.iterdir()
              if path.name in ('memory.limit_in_bytes', 'memory.max')]
    assert len(limits) == 1 and limits[0] < 1 << 60
    jobs = re.search(r'^engine {.* cgroup_parent = "(.*)"',
                     (one.state / 'etc/kabuto.conf').read_text(), re.M).group(1)
    assert cgroups(jobs)
    one.stop()
    assert one.processes() == {} and mounts(one.state) == []
    assert not bridge.exists() and not one.rules(bridge.name)
    assert not cgroups(builds)
