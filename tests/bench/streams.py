"""Streams of events: the memory of many, and how soon a line reaches all readers."""
import selectors
import socket
import statistics
import time

import processes
from testbed import cookie, log_records
from wait import until

MEMORY_MOST = 60  # MB of the pool with STREAMS open
LATENCY_MOST = 200  # ms, for 95 of 100 readers
# A job that prints each line that the host writes into its FIFO.
ECHO = 'mkfifo -m 666 /outbox/in; while true; do read line < /outbox/in && echo "$line"; done'
JOB_MEMORY = '6m'


class Reader:
    """An open stream. It remembers when it saw the text that it waits for."""

    def __init__(self, port, header, path):
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.socket.sendall(f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n'.encode())
        self.rest, self.text, self.at_ns = b'', b'retry: 2000', None

    def wait_for(self, text):
        self.text, self.at_ns = text.encode(), None

    def read(self):
        """Whether the text has come now."""
        data = self.socket.recv(65536)
        assert data, f'a stream was closed: {self.rest[-300:]}'
        self.rest = self.rest[-300:] + data
        if self.at_ns is not None or self.text not in self.rest:
            return False
        self.at_ns = time.time_ns()
        return True


class Readers:
    """with Readers(…) as readers: all paths are open, and each stream has begun."""

    def __init__(self, kabuto, user, paths):
        self.kabuto, self.header, self.paths = kabuto, cookie(user), paths
        self.selector, self.all = selectors.DefaultSelector(), []
        self.before = self.pool_sockets()

    def __enter__(self):
        for path in self.paths:
            reader = Reader(self.kabuto.port, self.header, path)
            self.all.append(reader)
            self.selector.register(reader.socket, selectors.EVENT_READ, reader)
            if len(self.all) % 100 == 0:  # no more at a time than the web server's backlog takes
                self.wait()
        self.wait()
        return self

    def __exit__(self, *_):
        """Closes all. The account's limit counts a stream until the pool has seen its end."""
        for reader in self.all:
            reader.socket.close()
        self.selector.close()
        until(lambda: self.pool_sockets() <= self.before, 'the pool closes the streams')

    def pool_sockets(self):
        """The number of the pool's open sockets."""
        return sum(name.startswith('socket:')
                   for name in processes.open_files(self.kabuto['follow'].pid))

    def wait(self):
        deadline = time.monotonic() + 120
        while any(reader.at_ns is None for reader in self.all):
            assert time.monotonic() < deadline, 'some streams did not get what they waited for'
            for key, _ in self.selector.select(1):
                key.data.read()

    def line(self, jobs, text):
        """Lets the jobs print a line. Gives the ms until each reader of a job had it."""
        for reader in self.all:
            reader.wait_for(f'"{text}"')
        for fifo in jobs.values():
            with open(fifo, 'w', encoding='ascii') as out:
                out.write(text + '\n')
        self.wait()
        printed = {f'/execution/{job}/events': log_records(self.kabuto, job)[-1][2] for job in jobs}
        return [(reader.at_ns - printed[path]) / 1e6
                for reader, path in zip(self.all, self.paths)]


def begin_jobs(kabuto, user, count):
    """Gives {job: its FIFO} when all of them wait for a line."""
    pipeline = user.pipeline(max_parallel=count)
    jobs = [user.job(pipeline, ECHO, memory=JOB_MEMORY) for _ in range(count)]
    user.submit(pipeline)

    def fifos():
        return {job: next((kabuto.state / 'run').glob(f'{job}.*/outbox/in'), None) for job in jobs}
    until(lambda: None not in fifos().values(), 'the jobs run', 30 + 5 * count)
    return fifos()


def p95(values):
    return statistics.quantiles(values, n=20)[-1]


def measure_lines(bed, report, kabuto, user, jobs, count):
    """Rounds in which each job prints one line, all at the same time."""
    what = f'{count} readers of {len(jobs)} job{"" if len(jobs) == 1 else "s"}'
    names = list(jobs)
    paths = [f'/execution/{names[i % len(jobs)]}/events' for i in range(count)]
    half, most, last = [], [], []
    with Readers(kabuto, user, paths) as readers:
        for round_number in range(bed.full(20, 2)):
            times = readers.line(jobs, f'{what} {round_number}')
            half.append(statistics.median(times))
            most.append(p95(times))
            last.append(max(times))
    report.add(f'{what}: a line reaches half of them', half, 'ms')
    report.add(f'{what}: a line reaches 95 % of them', most, 'ms', at_most=LATENCY_MOST)
    report.add(f'{what}: a line reaches the last of them', last, 'ms')


def measure_memory(bed, report, kabuto, user, jobs, count):
    pid = kabuto['follow'].pid
    report.add('the pool without streams: Pss', processes.pss(pid), 'MB')
    names = list(jobs)
    paths = ['/events?after=now' if i % 2 else f'/execution/{names[i // 2 % len(names)]}/events'
             for i in range(count)]
    with Readers(kabuto, user, paths):
        report.note(f'open files of the pool: {len(processes.open_files(pid))}')
        report.add(f'the pool with {count} streams: Pss', processes.pss(pid), 'MB',
                   at_most=MEMORY_MOST)
        report.add(f'the pool with {count} streams: Rss', processes.rss(pid), 'MB')
        before = processes.cpu_seconds(pid)
        time.sleep(5)
        report.add(f'{count} silent streams: processors taken',
                   (processes.cpu_seconds(pid) - before) / 5)


def measure(bed, report):
    jobs, readers, streams = bed.full((100, 1000, 2000), (3, 30, 60))
    with bed.kabuto(slots=jobs, streams_max=streams) as kabuto:
        user = kabuto.user()
        user.run('true')
        fifos = begin_jobs(kabuto, user, jobs)
        first = dict([next(iter(fifos.items()))])
        measure_memory(bed, report, kabuto, user, fifos, streams)
        measure_lines(bed, report, kabuto, user, first, readers)
        measure_lines(bed, report, kabuto, user, fifos, readers)
