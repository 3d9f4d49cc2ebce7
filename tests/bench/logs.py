"""Logs: printing, following, and reading at the end of long ones."""
import http.client
import os
import statistics
import time
from urllib.parse import urlencode

import processes
from figures import ratios
from followers import Followers
from testbed import cookie, log_records
from wait import until

FOLLOW_LOOP = '''n=1
while [ ! -e /outbox/end ]; do
if [ -e /outbox/$n ]; then echo line $n; n=$((n + 1)); fi
sleep 0.02
done'''
FOLLOW_MOST_S = 1
RATIO_MOST = 1.5
# Lines of ten bytes, a hundred in each chunk that came at a time.
LINE, CHUNK_LINES = b'line 1234\n', 100
STDOUT = 1


# Printing

def print_seconds(bed, kabuto, user, command, last_line):
    """From the start of the container to its end; the log must end with that line, or be empty."""
    since = bed.engine.now()
    job = user.run(command)
    assert job['state'] == 'done', f'the job that prints failed: {job}'
    lines = user.lines(job['id'], tail=1)
    assert lines == last_line, f'the log of {command!r} ends with {lines}'
    moments = bed.moments(kabuto.container(job['id']), since)
    return (moments['die'] - moments['start']) / 1e9


def measure_printing(bed, report, kabuto, user):
    lines, rounds = bed.full((10_000_000, 3), (100_000, 1))
    logged, kept = [], []
    for _ in range(rounds):
        kept.append(print_seconds(bed, kabuto, user, f'seq {lines} >/outbox/lines', []))
        logged.append(print_seconds(bed, kabuto, user, f'seq {lines}', [str(lines)]))
    report.add(f'{lines} lines into a file', kept, 's')
    report.add(f'{lines} lines into the log', logged, 's')
    report.add('log / file', ratios(logged, kept), 'x')


# Following

def cpu_share(pid, seconds):
    """Processors that it takes on average."""
    before = processes.cpu_seconds(pid)
    time.sleep(seconds)
    return (processes.cpu_seconds(pid) - before) / seconds


def measure_following(bed, report, kabuto, user, count):
    """Rounds in which all wait, a line is printed, and the clock stops at the last that has it."""
    _, job = user.begin(FOLLOW_LOOP)
    until(lambda: list((kabuto.state / 'run').glob(f'{job}.*/outbox')), 'the job runs')
    typical, last, waiting, after = [], [], [], 0
    with Followers(kabuto.port, cookie(user), job, count) as crowd:
        for round_number in range(1, bed.full(10, 1) + 1):
            crowd.ask(after)
            time.sleep(2)  # all of them wait, and what they did to come so far is over
            waiting.append(cpu_share(kabuto['follow'].pid, 1))
            kabuto.let_go(job, str(round_number))
            times, after = crowd.wait(f'line {round_number}')
            printed = log_records(kabuto, job)[-1][2]
            typical.append((statistics.median(times) - printed) / 1e9)
            last.append((max(times) - printed) / 1e9)
    kabuto.let_go(job, 'end')
    report.add(f'{count} followers: processors taken while they wait', waiting)
    report.add(f'{count} followers: a line reaches half of them', typical, 's')
    report.add(f'{count} followers: a line reaches the last of them', last, 's',
               at_most=FOLLOW_MOST_S)


# Reading at the end

def replace_log(kabuto, job, size):
    """Gives a job that ended a log of so many bytes, as kabuto-init would have written it."""
    folder = kabuto.state / 'logs'
    chunk = LINE * CHUNK_LINES
    chunks, now = size // len(chunk), time.time_ns()
    with open(folder / f'{job}.1.log', 'r+b') as text:
        for _ in range(chunks):
            text.write(chunk)
    with open(folder / f'{job}.1.idx', 'r+b') as index:
        for i in range(chunks):
            index.write((i * len(chunk)).to_bytes(7, 'little') + bytes([STDOUT]) +
                        (now + i).to_bytes(8, 'little'))
    return chunks * len(chunk)


class Reader:
    """Calls by one keep-alive connection, timed."""

    def __init__(self, kabuto, user):
        self.connection = http.client.HTTPConnection('127.0.0.1', kabuto.port, timeout=60)
        name, value = cookie(user).split(': ', 1)
        self.headers = {name: value}

    def time_ms(self, path, method='GET', form=None):
        body, headers = None, self.headers
        if form:
            body = urlencode(form)
            headers = {**headers, 'Content-Type': 'application/x-www-form-urlencoded'}
        begun = time.monotonic_ns()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, \
            f'{method} {path}: {answer.status} {body[:300].decode()}'
        return (time.monotonic_ns() - begun) / 1e6


def measure_reading(bed, report, kabuto, user):
    large = bed.full('1 GB', '10 MB')
    sizes = {'1 KB': 1000, large: bed.full(10**9, 10**7)}
    jobs = {name: user.run('true')['id'] for name in sizes}
    ends = {name: replace_log(kabuto, jobs[name], size) for name, size in sizes.items()}
    os.sync()
    reader = Reader(kabuto, user)
    calls = {'reading on before the last line': (lambda name: f'/{ends[name] - len(LINE)}', 1),
             'reading on at the end': (lambda name: f'/{ends[name]}', 0),
             'tail=100': (lambda name: '?tail=100', 100)}
    for what, (path, lines) in calls.items():
        took = {name: [] for name in sizes}
        for name in sizes:
            got = len(user.json(f'/execution/{jobs[name]}/logs{path(name)}'))
            assert got == lines, f'{what}, log of {name}: {got} lines, not {lines}'
        for _ in range(bed.full(400, 20)):
            for name in sizes:
                took[name].append(reader.time_ms(f'/execution/{jobs[name]}/logs{path(name)}'))
        for name in sizes:
            report.add(f'{what}, log of {name}', statistics.median(took[name]), 'ms')
        report.add(f'{what}: {large} / 1 KB',
                   statistics.median(took[large]) / statistics.median(took['1 KB']), 'x',
                   at_most=RATIO_MOST)


def measure(bed, report):
    followers = (100, 1000)
    threads = {'api': 32, 'upload': 64, 'follow': max(followers) + 24}
    with bed.kabuto(log_limit='16g', threads=threads, follow_max=max(followers)) as kabuto:
        user = kabuto.user()
        user.run('true')
        measure_printing(bed, report, kabuto, user)
        measure_reading(bed, report, kabuto, user)
        for count in followers:
            measure_following(bed, report, kabuto, user, count)
