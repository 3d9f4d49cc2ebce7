"""Serves fcgi/www below /ui/ without Kabuto, for the tests of modules that need no server."""
import http.server
import threading

CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
       "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
TYPES = {'.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.svg': 'image/svg+xml'}
EMPTY = '/ui/empty'  # a page without content


class ModuleServer:
    def __init__(self, folder):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.split('?')[0].removeprefix('/ui/')
                file = folder / name
                found = self.path == EMPTY or '..' not in name and file.is_file()
                self.send_response(200 if found else 404)
                self.send_header('Content-Type', TYPES.get(file.suffix, 'text/html'))
                self.send_header('Content-Security-Policy', CSP)
                self.send_header('Cache-Control', 'no-store')
                self.end_headers()
                if self.path == EMPTY:
                    self.wfile.write(b'<!doctype html><title>empty</title>')
                elif found:
                    self.wfile.write(file.read_bytes())

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self.server.server_port}'

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
