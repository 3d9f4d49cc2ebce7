"""A user of the API, in as few words as tests like."""
import hashlib
import io
import secrets
import time
import zipfile

import requests

import description
from wait import until

PASSWORD = 'SecreT'
# A job that ends when the test says so (Kabuto.let_go), or by its timeout.
WAIT = 'until [ -e /outbox/go ]; do sleep 0.05; done'

password_hashes = []  # of PASSWORD, once this process has one


def now_ms():
    return time.time_ns() // 1_000_000


class Client:
    def __init__(self, kabuto):
        self.kabuto, self.url = kabuto, kabuto.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.login, self.known_images = None, {}

    def call(self, method, path, **kw):
        kw.setdefault('timeout', 120)
        answer = self.session.request(method, self.url + path, **kw)
        if not kw.get('stream'):
            description.check(answer)
        return answer

    def get(self, path, **kw):
        return self.call('GET', path, **kw)

    def post(self, path, data=None, **kw):
        return self.call('POST', path, data=data, **kw)

    def json(self, path, **kw):
        """The body of a GET that must succeed."""
        return expect(self.get(path, **kw), 200).json()

    # Accounts

    def register(self, login, password=PASSWORD, email='me@example.org'):
        return self.post('/register', {'login': login, 'password': password, 'email': email})

    def confirm(self, login, token):
        return self.get(f'/register/confirm/{login}/{token}')

    def log_in(self, login, password=PASSWORD):
        return self.post('/login', {'login': login, 'password': password})

    def enter(self, login):
        """A new account, logged in. The first one enters by calls. The others get rows as the
        handlers write them: a hash of a password costs as much as the rest of a test."""
        if not password_hashes:
            self.enter_by_calls(login)
            password_hashes.append(self.kabuto.sql(
                'SELECT password_hash FROM account WHERE login = ?', login)[0][0])
            return self
        self.kabuto.sql('INSERT INTO account (login, email, password_hash, created_at) VALUES '
                        "(?, 'me@example.org', ?, ?)", login, password_hashes[0], now_ms())
        return self.open_session(login)

    def enter_by_calls(self, login):
        """Registers, confirms and logs in, so that the account has the events of these calls."""
        token = expect(self.register(login), 200).json()['token']
        expect(self.confirm(login, token), 200)
        expect(self.log_in(login), 200)
        self.login = login
        return self

    def open_session(self, login):
        """Logs in without the password."""
        token = secrets.token_urlsafe(32)
        digest = hashlib.blake2b(token.encode(), digest_size=32).digest()
        self.kabuto.sql('INSERT INTO session (hash, account, used_at) SELECT ?, id, ? FROM account '
                        'WHERE login = ?', digest, now_ms(), login)
        self.session.cookies.set('session', token, domain='127.0.0.1', path='/')
        self.login = login
        return self

    def again(self):
        """Another session of the same account."""
        return Client(self.kabuto).open_session(self.login)

    # Images

    def build(self, dockerfile='FROM busybox\n', name='test', files=None, **fields):
        """POST /image; gives the id of the build."""
        data = {'name': name, **fields}
        if dockerfile is not None:
            data['dockerfile'] = dockerfile
        return expect(self.post('/image', data, files=files), 200).json()['build_id']

    def build_state(self, build):
        return self.json(f'/image/build/{build}')

    def wait_build(self, build, state=None):
        def ended():
            last[0] = self.build_state(build)
            return last[0]['state'] != 'PENDING' and last[0]
        last = [None]
        answer = until(ended, f'build {build} ends', 120)
        assert state in (None, answer['state']), answer
        return answer

    def image(self, dockerfile='FROM busybox\n', **kw):
        """Builds it and gives the id of the image; one without files is built once a session."""
        if kw:
            return self.wait_build(self.build(dockerfile, **kw), 'SUCCESS')['id']
        if dockerfile not in self.known_images:
            self.known_images[dockerfile] = \
                self.wait_build(self.build(dockerfile), 'SUCCESS')['id']
        return self.known_images[dockerfile]

    # Pipelines and jobs

    def pipeline(self, name='test', **fields):
        return expect(self.post('/pipeline', {'name': name, **fields}), 200).json()['id']

    def pipeline_state(self, pipeline):
        return self.json(f'/pipeline/{pipeline}')[str(pipeline)]

    def post_job(self, pipeline, command=None, files=None, **fields):
        """POST of a job, whatever the answer; files: [(name, content)]."""
        data = {'image_id': fields.pop('image', None) or self.image(), **fields}
        if command is not None:
            data['command'] = command
        parts = [('attachments', file) for file in files or []]
        return self.post(f'/pipeline/{pipeline}/job', data, files=parts or None)

    def job(self, pipeline, command=None, files=None, **fields):
        return expect(self.post_job(pipeline, command, files, **fields), 200).json()['id']

    def submit(self, pipeline):
        return expect(self.post(f'/pipeline/{pipeline}/submit'), 200).json()

    def state(self, pipeline, job):
        return self.json(f'/pipeline/{pipeline}/job/{job}')[str(job)]

    def wait_state(self, pipeline, job, *states, seconds=120):
        def reached():
            last[0] = self.state(pipeline, job)
            return last[0]['state'] in states and last[0]
        last = [None]
        try:
            return until(reached, f'job {job} is {" or ".join(states)}', seconds)
        except AssertionError as error:
            raise AssertionError(f'{error}; it is {last[0]}') from None

    def wait_job(self, pipeline, job, seconds=120):
        return self.wait_state(pipeline, job, 'done', 'failed', seconds=seconds)

    def begin(self, command=None, files=None, **fields):
        """A pipeline with one job, submitted; gives the ids of both."""
        pipeline = self.pipeline()
        job = self.job(pipeline, command, files, **fields)
        self.submit(pipeline)
        return pipeline, job

    def run(self, command=None, files=None, **fields):
        """The same, waited for; gives the job at its end."""
        pipeline, job = self.begin(command, files, **fields)
        return self.wait_job(pipeline, job)

    # Logs and results

    def log(self, job, last='', **params):
        """The log's lines, after an id if one is given."""
        path = f'/execution/{job}/logs' + (f'/{last}' if last != '' else '')
        return self.json(path, params=params)

    def lines(self, job, stream='stdout', **params):
        """The texts of one stream's lines."""
        return [x['logline'] for x in self.log(job, **params) if x['stream'] == stream]

    def wait_line(self, job, text):
        """Waits until the log has this line."""
        return until(lambda: [x for x in self.log(job) if x['logline'] == text],
                     f'line {text!r} in the log of job {job}')[0]

    def download(self, job, **kw):
        """GET of the results of a job (as its state was given), whatever the answer."""
        return self.get(f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}?result', **kw)

    def results(self, job):
        """The zip, read."""
        answer = expect(self.download(job), 200)
        return zipfile.ZipFile(io.BytesIO(answer.content))


def expect(answer, status):
    assert answer.status_code == status, \
        f'{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}'
    return answer


def refused(answer, status, *words):
    """It is an error as the API page has them, and its text has these words."""
    expect(answer, status)
    assert answer.headers['Content-Type'] == 'application/json; charset=utf-8'
    error = answer.json()['error']
    assert error, 'an error without a text'
    for word in words:
        assert word.lower() in error.lower(), error
    return error
