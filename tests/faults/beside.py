"""Who calls besides the users whose jobs run: uploads, builds and readers."""
from caller import PATIENCE_S, Caller
from client import expect
from wait import until

KEPT_MOST = 30  # uploads that are there at a time
UPLOAD_MOST = 200000
TIMEOUT_S = 15  # of a job that is to be killed, for one of which nobody was told


class Uploader(Caller):
    """Posts jobs that are never submitted, and deletes them again."""

    def __init__(self, load, client):
        super().__init__(load, client)
        self.kept, self.deleted, self.pipeline = {}, set(), None

    def work(self):
        self.pipeline = self.stubborn('POST', '/pipeline', data={'name': 'kept'}).json()['id']
        while not self.load.over.is_set():
            content = self.dice.randbytes(self.dice.randrange(UPLOAD_MOST))
            answer = self.stubborn('POST', f'/pipeline/{self.pipeline}/job',
                                   data={'image_id': self.client.image(), 'command': 'true'},
                                   files=[('attachments', ('a', content))])
            self.kept[answer.json()['id']] = content
            if len(self.kept) > KEPT_MOST:
                self.delete(self.dice.choice(list(self.kept)))

    def delete(self, job):
        """404: the call before this one was carried out, and not answered."""
        self.stubborn('DELETE', f'/pipeline/{self.pipeline}/job/{job}', (200, 404))
        self.kept.pop(job)
        self.deleted.add(job)


class Builder(Caller):
    """Builds one image after the other, each from another context."""

    def __init__(self, load, client):
        super().__init__(load, client)
        self.built = {}  # what the image holds, by the build's id

    def work(self):
        dockerfile = 'FROM busybox\nCOPY a /a\nRUN cat /a /a > /twice\n'
        while not self.load.over.is_set():
            content = self.dice.randbytes(1000).hex()
            answer = self.stubborn('POST', '/image', data={'name': 'x', 'dockerfile': dockerfile},
                                   files=[('attachments', ('a', content))])
            build = int(answer.json()['build_id'])
            self.built[build] = content
            until(lambda: self.load.over.is_set() or self.ended(build), 'the build ends',
                  PATIENCE_S)

    def ended(self, build):
        answer = self.call('GET', f'/image/build/{build}')
        return answer is not None and expect(answer, 200).json()['state'] != 'PENDING'


class Killer(Caller):
    """Begins jobs that do not end, and ends them."""

    def __init__(self, load, client):
        super().__init__(load, client)
        self.killed = set()

    def work(self):
        while not self.load.over.is_set():
            pipeline = self.stubborn('POST', '/pipeline', data={'name': 'killed'}).json()['id']
            answer = self.stubborn('POST', f'/pipeline/{pipeline}/job',
                                   data={'image_id': self.client.image(), 'grace': 0,
                                         'command': 'echo ready; sleep 1000',
                                         'timeout': TIMEOUT_S})
            job = answer.json()['id']
            self.killed.add(job)
            path = f'/pipeline/{pipeline}/job/{job}'
            self.stubborn('POST', f'/pipeline/{pipeline}/submit',
                          unless=lambda: self.state(path) not in (False, 'ready'))
            until(lambda: self.state(path) not in (False, 'ready', 'in_queue'), 'it runs',
                  PATIENCE_S)
            # 409: it has ended, by a fault or by a call that was not answered.
            self.stubborn('POST', path + '/kill', (200, 409))
            until(lambda: self.state(path) == 'failed', 'it ends', PATIENCE_S)

    def state(self, path):
        answer = self.call('GET', path)
        return answer is not None and list(expect(answer, 200).json().values())[0]['state']


class Reader(Caller):
    """Reads logs while they are written, and whole results."""

    def work(self):
        while not self.load.over.is_set():
            job = self.dice.choice(list(self.load.promised.values()) or [None])
            if job is None or job.user.client.login != self.client.login:
                self.load.over.wait(0.02)
                continue
            answer = self.call('GET', f'/execution/{job.id}/logs/0?wait=1&attempt=1')
            if answer is not None and answer.status_code == 200:
                self.load.reads += 1
                known = {line for lines in job.lines.values() for line in lines}
                lines = [x['logline'] for x in answer.json() if x['logline'] in known]
                assert len(lines) == len(set(lines)), answer.text
