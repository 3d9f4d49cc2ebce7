"""A server that a container in network `bridge` asks, and that answers when the test says so."""
import http.server
import threading


class HoldingServer:
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
