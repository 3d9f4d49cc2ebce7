"""Calls of one job and of one page, and the choice of the next job, with few jobs and with many.

Two Kabutos answer the same calls in turn. Their spoolers are stopped, so that what is in queue
stays there.
"""
import statistics

import programs
from filling import Filling
from logs import Reader

RATIO_MOST = 1.5
CHOICE_MOST_US = 1000
PAGE = 10
EACH = 100  # jobs of a pipeline


class Side:
    """A Kabuto with so many jobs; ended of them first, then queued ones as well."""

    def __init__(self, bed, kabuto, accounts, ended, queued):
        self.bed, self.kabuto, self.user = bed, kabuto, kabuto.user()
        self.accounts, self.ended, self.queued = accounts, ended, queued
        self.user.image()
        kabuto['spooler'].stop()
        self.reader = Reader(kabuto, self.user)
        self.fill('done', ended, EACH)

    def fill(self, state, jobs, each):
        """Adds jobs, so many in a pipeline; the calls are of the first pipeline's from now on."""
        filling = Filling(self.kabuto, self.user, self.accounts)
        self.pipeline = filling.jobs(jobs // each, each, state)
        filling.close()
        self.job, self.last_job = self.kabuto.sql(
            'SELECT min(id), max(id) FROM job WHERE pipeline = ?', self.pipeline)[0]

    def reads(self):
        """The calls that change nothing: {what: path}."""
        jobs = f'/pipeline/{self.pipeline}/job'
        return {'GET job': f'{jobs}/{self.job}', 'GET pipeline': f'/pipeline/{self.pipeline}',
                'GET image': f'/image/{self.user.image()}',
                'GET log': f'/execution/{self.job}/logs',
                'a page of jobs': f'{jobs}?limit={PAGE}&after={self.job}',
                'a page of failed jobs': f'{jobs}?limit={PAGE}&state=failed',
                'a page of pipelines': f'/pipeline?limit={PAGE}',
                'a page of images': f'/image?limit={PAGE}', 'GET account': '/account'}

    def queue_reads(self):
        jobs = f'/pipeline/{self.pipeline}/job'
        return {'GET job, the first in queue': f'{jobs}/{self.job}',
                'GET job, the last in queue': f'{jobs}/{self.last_job}',
                'a page of jobs of another state': f'{jobs}?limit={PAGE}&state=failed',
                'a page of jobs in queue, the first': f'{jobs}?limit={PAGE}&state=in_queue',
                'a page of jobs in queue, the last':
                    f'{jobs}?limit={PAGE}&state=in_queue&after={self.last_job - PAGE}',
                'GET account': '/account'}

    def time_writes(self):
        """A job's and a submit's call, in ms."""
        pipeline = self.user.pipeline()
        form = {'image_id': self.user.image(), 'command': 'true'}
        return {'POST job': self.reader.time_ms(f'/pipeline/{pipeline}/job', 'POST', form),
                'POST submit': self.reader.time_ms(f'/pipeline/{pipeline}/submit', 'POST')}

    def claim_us(self, count):
        """Medians of choosing, claiming and ending jobs."""
        src = self.bed.build / 'src'
        program = self.bed.program('claim', ['sqlite3', 'jansson', 'libsodium', 'libconfuse',
                                             'libseccomp'],
                                   [src / 'domain/libdomain.a', src / 'store/libstore.a',
                                    src / 'base/libbase.a'])
        said = programs.output(program, self.kabuto.state / 'kabuto.db', count)
        return {line.split()[0]: float(line.split()[1]) for line in said.splitlines()}


def interleave(sides, rounds, time_all):
    """time_all(side) gives {what: ms}; gives the medians of the rounds: {what: [of each side]}."""
    took = [[time_all(side) for side in sides] for _ in range(rounds)]
    return {what: [statistics.median(row[i][what] for row in took) for i in range(len(sides))]
            for what in took[0][0]}


def compare(report, sizes, noun, medians, unit='ms', at_most=RATIO_MOST):
    for what, took in medians.items():
        for size, value in zip(sizes, took):
            report.add(f'{what}, {size} {noun}', value, unit)
        report.add(f'{what}: {sizes[1]} / {sizes[0]} {noun}', took[1] / took[0], 'x',
                   at_most=at_most)


def read_all(calls):
    def time_all(side):
        return {what: side.reader.time_ms(path) for what, path in calls(side).items()}
    return time_all


def check(sides, calls):
    """Each call, before it is timed: the answer is 200, as the API describes it, and a full page."""
    for side in sides:
        for what, path in calls(side).items():
            answer = side.user.json(path)
            full = what.startswith('a page of jobs') and 'another state' not in what
            assert not full or len(answer) == PAGE, \
                f'{what}: GET {path} has {len(answer)} entries, not {PAGE}'


def measure_ended(bed, report, sides):
    check(sides, Side.reads)
    sizes = [side.ended for side in sides]
    compare(report, sizes, 'jobs', interleave(sides, bed.full(200, 10), read_all(Side.reads)))


def measure_queued(bed, report, sides):
    for side in sides:
        side.fill('in_queue', side.queued, EACH)
    check(sides, Side.queue_reads)
    sizes, noun = [side.queued for side in sides], 'in queue'
    compare(report, sizes, noun, interleave(sides, bed.full(200, 10), read_all(Side.queue_reads)))
    compare(report, sizes, noun, interleave(sides, bed.full(100, 5), Side.time_writes))


def measure_choice(bed, report, sides):
    sizes, noun = [side.queued for side in sides], 'in queue'
    medians = interleave(sides, 3, lambda side: side.claim_us(bed.full(100, 10)))
    compare(report, sizes, noun, medians, 'us', at_most=None)  # more accounts to choose from
    report.add(f'choosing, {sizes[1]} {noun}', medians['choose'][1], 'us', at_most=CHOICE_MOST_US)


def measure_long_pipeline(bed, report, sides):
    """The worst case: all that is in queue is one account's and in one pipeline."""
    for side in sides:
        side.fill('in_queue', side.queued, side.queued)
    check(sides, Side.queue_reads)
    sizes, noun = [side.queued for side in sides], 'in one queue'
    rounds = bed.full(100, 5)
    compare(report, sizes, noun, interleave(sides, rounds, read_all(Side.queue_reads)))
    compare(report, sizes, noun, interleave(sides, rounds, Side.time_writes))


def measure(bed, report):
    ended, queued = bed.full((1_000_000, 100_000), (20_000, 5_000))
    with bed.kabuto(queued_max=10**9) as few, bed.kabuto(queued_max=10**9) as many:
        sides = [Side(bed, few, 1, 1000, 1000), Side(bed, many, 100, ended, queued)]
        measure_ended(bed, report, sides)
        measure_queued(bed, report, sides)
        measure_choice(bed, report, sides)
        measure_long_pipeline(bed, report, sides)
