"""The program kabuto as an account's owner runs it: with pipes or in a terminal."""
import fcntl
import json
import os
import pty
import select
import signal
import socket
import ssl
import struct
import subprocess
import termios
import threading
import time

from client import expect
from wait import until


def heed_signals():
    """In a new process: the usual effect of signals that the caller of the tests may ignore."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


class Client:
    """kabuto for one user of one Kabuto. Its config file is below folder, which is also where it
    runs. user is a client.Client that is logged in, or None: no config file is written."""

    def __init__(self, kabuto, user, folder):
        self.kabuto, self.user, self.folder = kabuto, user, folder
        self.program = kabuto.build / 'src/client/kabuto'
        self.config = folder / 'xdg/kabuto/config'
        self.environment = {'PATH': os.environ['PATH'], 'HOME': str(folder / 'home'),
                            'XDG_CONFIG_HOME': str(folder / 'xdg'), 'LC_ALL': 'C.UTF-8',
                            'XDG_CACHE_HOME': str(folder / 'cache'), 'no_proxy': '127.0.0.1'}
        (folder / 'home').mkdir(parents=True, exist_ok=True)
        self.work = folder / 'work'
        self.work.mkdir(exist_ok=True)
        self.token = None
        if user:
            self.token = expect(user.post('/account/token', {'name': 'kabuto'}), 200).json()['token']
            self.write_config(f'url = {kabuto.url}\ntoken = {self.token}\n')

    def write_config(self, text, mode=0o600):
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.config.write_text(text)
        self.config.chmod(mode)

    def surroundings(self, more):
        """The environment with these variables more; a value of None removes one."""
        values = {**self.environment, **(more or {})}
        return {name: str(value) for name, value in values.items() if value is not None}

    def start(self, *words, env=None, cwd=None, **kw):
        """Popen with pipes; the caller ends it."""
        for stream in ('stdout', 'stderr'):
            kw.setdefault(stream, subprocess.PIPE)
        kw.setdefault('stdin', subprocess.DEVNULL)
        kw.setdefault('preexec_fn', heed_signals)
        return subprocess.Popen([self.program, *map(str, words)], env=self.surroundings(env),
                                cwd=cwd or self.work, **kw)

    def run(self, *words, input=None, timeout=120, text=True, **kw):
        """Runs it to its end: returncode, stdout, stderr."""
        if input is not None:
            kw['stdin'] = subprocess.PIPE
        process = self.start(*words, text=text, **kw)
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def say(self, *words, **kw):
        """What it prints; it must succeed and say nothing on stderr."""
        done = self.run(*words, **kw)
        assert (done.returncode, done.stderr) == (0, ''), done
        return done.stdout

    def json(self, *words, **kw):
        return json.loads(self.say(*words, **kw))

    def fails(self, status, *words, says=(), **kw):
        """It must end with this status and one line on stderr that has these words; gives it. Wrong
        use (2) is followed by the usage."""
        done = self.run(*words, **kw)
        assert done.returncode == status, done
        lines = done.stderr.splitlines()
        assert status == 2 or len(lines) == 1, done.stderr
        assert lines[0].startswith('kabuto: '), done.stderr
        assert status != 2 or lines[1].startswith('usage: kabuto '), done.stderr
        for word in [says] if isinstance(says, str) else says:
            assert word in lines[0], done.stderr
        return lines[0]

    def terminal(self, *words, env=None, cwd=None, columns=100, program=None):
        """The same in a terminal of its own, with colours."""
        return Terminal([program or self.program, *map(str, words)],
                        self.surroundings({'TERM': 'xterm', 'PAGER': '', **(env or {})}),
                        cwd or self.work, columns)


def answer_bytes(status='200 OK', body=b'{}', *lines):
    """An answer for Listener."""
    head = [f'HTTP/1.1 {status}', f'Content-Length: {len(body)}', 'Connection: close', *lines]
    return '\r\n'.join(head).encode() + b'\r\n\r\n' + body


class Listener:
    """A server that reads what comes and answers each connection with the next of some bytes (the
    last one again and again), one connection after the other. requests has all that each of them
    has sent. certificates: a folder of certificates.make, for https."""

    def __init__(self, *answers, certificates=None):
        self.answers, self.requests = list(answers), []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.context = None
        if certificates:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates / 'server.pem', certificates / 'server.key')
        scheme = 'https' if certificates else 'http'
        self.url = f'{scheme}://127.0.0.1:{self.socket.getsockname()[1]}'
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                try:
                    if self.context:
                        connection = self.context.wrap_socket(connection, server_side=True)
                    self.answer(connection)
                except OSError:
                    pass
                finally:
                    connection.close()

    def answer(self, connection):
        self.requests.append(connection.recv(65536))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        connection.sendall(answer)
        if not self.context:
            connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(65536):
            self.requests[-1] += data

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)


class Terminal:
    """A program in a pseudo-terminal that is its controlling one; both streams come in .text."""

    def __init__(self, command, env, cwd, columns=100):
        self.raw = b''
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                heed_signals()
                os.chdir(cwd)
                os.execve(command[0], list(map(str, command)), env)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
        self.status = None

    @property
    def text(self):
        return self.raw.decode('utf-8', 'replace').replace('\r\n', '\n')

    def pump(self, seconds=0.0):
        """Reads what is there; gives False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the other end is closed
            data = b''
        self.raw += data
        return bool(data)

    def wait_for(self, text, seconds=60):
        """Until the terminal shows this text."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, f'waited in vain for {text!r}: {self.text!r}'
            if not self.pump(0.1):
                assert text in self.text, f'it ended without {text!r}: {self.text!r}'
        return self.text

    def send(self, text):
        os.write(self.fd, text.encode())

    def press_interrupt(self):
        """Ctrl-C, as the terminal sends it."""
        self.send('\x03')

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def wait(self, seconds=120):
        """Until it ends; gives the exit status as a shell has it."""
        def ended():
            self.pump()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return pid and (status,)
        status, = until(ended, 'the program in the terminal ends', seconds)
        while self.pump(0.0) and select.select([self.fd], [], [], 0)[0]:
            pass
        os.close(self.fd)
        self.status = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return self.status

    def end(self):
        """Kills it if it still runs."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
