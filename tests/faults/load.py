"""Users who post jobs, whatever happens, and know what each job must leave."""
import collections
import hashlib
import io
import threading
import zipfile

from beside import Builder, Killer, Reader, Uploader
from caller import PATIENCE_S, Caller
from client import expect
from wait import until

LINES = 6
FILE_LINES = 400
BATCH = 5       # jobs of a pipeline
AHEAD = 10      # jobs of one user that may wait for their end
RETRIES = 10

MARKED = '''
set -e
echo begun >> /outbox/starts
i=0
while [ $i -lt {lines} ]; do
    echo "{mark} out $i"
    echo "{mark} err $i" >&2
    sleep {pause}
    i=$((i + 1))
done
i=0
while [ $i -lt {file_lines} ]; do
    echo "{mark} line $i"
    i=$((i + 1))
done > /outbox/file
if [ -e /inbox/a ]; then cp /inbox/a /outbox/copy; fi
cd /outbox
sha256sum -c > /dev/null << END
{sums}
END
'''
SPOILING = '''
echo "{mark} spoils"
head -c 5000 /dev/urandom >> /run/kabuto/log
head -c 777 /dev/urandom >> /run/kabuto/idx
echo "{mark} once more"
sleep {pause}
: > /run/kabuto/log
head -c 4096 /dev/urandom > /run/kabuto/idx
echo "{mark} over"
'''


def checksum(content):
    return hashlib.sha256(content).hexdigest()


class Job:
    """What is known of a job before it was posted."""

    def __init__(self, dice):
        self.kind = dice.choices(('plain', 'attached', 'single', 'spoiling', 'failing'),
                                 (6, 4, 2, 2, 1))[0]
        self.mark = f'{dice.getrandbits(64):016x}'
        pause = f'{dice.uniform(0.02, 0.4):.2f}'
        self.files = {}
        content = ''.join(f'{self.mark} line {i}\n' for i in range(FILE_LINES)).encode()
        self.sums = {'file': checksum(content), 'starts': checksum(b'begun\n')}
        if self.kind == 'attached':
            self.files['a'] = dice.randbytes(dice.randrange(1, 300000))
            self.sums['copy'] = checksum(self.files['a'])
        sums = '\n'.join(f'{value}  {name}' for name, value in self.sums.items())
        self.command = (SPOILING if self.kind == 'spoiling' else MARKED).format(
            mark=self.mark, pause=pause, lines=LINES, file_lines=FILE_LINES, sums=sums)
        if self.kind == 'failing':
            self.command += 'exit 7\n'
        self.retries = 0 if self.kind in ('single', 'failing') else RETRIES
        self.lines = {stream: [f'{self.mark} {stream[3:]} {i}' for i in range(LINES)]
                      for stream in ('stdout', 'stderr')}
        self.id = self.user = self.pipeline = None


class User(Caller):
    """Posts so many jobs, in pipelines of a few, and submits them."""

    def __init__(self, load, client, count):
        super().__init__(load, client)
        self.count = count

    def work(self):
        while self.count > 0 and not self.load.over.is_set():
            self.post_pipeline(min(BATCH, self.count))
            self.count -= BATCH

    def post_pipeline(self, count):
        answer = self.stubborn('POST', '/pipeline', data={'name': 'storm', 'max_parallel': 3})
        pipeline = answer.json()['id']
        for _ in range(count):
            until(lambda: self.load.over.is_set() or self.waiting() < AHEAD, 'jobs end', PATIENCE_S)
            self.post(pipeline, Job(self.dice))
        self.submit(pipeline)

    def waiting(self):
        return sum(1 for job in list(self.load.promised.values())
                   if job.user is self and job.id not in self.load.ended)

    def post(self, pipeline, job):
        data = {'image_id': self.client.image(), 'command': job.command, 'retries': job.retries}
        files = [('attachments', file) for file in job.files.items()]
        answer = self.stubborn('POST', f'/pipeline/{pipeline}/job', data=data, files=files or None)
        job.id, job.user, job.pipeline = answer.json()['id'], self, pipeline
        self.load.promised[job.id] = job

    def submit(self, pipeline):
        """Not once more where it was carried out unanswered: that would run all jobs again."""
        def submitted():
            return not self.stubborn('GET', f'/pipeline/{pipeline}/job?state=ready').json()
        self.stubborn('POST', f'/pipeline/{pipeline}/submit', unless=submitted)


def another(client):
    """A session of the same user, who knows the same images."""
    other = client.again()
    other.known_images = client.known_images
    return other


class Load:
    """All who call, and what they were promised."""

    def __init__(self, clients, count, dice):
        self.dice, self.over = dice, threading.Event()
        self.short_of_memory = False
        self.promised, self.ended = {}, set()
        self.refused, self.reads = collections.Counter(), 0
        share = -(-count // len(clients))
        self.users = [User(self, client, share) for client in clients]
        self.total = share * len(clients)
        self.uploader = Uploader(self, another(clients[0]))
        self.builder = Builder(self, another(clients[1]))
        self.killer = Killer(self, another(clients[2]))
        self.beside = [self.uploader, self.builder, self.killer,
                       *(Reader(self, another(client)) for client in clients)]

    def start(self):
        for caller in (*self.users, *self.beside):
            caller.start()
        return self

    def look(self, kabuto):
        """Notes which jobs have ended; gives the number of those that were promised."""
        self.ended = {row[0] for row in
                      kabuto.sql("SELECT id FROM job WHERE state IN ('done', 'failed')")}
        for caller in (*self.users, *self.beside):
            caller.check()
        return len(self.ended & self.promised.keys())

    def finish(self, kabuto):
        """Waits for the end of all that was posted."""
        def posted():
            self.look(kabuto)
            return not any(user.is_alive() for user in self.users)
        until(posted, 'all jobs are posted', PATIENCE_S)
        self.close()
        until(lambda: not kabuto.at_work(), 'all jobs and builds end', PATIENCE_S)
        self.look(kabuto)

    def close(self):
        self.over.set()
        for caller in (*self.users, *self.beside):
            if caller.is_alive():
                caller.join(60)
            assert not caller.is_alive(), f'{caller} does not come to an end: {caller.doing}'


def read_log(client, job, attempt):
    """The lines of each stream."""
    lines = {'stdout': [], 'stderr': [], 'system': []}
    for line in client.log(job, attempt=attempt):
        lines[line['stream']].append(line['logline'])
    return lines


def read_results(client, job):
    """The files of the zip with their checksums."""
    answer = expect(client.get(f'/pipeline/{job.pipeline}/job/{job.id}?result'), 200)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        return {name: checksum(file.read(name)) for name in file.namelist()}
