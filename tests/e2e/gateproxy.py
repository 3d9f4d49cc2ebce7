"""A proxy before a Kabuto that stops at a byte of an upload or a download until the test goes on."""
import contextlib
import socket
import threading

from wait import until


class GateProxy:
    """Passes connections on. `heads` has the first bytes of each call, `down` the bytes of answers."""

    def __init__(self, kabuto):
        self.kabuto, self.heads, self.down = kabuto, [], 0
        self.limits, self.stopped, self.go_on = {}, threading.Event(), threading.Event()
        self.open, self.accepted = set(), 0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

    def stop_at(self, *, up=None, down=None):
        """The next connection that has passed so many bytes stops there."""
        self.limits = {'up': up, 'down': down}
        self.stopped.clear(), self.go_on.clear()

    def wait_stopped(self):
        until(self.stopped.is_set, 'the transfer reaches the byte where it is to stop')

    def release(self):
        """Goes on."""
        self.limits = {}
        self.go_on.set()

    def release_upload(self):
        """Goes on with the upload, and stops before the next byte of an answer."""
        self.limits = {'down': 0}
        self.stopped.clear(), self.go_on.set(), self.go_on.clear()

    def cut(self):
        """Ends all connections."""
        self.limits = {}
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.go_on.set()

    def close(self):
        self.listener.close()
        self.cut()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                near = self.listener.accept()[0]
                self.accepted += 1
                try:
                    far = socket.create_connection(('127.0.0.1', self.kabuto.port))
                except OSError:
                    near.close()
                    continue
                self.open |= {near, far}
                for way in ((near, far, 'up'), (far, near, 'down')):
                    threading.Thread(target=self.copy, args=way, daemon=True).start()

    def copy(self, source, target, way):
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if way == 'up' and data.startswith((b'GET ', b'PUT ', b'POST ')):
                    self.heads.append(data)
                limit = self.limits.get(way)
                if limit is not None and passed + len(data) > limit:
                    before = max(limit - passed, 0)
                    self.pass_on(target, data[:before], way)
                    self.stopped.set()
                    self.go_on.wait(120)
                    data, passed = data[before:], passed + before
                self.pass_on(target, data, way)
                passed += len(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()  # so that what still comes is refused, as by a program that was killed
            self.open.discard(one)

    def pass_on(self, target, data, way):
        target.sendall(data)
        if way == 'down':
            self.down += len(data)
