"""A registry of the tests' own, on loopback: Debian's docker-registry, with a user and a password."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

from wait import until

CONFIG = '''version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}
'''
MANIFEST = ('application/vnd.docker.distribution.manifest.v2+json, '
            'application/vnd.oci.image.manifest.v1+json')  # of the containerd image store


class Registry:
    def __init__(self, folder, port, username, password):
        self.folder, self.port = pathlib.Path(folder), port
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.address = f'127.0.0.1:{self.port}'
        self.username, self.password, self.process = username, password, None
        self.set_password(password)
        (self.folder / 'config.yml').write_text(CONFIG.format(folder=folder, port=self.port))
        self.start()

    def set_password(self, password):
        """The registry asks for this one from its next call on."""
        self.password = password
        line = subprocess.run(['htpasswd', '-niB', self.username], input=password, check=True,
                              capture_output=True, text=True).stdout
        (self.folder / 'htpasswd').write_text(line.strip() + '\n')

    def start(self):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen(
                ['docker-registry', 'serve', self.folder / 'config.yml'], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env={**os.environ, 'OTEL_TRACES_EXPORTER': 'none'})
        until(self.answers, f'the registry answers (log: {self.folder}/log)')

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def destroy(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def text(self):
        return (self.folder / 'log').read_text('utf-8', 'replace')

    def answers(self):
        assert self.process.poll() is None, self.text()
        try:
            return self.get('/v2/') is not None
        except OSError:
            return False

    def open(self, method, path, **headers):
        login = base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()
        request = urllib.request.Request(f'http://{self.address}{path}', method=method,
                                         headers={'Authorization': 'Basic ' + login, **headers})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(request, timeout=30)

    def get(self, path):
        """The JSON there, or None for what is not."""
        try:
            with self.open('GET', path) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def tags(self, repository):
        return (self.get(f'/v2/{repository}/tags/list') or {}).get('tags') or []

    def repositories(self):
        return self.get('/v2/_catalog')['repositories']

    def remove(self, repository, tag):
        """Removes the image behind a tag."""
        with self.open('HEAD', f'/v2/{repository}/manifests/{tag}', Accept=MANIFEST) as answer:
            digest = answer.headers['Docker-Content-Digest']
        self.open('DELETE', f'/v2/{repository}/manifests/{digest}').close()
