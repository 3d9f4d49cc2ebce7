"""A server before another one, that lets nobody in without a user and a password."""
import base64
import glob
import http.client
import http.server
import threading
from urllib.parse import urlsplit


class Gatekeeper:
    """let_in: whether a right one came; seen: arguments of processes that had the password."""

    def __init__(self, url, user, password):
        self.let_in, self.seen = False, []
        where, gate = urlsplit(url).netloc, self
        wanted = 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                gate.look(password)
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                if self.headers.get('Authorization') != wanted:
                    self.send_response(401)
                    self.send_header('WWW-Authenticate', 'Basic realm="x"')
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                    return
                gate.let_in = True
                self.forward(body)

            do_POST = do_GET

            def forward(self, body):
                behind = http.client.HTTPConnection(where, timeout=60)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ('connection', 'host', 'authorization')}
                behind.request(self.command, self.path, body or None, headers)
                answer = behind.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ('transfer-encoding', 'content-length', 'connection'):
                        self.send_header(name, value)
                self.send_header('Content-Length', str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                behind.close()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.netloc = f'127.0.0.1:{self.server.server_port}'

    def look(self, password):
        """What anybody on this machine sees meanwhile."""
        for path in glob.glob('/proc/[0-9]*/cmdline'):
            try:
                with open(path, 'rb') as file:
                    words = file.read()
            except OSError:
                continue
            if password.encode() in words:
                self.seen.append(words)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
