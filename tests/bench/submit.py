"""From POST submit to the job's first line, on an idle machine, against the bare create and start.

The end of both is the time that kabuto-init itself gives to the job's first line. The engine's own
time of the container's creation says how long Kabuto takes before it.
"""
import statistics
import time

from bare import JOINED, OWN, BareCalls
from testbed import log_records, records

NETWORK = 'none'
COMMAND = 'echo hello'
STDOUT = 1
MOST_MS = 10  # over the bare calls


def rest():
    """Until the machine is idle again, whatever ran before."""
    time.sleep(0.5)


def first_line(index):
    return min(ns for _, stream, ns in index if stream == STDOUT)


def bare_times(bed, bare, flavour):
    """ms from before the create call to the engine's creation event, and to the first line."""
    rest()
    since = bed.engine.now()
    begun = bare.run(COMMAND, flavour, 1)[0]['begun']
    created = bed.moments(f'{bare.name}-0', since)['create']
    return (created - begun) / 1e6, (first_line(records(bare.index())) - begun) / 1e6


def kabuto_times(bed, kabuto, user):
    """The same from before the POST; and how long its answer took."""
    pipeline = user.pipeline()
    job = user.job(pipeline, COMMAND)
    rest()
    since, begun = bed.engine.now(), time.time_ns()
    user.submit(pipeline)
    answered = time.time_ns()
    user.wait_job(pipeline, job)
    created = bed.moments(kabuto.container(job), since)['create']
    line = first_line(log_records(kabuto, job))
    return (created - begun) / 1e6, (line - begun) / 1e6, (answered - begun) / 1e6


def measure(bed, report):
    flavour = JOINED if bed.sandboxes else OWN
    with bed.kabuto() as kabuto:
        user = kabuto.user()
        user.run('true')
        with BareCalls(bed, kabuto, user, NETWORK, 1) as bare:
            bare.run(COMMAND, flavour, 1)
            bare.index()
            bares, kabutos = [], []
            for _ in range(bed.full(25, 7)):
                bares.append(bare_times(bed, bare, flavour))
                kabutos.append(kabuto_times(bed, kabuto, user))
    bare_created, bare_line = map(list, zip(*bares))
    created, line, answered = map(list, zip(*kabutos))
    report.add(f'bare, {flavour}: call to created', bare_created, 'ms')
    report.add(f'bare, {flavour}: call to first line', bare_line, 'ms')
    report.add('Kabuto: submit to its answer', answered, 'ms')
    report.add('Kabuto: submit to created', created, 'ms')
    report.add('Kabuto: submit to first line', line, 'ms')
    report.add('Kabuto over bare, to created',
               [x - statistics.median(bare_created) for x in created], 'ms')
    report.add('Kabuto over bare, to first line',
               [x - statistics.median(bare_line) for x in line], 'ms', at_most=MOST_MS)
