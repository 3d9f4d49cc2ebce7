"""Jobs per second of `true`, against docker run and against a bare loop of the engine's calls.

The bare loop has two flavours: containers with a network namespace of their own, and containers
that join a sandbox's. Kabuto is held against the second, since it runs with sandboxes.
"""
import time

import programs
from bare import JOINED, OWN, BareCalls
from figures import ratios

NETWORKS = ('none', 'bridge')
AT_ONCE = (1, 2, 4)
SECONDS_MOST = 600
TIMES = 'SELECT min(queued_at), max(finished_at), count(*) - count(finished_at) FROM job ' \
        'WHERE pipeline = ?'
NOT_DONE = "SELECT id, state, attempt, error FROM job WHERE pipeline = ? AND " \
           "(state <> 'done' OR attempt <> 1 OR response <> 0)"


def bare_rate(bare, flavour, count, at_once):
    runs = bare.run('true', flavour, count, at_once)
    begun, ended = min(run['begun'] for run in runs), max(run['ended'] for run in runs)
    return count / (ended - begun) * 1e9


def docker_rate(bed, network, count, at_once):
    begun = time.monotonic()
    programs.output('xargs', '-P', at_once, '-I', '{}', 'docker', '-H',
                    f'unix://{bed.engine.socket}', 'run', '--rm', '--network', network, 'busybox',
                    'true', input='\n'.join(map(str, range(count))))
    return count / (time.monotonic() - begun)


def kabuto_rate(kabuto, user, network, count, at_once):
    pipeline = user.pipeline(max_parallel=at_once)
    for _ in range(count):
        user.job(pipeline, 'true', network=network)
    user.submit(pipeline)
    queued, finished = wait_for_all(kabuto, pipeline)
    return count / (finished - queued) * 1000


def wait_for_all(kabuto, pipeline):
    """Until a pipeline's jobs have ended, each done at its first attempt.

    Gives when the first was queued and the last ended, in ms. Looks seldom, since a look costs the
    processor time that is being measured.
    """
    deadline = time.monotonic() + SECONDS_MOST
    left = None
    while left != 0:
        assert time.monotonic() < deadline, f'{left} jobs did not end within {SECONDS_MOST} s'
        time.sleep(0.25)
        queued, finished, left = kabuto.sql(TIMES, pipeline)[0]
    failed = kabuto.sql(NOT_DONE, pipeline)
    assert not failed, f'jobs were not done at their first attempt: {failed[:5]}'
    return queued, finished


def measure_level(bed, report, kabuto, user, network, at_once):
    count, rounds = bed.full((24, 3), (at_once, 1))
    rates = {OWN: [], JOINED: [], 'docker run': [], 'kabuto': []}
    with BareCalls(bed, kabuto, user, network, at_once) as bare:
        for _ in range(rounds):
            for flavour in (OWN, JOINED):
                rates[flavour].append(bare_rate(bare, flavour, count, at_once))
            rates['docker run'].append(docker_rate(bed, network, count, at_once))
            rates['kabuto'].append(kabuto_rate(kabuto, user, network, count, at_once))
    level = f'{at_once} at a time, {network}'
    report.add(f'{level}: bare calls, {OWN}', rates[OWN], '1/s')
    report.add(f'{level}: bare calls, {JOINED}', rates[JOINED], '1/s')
    report.add(f'{level}: docker run --rm', rates['docker run'], '1/s')
    report.add(f'{level}: Kabuto', rates['kabuto'], '1/s')
    report.add(f'{level}: bare calls, {JOINED} / docker run',
               ratios(rates[JOINED], rates['docker run']), 'x')
    report.add(f'{level}: Kabuto / docker run', ratios(rates['kabuto'], rates['docker run']), 'x',
               at_least=2 if at_once > 1 else None)
    report.add(f'{level}: Kabuto / bare, {JOINED}', ratios(rates['kabuto'], rates[JOINED]), 'x',
               at_least=0.95)


def measure(bed, report):
    with bed.kabuto() as kabuto:
        user = kabuto.user()
        for at_once in AT_ONCE:
            kabuto.configure(slots=at_once)
            kabuto.restart('spooler')
            for network in NETWORKS:
                user.run('true', network=network)  # what is done once is not measured
                measure_level(bed, report, kabuto, user, network, at_once)
