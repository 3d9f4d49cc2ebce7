"""A proxy before a Kabuto that stops at a byte of an upload or a download until the test goes on."""
import threading

from relay import Relay
from wait import until


class GateProxy(Relay):
    """Passes connections on. `heads` has the first bytes of each call, `down` the bytes of answers."""

    def __init__(self, kabuto):
        self.heads, self.down = [], 0
        self.limits, self.stopped, self.go_on = {}, threading.Event(), threading.Event()
        super().__init__(kabuto)

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
        super().cut()
        self.go_on.set()

    def pass_on(self, way, data):
        if way.name == 'up' and data.startswith((b'GET ', b'PUT ', b'POST ')):
            self.heads.append(data)
        limit = self.limits.get(way.name)
        if limit is not None and way.passed + len(data) > limit:
            before = max(limit - way.passed, 0)
            self.send(way, data[:before])
            self.stopped.set()
            self.go_on.wait(120)
            data = data[before:]
        self.send(way, data)

    def send(self, way, data):
        super().pass_on(way, data)
        if way.name == 'down':
            self.down += len(data)
