"""A Docker engine of the tests' own, and its HTTP API over the unix socket."""
import grp
import http.client
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
from urllib.parse import quote, urlencode

from reservation import free_network, free_port
from wait import until

PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'
GROUP = 'root:x:0:\nnobody:x:65534:\n'
# A static program cannot load what glibc would look names up with by default.
NSSWITCH = ''.join(f'{x}: files\n' for x in ('passwd', 'group', 'hosts', 'services', 'protocols'))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__('engine', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class EngineError(Exception):
    def __init__(self, status, text):
        super().__init__(f'{status} {text}')
        self.status = status


def run(*command, **kw):
    return subprocess.run(command, check=True, capture_output=True, text=True, **kw).stdout


def children(pid):
    """A shim's are the containers that an engine killed by -9 forgot."""
    found = []
    for path in pathlib.Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            found += [int(child) for child in path.read_text().split()]
        except OSError:
            pass
    return found


class Engine:
    """One dockerd with everything of its own: socket, data, bridge, containerd namespace."""

    keeps_containers = False  # when it ends, unless it is told to
    starts_joined = False  # a dead container with the one that joins its network
    takes_outward_links = True  # in the context of a build

    def __init__(self, root, name='kbtt'):
        self.root = pathlib.Path(root)
        self.socket = self.root / 'docker.sock'
        network = free_network()
        self.bridge = f'{name}{network}'
        self.namespace = f'{name}{os.getpid()}'
        self.address = f'10.214.{network}.1'
        self.process = None
        self.registry_port = free_port()  # of a registry without TLS
        self.options = []  # of its next start

    def make_bridge(self):
        if not os.path.exists(f'/sys/class/net/{self.bridge}'):
            run('ip', 'link', 'add', self.bridge, 'type', 'bridge')
            run('ip', 'addr', 'add', f'{self.address}/24', 'dev', self.bridge)
            run('ip', 'link', 'set', self.bridge, 'up')

    def command(self, *words):
        """The command line of a program of the engine."""
        return list(words)

    def start(self):
        self.make_bridge()
        with open(self.root / 'log', 'ab') as log:
            self.process = subprocess.Popen(
                self.command(
                    'dockerd', '-H', f'unix://{self.socket}', '--data-root', self.root / 'data',
                    '--exec-root', self.root / 'exec', '-p', self.root / 'pid',
                    '--bridge', self.bridge, '--iptables=false', '--ip6tables=false',
                    '--ip-forward=false', '--containerd-namespace', self.namespace,
                    '--containerd-plugins-namespace', self.namespace + 'p', *self.options),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.answers, f'the engine answers (log: {self.root}/log)')

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError('the engine ended:\n' + (self.root / 'log').read_text()[-3000:])
        try:
            return self.call('GET', '/_ping') == 'OK'
        except OSError:
            return False

    def stop(self):
        """SIGTERM: the engine ends its containers and itself."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        """kill -9; its containerd dies with it, perhaps unreaped, so that pid is forgotten."""
        self.process.kill()
        self.process.wait()
        until(lambda: not self.remaining(b'containerd'), 'containerd is dead', 20)
        (self.root / 'exec/containerd/containerd.pid').unlink(missing_ok=True)

    def destroy(self):
        if self.process and self.process.poll() is None:
            self.stop()
        self.end_remaining()
        self.clear_away()

    def end_remaining(self, name=None):
        for pid in self.remaining(name):
            for process in (*children(pid), pid):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        until(lambda: not self.remaining(name), 'the engine\'s processes are gone', 20)

    def clear_away(self):
        """What is left behind its processes: mounts, the bridge, the folder."""
        mounts = [line.split()[1] for line in open('/proc/self/mounts', encoding='utf-8')]
        for mount in sorted(mounts, reverse=True):
            if mount.startswith(f'{self.root}/'):
                subprocess.run(['umount', '-l', mount], check=False)
        subprocess.run(['ip', 'link', 'del', self.bridge], check=False, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def remaining(self, name=None):
        """Processes that name our folder on their command line: containerd and its shims."""
        found = []
        for entry in os.listdir('/proc'):
            try:
                with open(f'/proc/{entry}/cmdline', 'rb') as file:
                    words = file.read().split(b'\0')
            except (OSError, ValueError):
                continue
            program = os.path.basename(words[0])
            if (program == name if name else b'containerd' in program) and \
                    any(word.startswith(bytes(self.root) + b'/') for word in words):
                found.append(int(entry))
        return found

    def group(self):
        return os.stat(self.socket).st_gid

    def call(self, method, path, body=None, content_type='application/json', timeout=60,
             headers=None, **query):
        """One call of the engine's API: JSON where it answers so, else its text."""
        if query:
            path += '?' + urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        connection = UnixConnection(self.socket, timeout)
        try:
            connection.request(method, path, body,
                               {'Content-Type': content_type, **(headers or {})})
            answer = connection.getresponse()
            text = answer.read().decode('utf-8', 'replace')
        finally:
            connection.close()
        if answer.status >= 400:
            raise EngineError(answer.status, text)
        if answer.getheader('Content-Type', '').startswith('application/json') and text:
            lines = text.strip().split('\n')
            return json.loads(text) if len(lines) == 1 else [json.loads(x) for x in lines]
        return text

    def containers(self, instance):
        filters = json.dumps({'label': [f'kabuto.instance={instance}']})
        return self.call('GET', '/containers/json', all=1, filters=filters)

    def remove(self, name):
        self.call('DELETE', f'/containers/{quote(name)}', force=1, v=1)

    def pids(self, name):
        """The processes of a container, as the host numbers them."""
        top = self.call('GET', f'/containers/{name}/top')
        return [row[top['Titles'].index('PID')] for row in top['Processes']]

    def starts(self, instance, job, since):
        """How many containers of that job were started since then, by the engine's own count."""
        filters = json.dumps({'event': ['start'], 'label': [f'kabuto.instance={instance}',
                                                            f'kabuto.job={job}']})
        events = self.call('GET', '/events', since=since, until=self.now(), filters=filters)
        events = events if isinstance(events, list) else [events] if events else []
        return len(events)

    @staticmethod
    def now():
        return f'{time.time():.6f}'

    def images(self):
        images = self.call('GET', '/images/json')
        return [tag for image in images for tag in image['RepoTags'] or []]

    def import_image(self, name, tar, *changes):
        query = [('fromSrc', '-'), ('repo', name), ('tag', 'latest')]
        query += [('changes', change) for change in changes]
        self.call('POST', '/images/create?' + urlencode(query), tar, 'application/x-tar')

    def import_busybox(self):
        """busybox:latest from Debian's static one, and noshell:latest, which can only echo."""
        with open('/bin/busybox', 'rb') as file:
            program = file.read()
        applets = run('/bin/busybox', '--list').split()
        self.import_image('busybox', busybox_tar(program, applets), 'CMD ["sh"]')
        self.import_image('noshell', noshell_tar(program), 'ENTRYPOINT ["/echo"]', 'CMD ["hello"]')


def add(tar, name, content=b'', mode=0o755, **fields):
    info = tarfile.TarInfo(name)
    info.mode, info.size = mode, len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    tar.addfile(info, io.BytesIO(content))


def busybox_tar(program, applets):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        for folder, mode in (('bin', 0o755), ('etc', 0o755), ('root', 0o700), ('tmp', 0o1777),
                             ('usr', 0o755), ('usr/bin', 0o755), ('var', 0o755)):
            add(tar, folder, mode=mode, type=tarfile.DIRTYPE)
        add(tar, 'bin/busybox', program)
        for applet in applets:
            if applet != 'busybox':
                add(tar, f'bin/{applet}', type=tarfile.LNKTYPE, linkname='bin/busybox')
        add(tar, 'usr/bin/env', type=tarfile.LNKTYPE, linkname='bin/busybox')
        add(tar, 'etc/passwd', PASSWD.encode(), 0o644)
        add(tar, 'etc/group', GROUP.encode(), 0o644)
        add(tar, 'etc/nsswitch.conf', NSSWITCH.encode(), 0o644)
    return out.getvalue()


def noshell_tar(program):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        add(tar, 'echo', program)
    return out.getvalue()


class EngineProxy:
    """Another socket of the same engine, which can be taken away from one Kabuto alone."""

    def __init__(self, engine, path):
        self.engine, self.path = engine, pathlib.Path(path)
        self.lock, self.open, self.listener = threading.Lock(), set(), None
        self.back()

    def back(self):
        """Accepts again."""
        self.listener = socket.socket(socket.AF_UNIX)
        self.path.unlink(missing_ok=True)
        self.listener.bind(str(self.path))
        os.chown(self.path, 0, self.engine.group())
        os.chmod(self.path, 0o660)
        self.listener.listen(64)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def away(self):
        """The engine is gone: connections are cut, new ones refused."""
        self.path.unlink(missing_ok=True)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for end in self.open:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def accept(self, listener):
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(str(self.engine.socket))
            except OSError:
                near.close()
                continue
            with self.lock:
                self.open |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=pair, daemon=True).start()

    def copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(self.passed_on(data))
        except OSError:
            pass
        self.end(source, target)

    def passed_on(self, data):
        """What the other end gets, of the same length."""
        return data

    def end(self, source, target):
        for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                end.shutdown(how)
            except OSError:
                pass
        with self.lock:
            self.open.discard(source)


def group_id(name):
    return grp.getgrnam(name).gr_gid
