"""Git and Mercurial repositories, served by http on loopback."""
import http.server
import os
import subprocess
import threading

ENVIRONMENT = {**os.environ, 'HOME': '/nonexistent', 'GIT_CONFIG_GLOBAL': '/dev/null',
               'HGUSER': 'me',
               'GIT_AUTHOR_NAME': 'me', 'GIT_AUTHOR_EMAIL': 'me@example.org',
               'GIT_COMMITTER_NAME': 'me', 'GIT_COMMITTER_EMAIL': 'me@example.org'}


class GitHandler(http.server.BaseHTTPRequestHandler):
    """Git's smart protocol, by git http-backend."""

    def do_GET(self):
        path, _, query = self.path.partition('?')
        self.server.asked.append(path)
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        environment = {
            **ENVIRONMENT, 'GIT_PROJECT_ROOT': self.server.folder, 'GIT_HTTP_EXPORT_ALL': '1',
            'REQUEST_METHOD': self.command, 'PATH_INFO': path, 'QUERY_STRING': query,
            'CONTENT_TYPE': self.headers.get('Content-Type', ''),
            'CONTENT_LENGTH': str(len(body)),
            'HTTP_CONTENT_ENCODING': self.headers.get('Content-Encoding', ''),
            'GIT_PROTOCOL': self.headers.get('Git-Protocol', '')}
        answer = subprocess.run(['git', '-c', 'safe.directory=*', 'http-backend'], input=body,
                                env=environment, check=True, capture_output=True).stdout
        head, _, body = answer.partition(b'\r\n\r\n')
        fields = dict(line.split(': ', 1) for line in head.decode().split('\r\n'))
        fields.setdefault('Content-Length', str(len(body)))
        self.send_response(int(fields.pop('Status', '200')[:3]))
        for field in fields.items():
            self.send_header(*field)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


def run(folder, *command):
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True)


class Repositories:
    """A folder of git repositories, served by http; hg ones by hg serve."""

    def __init__(self, folder, address='127.0.0.1'):
        self.folder, self.address, self.hg = folder, address, None
        self.server = http.server.ThreadingHTTPServer((address, 0), GitHandler)
        self.server.asked, self.server.folder = [], str(folder)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f'http://{address}:{self.server.server_port}'

    def git(self, name, files, executable=()):
        """Makes a bare repository of these files; gives its URL."""
        work, bare = self.folder / f'{name}.work', self.folder / f'{name}.git'
        work.mkdir()
        run(work, 'git', 'init', '-q', '-b', 'main')
        self.write(work, files)
        for file in executable:
            (work / file).chmod(0o755)
        run(work, 'git', 'add', '-A')
        run(work, 'git', 'commit', '-q', '-m', 'first')
        run(self.folder, 'git', 'clone', '-q', '--bare', str(work), str(bare))
        return f'{self.url}/{name}.git'

    def mercurial(self, name, files, prepare=lambda work: None, options=()):
        """Makes a repository, prepares its folder, and serves it by hg serve; gives its URL."""
        self.stop_mercurial()
        work = self.folder / name
        work.mkdir()
        run(work, 'hg', 'init')
        self.write(work, files)
        run(work, 'hg', 'commit', '-q', '-A', '-m', 'first', '-u', 'me')
        prepare(work)
        self.hg = subprocess.Popen(['hg', *options, 'serve', '-a', self.address, '-p', '0',
                                    '--print-url'], cwd=work,
                                   env=ENVIRONMENT, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        port = self.hg.stdout.readline().strip().rstrip('/').rsplit(':', 1)[1]
        return f'http://{self.address}:{port}'

    @staticmethod
    def write(folder, files):
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.stop_mercurial()

    def stop_mercurial(self):
        if self.hg:
            self.hg.terminate()
            self.hg.wait()
            self.hg.stdout.close()
            self.hg = None
