"""Many followers of one log: a keep-alive connection each, all read by one loop."""
import json
import re
import selectors
import socket
import time

LENGTH = re.compile(rb'\r\nContent-Length: *(\d+)', re.I)
CHUNKS_END = b'\r\n0\r\n\r\n'


class Follower:
    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.received, self.body, self.at_ns = b'', None, None

    def ask(self, request):
        self.received, self.body = b'', None
        self.socket.sendall(request)

    def read(self):
        """Whether the answer is complete by what has come now."""
        data = self.socket.recv(65536)
        assert data, 'the web server closed a follower\'s connection'
        self.at_ns = time.time_ns()
        self.received += data
        head, separator, rest = self.received.partition(b'\r\n\r\n')
        if not separator:
            return False
        status = head.split(b'\r\n')[0].decode()
        assert ' 200 ' in status, f'a follower got "{status}": {rest.decode()}'
        length = LENGTH.search(head)
        if length:
            self.body = rest if len(rest) == int(length[1]) else None
        elif self.received.endswith(CHUNKS_END):
            self.body = unchunked(rest)
        return self.body is not None


def unchunked(data):
    body = b''
    while True:
        size, _, data = data.partition(b'\r\n')
        length = int(size, 16)
        if length == 0:
            return body
        body, data = body + data[:length], data[length + 2:]


class Followers:
    """with Followers(…) as crowd: each call of ask and wait is one round of all of them."""

    def __init__(self, port, header, job, count):
        self.port, self.header, self.job, self.count = port, header, job, count
        self.selector, self.all = selectors.DefaultSelector(), []

    def __enter__(self):
        for _ in range(self.count):
            follower = Follower(self.port)
            self.all.append(follower)
            self.selector.register(follower.socket, selectors.EVENT_READ, follower)
        return self

    def __exit__(self, *_):
        for follower in self.all:
            follower.socket.close()
        self.selector.close()

    def ask(self, after):
        """All wait for what comes after this id."""
        request = (f'GET /execution/{self.job}/logs/{after}?wait=30 HTTP/1.1\r\n'
                   f'Host: 127.0.0.1\r\n{self.header}\r\n\r\n').encode()
        for follower in self.all:
            follower.ask(request)

    def wait(self, text):
        """Until all have an answer, which must be one line with that text.

        Gives when each answer came, in ns, and the line's id.
        """
        left, deadline = self.count, time.monotonic() + 60
        while left > 0:
            assert time.monotonic() < deadline, f'{left} followers got no answer'
            for key, _ in self.selector.select(1):
                left -= key.data.read()
        bodies = {follower.body for follower in self.all}
        assert len(bodies) == 1, f'followers were told different things: {bodies}'
        lines = json.loads(bodies.pop())
        assert [line['logline'] for line in lines] == [text], \
            f'followers were told {lines}, not "{text}"'
        return [follower.at_ns for follower in self.all], lines[0]['id']
