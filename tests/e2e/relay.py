"""A proxy between a client and a Kabuto. Its subclasses hold, count or cut what passes."""
import contextlib
import socket
import threading


class Way:
    """One direction of a connection: 'up' to Kabuto, or 'down' to the client."""

    def __init__(self, name, source, target):
        self.name, self.source, self.target, self.passed = name, source, target, 0


class Relay:
    """Passes on what comes. `accepted` counts the connections."""

    def __init__(self, kabuto):
        self.kabuto, self.accepted, self.open = kabuto, 0, set()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

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
                for way in self.ways(near, far):
                    threading.Thread(target=self.copy, args=(way,), daemon=True).start()

    def ways(self, near, far):
        """The two directions of a new connection."""
        return Way('up', near, far), Way('down', far, near)

    def copy(self, way):
        """Passes on until either side ends, or pass_on raises an OSError."""
        with contextlib.suppress(OSError):
            while data := way.source.recv(65536):
                self.pass_on(way, data)
        for end in (way.source, way.target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()  # so that what still comes is refused, as by a program that was killed
            self.open.discard(end)

    def pass_on(self, way, data):
        way.target.sendall(data)
        way.passed += len(data)

    def cut(self):
        """Ends all connections, in the middle of whatever they do."""
        for end in list(self.open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # ends accept()
        self.listener.close()
        self.cut()
