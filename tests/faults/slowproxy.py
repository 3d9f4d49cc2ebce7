"""A proxy before a web server that passes on so many bytes a second in each direction."""
import socket
import threading
import time

PIECE = 65536


class SlowProxy:
    def __init__(self, port, rate):
        self.port, self.rate = port, rate
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            try:
                far = socket.create_connection(('127.0.0.1', self.port))
            except OSError:
                near.close()
                continue
            for way in ((near, far), (far, near)):
                threading.Thread(target=self.copy, args=way, daemon=True).start()

    def copy(self, source, target):
        try:
            while data := source.recv(PIECE):
                time.sleep(len(data) / self.rate)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
