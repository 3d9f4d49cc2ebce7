"""Big things: each within bounded memory, whole, or refused with a clear answer. --long: as big as they come."""
import hashlib
import os
import zipfile

import pytest
import requests

from client import WAIT, expect, refused
from wait import until

pytestmark = [pytest.mark.limit(1800)]
GROWTH = 24 << 20  # bytes that a process may grow by, whatever passes through it


@pytest.fixture(scope='module')
def long(request):
    return request.config.getoption('--long')


@pytest.fixture(scope='module')
def kabuto(lasting, long):
    return lasting({'slots': 500 if long else 40, 'job': {'memory': '64m', 'disk': '20g'}})


@pytest.fixture(scope='module')
def dave(kabuto):
    user = kabuto.user('dave')
    user.image()
    return user


def memory(kabuto):
    """The peak of each process so far."""
    peaks = {}
    for name in ('spooler', 'api', 'upload', 'follow'):
        with open(f'/proc/{kabuto[name].pid}/status', encoding='ascii') as status:
            peaks[name] = next(int(line.split()[1]) << 10 for line in status
                               if line.startswith('VmHWM'))
    return peaks


@pytest.fixture
def bounded(kabuto, dave):
    """No process grows with what passes through it."""
    before = memory(kabuto)
    yield
    after = memory(kabuto)
    grown = {name: after[name] - before[name] for name in after}
    assert max(grown.values()) < GROWTH, grown


class Stream:
    """A multipart body with one attachment of that size, which is never held as a whole."""

    def __init__(self, size, **fields):
        self.size, self.block = size, os.urandom(1 << 20)
        head = ''.join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                       for name, value in fields.items())
        self.head = (head + '--b\r\nContent-Disposition: form-data; name="attachments"; '
                     'filename="big"\r\n\r\n').encode()
        self.tail = b'\r\n--b--\r\n'
        self.sum = hashlib.sha256()

    def __len__(self):
        return len(self.head) + self.size + len(self.tail)

    def __iter__(self):
        yield self.head
        for begin in range(0, self.size, len(self.block)):
            piece = self.block[:self.size - begin]
            self.sum.update(piece)
            yield piece
        yield self.tail


def send(dave, pipeline, stream):
    return dave.session.post(f'{dave.url}/pipeline/{pipeline}/job', data=stream, timeout=1800,
                             headers={'Content-Type': 'multipart/form-data; boundary=b'})


def test_large_attachment_and_result(kabuto, dave, bounded, long, tmp_path):
    size = 5 << 30 | 12345 if long else 200 << 20 | 12345
    pipeline = dave.pipeline()
    stream = Stream(size, image_id=dave.image(), command='sha256sum /inbox/big; '
                    'cp /inbox/big /outbox/big', memory='64m')
    answer = send(dave, pipeline, stream)
    job = expect(answer, 200).json()['id']
    dave.submit(pipeline)
    end = dave.wait_job(pipeline, job, 1500)
    assert end['state'] == 'done', end
    assert dave.lines(job)[0].split()[0] == stream.sum.hexdigest()
    path = tmp_path / 'zip'
    with dave.download(end, stream=True) as download, open(path, 'wb') as file:
        for piece in download.iter_content(1 << 20):
            file.write(piece)
    found = hashlib.sha256()
    with zipfile.ZipFile(path) as archive, archive.open('big') as member:
        assert archive.getinfo('big').file_size == size
        while piece := member.read(1 << 20):
            found.update(piece)
    assert found.hexdigest() == stream.sum.hexdigest()
    path.unlink()
    expect(dave.call('DELETE', f'/pipeline/{pipeline}'), 200)


def test_many_small_files_in_the_outbox(dave, bounded, long):
    count = 100000 if long else 10000
    job = dave.run(f'i=0; while [ $i -lt {count} ]; do mkdir -p /outbox/$((i / 1000)); '
                   f'echo $i > /outbox/$((i / 1000))/$i; i=$((i + 1)); done', timeout=1500)
    assert job['state'] == 'done', job
    with dave.results(job) as archive:
        files = [name for name in archive.namelist() if not name.endswith('/')]
        assert len(files) == count
        assert archive.read(f'{(count - 1) // 1000}/{count - 1}') == b'%d\n' % (count - 1)


