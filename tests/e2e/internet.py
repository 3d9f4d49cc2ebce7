"""A network of its own, in which a server has public addresses and a name server answers as told.

Nothing of it reaches the real network, and everything that connects to the server's port is noted,
by whatever address of the machine: loopback, private, metadata or public.
"""
import ctypes
import http.server
import os
import pathlib
import pwd
import shutil
import socket
import ssl
import struct
import subprocess
import threading

from repositories import GitHandler, Repositories
from wait import until

PUBLIC, PUBLIC6 = '93.184.215.14', '2606:2800:21f::1'
OTHERS = ('10.0.0.1', '169.254.169.254', '100.64.0.1')  # that the machine has besides loopback
SSH_PORTS = (22, 2222)
CLONE_NEWNET = 0x40000000
A, AAAA = 1, 28
# What a name's addresses are, at its first look-up and so on, from the beginning again.
NAMES = {
    'public.test': [[PUBLIC]],
    'other.test': [[PUBLIC]],
    'private.test': [['127.0.0.1']],
    'metadata.test': [['169.254.169.254']],
    'carrier.test': [['100.64.0.1']],
    'mixed.test': [[PUBLIC, '127.0.0.1']],
    'six.test': [['::1']],
    'mapped.test': [['::ffff:127.0.0.1']],
    'rebind.test': [[PUBLIC], ['127.0.0.1']],
}


def inside(namespace, make):
    """Calls make in a thread of that network: sockets and processes that it makes stay there."""
    def enter():
        with open(f'/run/netns/{namespace}', encoding='ascii') as file:
            assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) == 0
        made.append(make())
    made = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


class Handler(GitHandler):
    """Repositories, redirects, and files as they lie there (Git's dumb protocol)."""

    def setup(self):
        address = self.request.getsockname()[0]
        self.server.reached.append(address.removeprefix('::ffff:'))
        super().setup()

    def do_GET(self):
        path = self.path.partition('?')[0]
        for begin, target in self.server.redirects.items():
            if path.startswith(begin):
                self.send_response(302)
                self.send_header('Location', target + self.path.removeprefix(begin))
                self.send_header('Content-Length', '0')
                self.end_headers()
                return
        if path.startswith('/dumb/'):
            self.send_file(path.removeprefix('/dumb/'))
        else:
            super().do_GET()

    do_POST = do_GET

    def send_file(self, name):
        file = pathlib.Path(self.server.folder) / name
        body = file.read_bytes() if file.is_file() else b''
        self.send_response(200 if file.is_file() else 404)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    """On every address of the machine, v4 and v6."""
    address_family = socket.AF_INET6

    def __init__(self, folder, context=None):
        self.folder, self.asked, self.reached, self.redirects = str(folder), [], [], {}
        super().__init__(('::', 0), Handler, bind_and_activate=False)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.server_bind()
        self.server_activate()
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that goes away, or does not like the certificate


class NameServer:
    """RFC 1035, as far as getaddrinfo asks."""

    def __init__(self):
        self.asked = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            self.socket.sendto(self.answer(query), client)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind, = struct.unpack('>H', query[at + 1:at + 3])
        question, name = query[12:at + 5], '.'.join(labels).lower()
        turns = NAMES.get(name)
        records = []
        if turns:
            turn = self.asked.get((name, kind), 0)
            self.asked[name, kind] = turn + 1
            records = [self.record(kind, address) for address in turns[turn % len(turns)]
                       if (':' in address) == (kind == AAAA)]
        head = query[:2] + struct.pack('>HHHHH', 0x8180 if turns else 0x8183, 1, len(records), 0, 0)
        return head + question + b''.join(records)

    @staticmethod
    def record(kind, address):
        family = socket.AF_INET6 if kind == AAAA else socket.AF_INET
        data = socket.inet_pton(family, address)
        return b'\xc0\x0c' + struct.pack('>HHIH', kind, 1, 0, len(data)) + data


