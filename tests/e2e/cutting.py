"""A network between a client and Kabuto that breaks when a test says so."""
import contextlib
import socket
import threading


class CuttingProxy:
    """
    Passes TCP connections on to a port of this machine.

    `connections` counts those that there were.
    """

    def __init__(self, port):
        self.to, self.down_most, self.up_most, self.times = port, None, None, 0
        self.connections, self.open = 0, set()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client):
        self.connections += 1
        try:
            server = socket.create_connection(('127.0.0.1', self.to))
        except OSError:
            client.close()
            return
        self.open |= {client, server}
        limited, self.times = self.times > 0, self.times - 1
        up = threading.Thread(target=self.copy, daemon=True,
                              args=(client, server, self.up_most if limited else None))
        up.start()
        self.copy(server, client, self.down_most if limited else None)
        up.join()
        for one in (client, server):
            self.open.discard(one)
            one.close()

    def copy(self, source, to, most):
        """Copies until either side ends, or to the limit."""
        left = most
        with contextlib.suppress(OSError):
            while left is None or left > 0:
                data = source.recv(65536 if left is None else min(left, 65536))
                if not data:
                    break
                to.sendall(data)
                left = left and left - len(data)
        for one in (source, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def limit(self, down=None, up=None, times=1000):
        """Breaks the next connections after so many bytes to the client or to the server."""
        self.down_most, self.up_most, self.times = down, up, times
        self.cut()

    def cut(self):
        """Breaks all connections."""
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.cut()
