"""A proxy between a client and a Kabuto whose connections can be held, as by a network that is cut."""
import socket
import threading

from engine import free_port


class Cutter:
    """Passes bytes on until hold() or hold_answers(); let_go() passes on what has come meanwhile."""

    def __init__(self, kabuto):
        self.target, self.port = kabuto.port, free_port()
        self.url = f'http://127.0.0.1:{self.port}'
        self.asked, self.answered = threading.Event(), threading.Event()
        self.let_go()
        self.accepted, self.ends, self.held = 0, [], False
        self.listener = socket.create_server(('127.0.0.1', self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def hold(self):
        self.asked.clear()
        self.answered.clear()

    def hold_answers(self):
        """The server gets what is sent, and the client no answer."""
        self.answered.clear()

    def throttle(self, most):
        """Holds the answers once this many bytes more of them have come."""
        self.left = most

    def let_go(self):
        self.left = None
        self.asked.set()
        self.answered.set()

    def cut(self):
        """Ends all connections, in the middle of whatever they do."""
        for end in self.ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
        self.let_go()
        self.cut()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            self.accepted += 1
            try:
                far = socket.create_connection(('127.0.0.1', self.target))
            except OSError:
                near.close()
                continue
            self.ends += [near, far]
            for way in ((near, far, self.asked), (far, near, self.answered)):
                threading.Thread(target=self.copy, args=way, daemon=True).start()

    def count(self, way, length):
        if way is self.answered and self.left is not None:
            self.left -= length
            if self.left < 0:
                way.clear()

    def copy(self, source, target, way):
        try:
            while data := source.recv(65536):
                self.count(way, len(data))
                self.held = self.held or not way.is_set()
                way.wait()
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