def test_many_attachments_in_one_job(kabuto, dave, long):
    """The API holds the list of a job's attachments, the others do not."""
    count = 100000 if long else 1000
    before = memory(kabuto)
    pipeline = dave.pipeline()
    job = dave.job(pipeline, 'ls /inbox | wc -l; find /inbox -type f | sort | xargs cat | sha256sum',
                   [(f'f{i:05}', b'%d\n' % i) for i in range(count)])
    assert len(dave.state(pipeline, job)['attachments']) == count
    dave.submit(pipeline)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    content = hashlib.sha256(b''.join(b'%d\n' % i for i in range(count))).hexdigest()
    assert dave.lines(job) == [str(count), f'{content}  -']
    assert kabuto.ctl('verify').returncode == 0
    grown = {name: size - before[name] for name, size in memory(kabuto).items()}
    assert grown.pop('api') < GROWTH + 2000 * count and max(grown.values()) < GROWTH, grown


def test_long_line_comes_in_pieces(kabuto, dave, bounded, long):
    size = 60 << 20 if long else 8 << 20
    job = dave.run(f'head -c {size} /dev/zero | tr "\\0" x; echo; echo last')
    assert job['state'] == 'done'
    lines = dave.log(job['id'], tail=2)
    assert lines[-1]['logline'] == 'last'
    total = 0
    for line in dave.log(job['id']):
        assert len(line['logline']) <= 65536
        total += line['logline'].count('x')
    assert total == size


def test_line_over_the_log_limit_keeps_its_head(dave, bounded):
    job = dave.run('head -c 100000000 /dev/zero | tr "\\0" x; echo')
    assert job['state'] == 'done'
    assert 'over its limit' in dave.lines(job['id'], 'system')[-1]
    raw = dave.get(f'/execution/{job["id"]}/logs?raw').content
    assert 60 << 20 < len(raw) <= (64 << 20) + 1000


def test_job_that_prints_more_than_the_log_holds(dave, bounded, long):
    size = 2 << 30 if long else 300 << 20
    job = dave.run(f'yes 0123456789abcdef | head -c {size}', timeout=1500)
    assert job['state'] == 'done', job
    said = dave.lines(job['id'], 'system', tail=5)[-1]
    dropped = int(''.join(x if x.isdigit() else ' ' for x in said).split()[0])
    answer = dave.get(f'/execution/{job["id"]}/logs?raw', stream=True)
    kept = int(answer.headers['Content-Length']) - len(said) - 1
    answer.close()
    assert dropped + kept == size and kept > 60 << 20


@pytest.mark.log_errors
def test_many_jobs_at_once(kabuto, dave, long):
    """All run at the same time; the spooler holds little for each. An engine that starts so many
    at once may answer late, which the spooler logs and survives."""
    count = 500 if long else 40
    pipeline = dave.pipeline(max_parallel=count)
    before = memory(kabuto)['spooler']
    jobs = [dave.job(pipeline, f'echo begun; {WAIT}', memory='6m') for _ in range(count)]
    dave.submit(pipeline)
    until(lambda: kabuto.sql("SELECT count(*) FROM job WHERE state = 'running'")[0][0] == count,
          'all are claimed', 900)
    until(lambda: all((kabuto.state / 'logs' / f'{job}.1.log').stat().st_size > 0
                      for job in jobs), 'all have begun', 900)
    assert (memory(kabuto)['spooler'] - before) / count < 400 << 10
    for job in jobs:
        kabuto.let_go(job)
    for job in jobs:
        assert dave.wait_job(pipeline, job, 900)['state'] == 'done'


def test_more_than_the_request_limit_is_refused_at_once(own):
    kabuto = own({'request_limit': '10m'})
    user = kabuto.user('erin')
    pipeline, image = user.pipeline(), user.image()
    stream = Stream(100 << 20, image_id=image, command='true')
    try:
        refused(send(user, pipeline, stream), 413, '10 MiB')
    except requests.ConnectionError:
        pass  # the web server may close a connection on which more is sent than will be read
    assert user.pipeline_state(pipeline)['jobs'] == []
    until(lambda: not any((kabuto.state / 'incoming').iterdir()), 'nothing of it is left')
