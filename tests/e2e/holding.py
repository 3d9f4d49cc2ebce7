"""Servers that do what they are asked for when the test says so."""
import http.server
import re
import socket
import threading

from engine import EngineProxy
from wait import until


class HoldingServer:
    """One that a container in network `bridge` asks; it answers when it is released."""

    def __init__(self):
        self.gate, self.asked = threading.Event(), []
        gate, asked = self.gate, self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                gate.wait(120)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('0.0.0.0', 0), Handler)
        self.server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.release()
        self.server.shutdown()
        self.server.server_close()

    def release(self):
        self.gate.set()

    def address(self, client):
        """Where a container finds it: the bridge's own address."""
        return f'{client.kabuto.engine.address}:{self.server.server_port}'


class Call:
    """A call of the engine that a HoldingProxy holds back."""

    def __init__(self, caller, request):
        self.caller, self.request = caller, request
        self.passes, self.engine = True, None
        self.decided, self.answered = threading.Event(), threading.Event()
        self.delivered = threading.Event()

    def cut(self):
        """Its caller does not hear of it any more."""
        self.caller.shutdown(socket.SHUT_RDWR)

    def release(self, deliver=True):
        """Lets it through, and waits for the engine's answer, whether its caller lives or not."""
        if deliver:
            self.deliver()
        self.decided.set()
        assert self.answered.wait(60), f'the engine does not answer {self.request}'

    def deliver(self):
        """Lets the answer through, too."""
        self.delivered.set()

    def answer(self, body, status=200):
        """The engine never gets it: its caller gets this, once it has sent all of the request."""
        sent = self.request
        while b'\r\nTransfer-Encoding: chunked\r\n' in sent and not sent.endswith(b'\r\n0\r\n\r\n'):
            sent += self.caller.recv(65536)
        self.caller.sendall(b'HTTP/1.1 %d -\r\nContent-Type: application/json\r\n' % status +
                            b'Connection: close\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
        self.drop()

    def drop(self):
        """The engine never gets it."""
        self.passes = False
        self.decided.set()


class HoldingProxy(EngineProxy):
    """Another socket of the engine: it holds back, or refuses, calls whose first line matches."""

    def __init__(self, engine, path):
        self.held, self.refused, self.calls = None, None, []
        self.refusals = 0
        super().__init__(engine, path)

    def hold(self, pattern):
        self.held = pattern and re.compile(pattern.encode())

    def refuse(self, pattern):
        """They get HTTP 500."""
        self.refused = pattern and re.compile(pattern.encode())

    def wait_held(self, count):
        """The last of that many calls, once all of them are held."""
        until(lambda: len(self.calls) >= count, f'{count} calls are held')
        return self.calls[count - 1]

    def release_all(self):
        self.hold(None), self.refuse(None)
        for call in self.calls:
            call.deliver()
            call.decided.set()

    def copy(self, source, target):
        """Either direction; an answer's beginning matches nothing."""
        passed = []
        try:
            while data := source.recv(65536):
                if self.refused and self.refused.match(data):
                    self.refusals += 1
                    source.sendall(REFUSAL)
                    continue
                if self.held and self.held.match(data):
                    data = whole(source, data)
                    passed.append(self.decide(source, target, data))
                    if not passed[-1].passes:
                        break
                for call in self.calls:
                    if call.engine is source:
                        call.answered.set()
                        call.delivered.wait(120)
                target.sendall(data)
        except OSError:
            pass
        # An engine that sees its caller go may leave undone what it was asked for.
        for call in passed:
            if call.passes:
                call.answered.wait(60)
        self.end(source, target)

    def decide(self, source, target, request):
        """The call, once the test has said what becomes of it."""
        call = Call(source, request)
        self.calls.append(call)
        call.decided.wait(120)
        call.engine = target
        return call


REFUSAL = (b'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n'
           b'Content-Length: 21\r\n\r\n{"message":"refused"}')


def whole(source, data):
    """A request with all of its body."""
    head, _, body = data.partition(b'\r\n\r\n')
    length = re.search(rb'content-length: *(\d+)', head.lower())
    while length and len(body) < int(length[1]) and (more := source.recv(65536)):
        data, body = data + more, body + more
    return data
