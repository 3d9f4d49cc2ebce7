"""From POST submit to the job's first line, on an idle machine, against the bare create and start.

The end of both is the time that kabuto-init itself gives to the job's first line. What the engine
needs for a start varies by more than the target, and is the same for both; so what comes before it
is told, too: until the engine created the container, and until its start is asked for.
"""
import statistics
import time

from bare import JOINED, BareCalls
from logs import Reader
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


def bare_times(bed, bare):
    """ms from before the create call, by events."""
    rest()
    since = bed.engine.now()
    call = bare.run(COMMAND, JOINED, 1)[0]
    created = bed.moments(f'{bare.name}-0', since)['create']
    return {'created': (created - call['begun']) / 1e6, 'start': call['create'],
            'line': (first_line(records(bare.index())) - call['begun']) / 1e6}


def kabuto_times(bed, kabuto, user, reader):
    """The same from before the POST; and when its answer came."""
    pipeline = user.pipeline()
    job = user.job(pipeline, COMMAND)
    rest()
    since, begun = bed.engine.now(), time.time_ns()
    answer_ms = reader.time_ms(f'/pipeline/{pipeline}/submit', 'POST')
    ended = user.wait_job(pipeline, job)
    assert ended['state'] == 'done', f'the job that was submitted failed: {ended}'
    created = bed.moments(kabuto.container(job), since)['create']
    marked = kabuto.sql('SELECT start_marked_at FROM job WHERE id = ?', job)[0][0]
    return {'answer': answer_ms, 'created': (created - begun) / 1e6,
            'start': marked - begun / 1e6,
            'line': (first_line(log_records(kabuto, job)) - begun) / 1e6}


def report_event(report, bares, kabutos, event, words, at_most=None):
    bare, mine = [x[event] for x in bares], [x[event] for x in kabutos]
    report.add(f'bare: call to {words}', bare, 'ms')
    report.add(f'Kabuto: submit to {words}', mine, 'ms')
    report.add(f'Kabuto over bare, to {words}', [x - statistics.median(bare) for x in mine], 'ms',
               at_most=at_most)


def measure(bed, report):
    with bed.kabuto() as kabuto:
        user = kabuto.user()
        user.run('true')
        with BareCalls(bed, kabuto, user, NETWORK, 1) as bare:
            bare.run(COMMAND, JOINED, 1)
            bares, kabutos = [], []
            for _ in range(bed.full(40, 2)):
                bares.append(bare_times(bed, bare))
                kabutos.append(kabuto_times(bed, kabuto, user, Reader(kabuto, user)))
    report.note(f'bare: {JOINED}')
    report.add('Kabuto: submit to its answer', [x['answer'] for x in kabutos], 'ms')
    report_event(report, bares, kabutos, 'created', 'the container')
    report_event(report, bares, kabutos, 'start', 'the call to start it', at_most=MOST_MS)
    report_event(report, bares, kabutos, 'line', 'the first line', at_most=MOST_MS)