class Internet:
    def __init__(self, folder):
        self.folder, self.name = folder, f'kabuto-{os.getpid()}'
        self.settings = pathlib.Path('/etc/netns') / self.name
        self.ip('netns', 'add', self.name)
        try:
            self.lay_out()
        except BaseException:
            self.close()
            raise

    def ip(self, *words):
        subprocess.run(['ip', *words], check=True, capture_output=True)

    def lay_out(self):
        inner = ('-n', self.name)
        self.ip(*inner, 'link', 'set', 'lo', 'up')
        for address in (PUBLIC, *OTHERS):
            self.ip(*inner, 'addr', 'add', f'{address}/32', 'dev', 'lo')
        self.ip(*inner, 'addr', 'add', f'{PUBLIC6}/128', 'dev', 'lo', 'nodad')
        # What "ip netns exec" lays over /etc.
        self.settings.mkdir(parents=True)
        for name, text in (('resolv.conf', 'nameserver 127.0.0.1\n'),
                           ('hosts', '127.0.0.1 localhost\n::1 localhost\n'),
                           ('nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')):
            (self.settings / name).write_text(text)
        context = self.certify('public.test')
        self.names = inside(self.name, NameServer)
        self.server = inside(self.name, lambda: Server(self.folder))
        self.secure = inside(self.name, lambda: Server(self.folder, context))
        self.port, self.secure_port = self.server.server_port, self.secure.server_port
        self.repositories = inside(self.name, lambda: Repositories(self.folder, PUBLIC))
        self.serve_ssh()

    def certify(self, host):
        """A certificate for host that programs of this network trust."""
        certs = self.settings / 'ssl' / 'certs'
        certs.mkdir(parents=True)
        key, certificate = self.folder / 'key.pem', certs / 'ca-certificates.crt'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', f'/CN={host}', '-addext', f'subjectAltName=DNS:{host}',
                        '-keyout', key, '-out', certificate], check=True, capture_output=True)
        number = subprocess.run(['openssl', 'x509', '-hash', '-noout', '-in', certificate],
                                check=True, capture_output=True, text=True).stdout.strip()
        shutil.copy(certificate, certs / f'{number}.0')
        shutil.copy('/etc/ssl/openssl.cnf', self.settings / 'ssl')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def serve_ssh(self):
        """An ssh server for root, which the programs of this network know and have a key for."""
        keys, settings = self.folder / 'ssh', self.settings / 'ssh'
        os.makedirs('/run/sshd', exist_ok=True)
        keys.mkdir()
        (settings / 'ssh_config.d').mkdir(parents=True)
        for key in (keys / 'host', settings / 'ssh_config.d/key'):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key], check=True)
        os.chown(settings / 'ssh_config.d/key', pwd.getpwnam('kabuto').pw_uid, -1)
        (settings / 'ssh_config').write_text('IdentityFile /etc/ssh/ssh_config.d/key\n')
        public = (keys / 'host.pub').read_text()
        (settings / 'ssh_known_hosts').write_text(''.join(
            f'{name} {public}' for host in ('public.test', 'rebind.test')
            for name in (host, f'[{host}]:{SSH_PORTS[1]}')))
        config = keys / 'sshd_config'
        config.write_text(
            ''.join(f'Port {port}\n' for port in SSH_PORTS) +
            f'ListenAddress {PUBLIC}\nHostKey {keys}/host\nStrictModes no\nUsePAM no\n'
            f'AuthorizedKeysFile {settings}/ssh_config.d/key.pub\nPermitRootLogin yes\n'
            'PidFile none\n')
        self.ssh = inside(self.name, lambda: subprocess.Popen(
            ['/usr/sbin/sshd', '-D', '-e', '-f', config], stderr=subprocess.DEVNULL))
        until(lambda: inside(self.name, self.ssh_answers), 'the ssh server answers')

    @staticmethod
    def ssh_answers():
        try:
            for port in SSH_PORTS:
                socket.create_connection((PUBLIC, port), 5).close()
            return True
        except ConnectionRefusedError:
            return False

    def command(self, command):
        """The command, run in this network."""
        return ['ip', 'netns', 'exec', self.name, *command]

    def git(self, name, files):
        """A repository of these files; its path on the servers."""
        self.repositories.git(name, files)
        return f'/{name}.git'

    def mercurial(self, *args, **kw):
        return inside(self.name, lambda: self.repositories.mercurial(*args, **kw))

    def begin(self):
        """Forgets who was reached, and who was asked for."""
        for server in (self.server, self.secure):
            for noted in (server.reached, server.redirects, server.asked):
                noted.clear()
        self.names.asked.clear()

    def reached(self):
        """The addresses of this machine to which somebody connected."""
        return {*self.server.reached, *self.secure.reached}

    def close(self):
        for server in ('server', 'secure'):
            if hasattr(self, server):
                getattr(self, server).shutdown()
                getattr(self, server).server_close()
        if hasattr(self, 'names'):
            self.names.socket.close()
        if hasattr(self, 'repositories'):
            self.repositories.close()
        if hasattr(self, 'ssh'):
            self.ssh.terminate()
            self.ssh.wait()
        subprocess.run(['ip', 'netns', 'del', self.name], check=False)
        shutil.rmtree(self.settings, ignore_errors=True)
