"""Memory of the FastCGI pools and the spooler, idle and with many running jobs."""
import time

import processes
from api import wrk
from kabuto import POOLS

IDLE_MOST, RUNNING_MOST = 30, 60  # MB in all
JOB_MEMORY = '6m'


def add_sums(report, kabuto, when, most):
    names = ('spooler', *POOLS)
    for name in names:
        pid = kabuto[name].pid
        report.note(f'{when}: {name:8} Pss {processes.pss(pid):6.1f} MB, '
                    f'Rss {processes.rss(pid):6.1f} MB')
    for child in processes.children(kabuto['web'].pid):
        report.note(f'{when}: nginx    Pss {processes.pss(child):6.1f} MB (not counted)')
    report.add(f'{when}: Pss of pools and spooler',
               sum(processes.pss(kabuto[name].pid) for name in names), 'MB', at_most=most)
    report.add(f'{when}: Rss of pools and spooler',
               sum(processes.rss(kabuto[name].pid) for name in names), 'MB')


def run_jobs(kabuto, user, count):
    """Gives when all of them run."""
    pipeline = user.pipeline(max_parallel=count)
    for _ in range(count):
        user.job(pipeline, 'exec sleep 3600', memory=JOB_MEMORY)
    user.submit(pipeline)
    deadline = time.monotonic() + 30 + 5 * count
    while time.monotonic() < deadline:
        time.sleep(1)
        running = [x for x in kabuto.containers() if x['State'] == 'running']
        if len(running) >= count:
            return
    raise AssertionError(f'only {len(running)} of {count} jobs run')


def measure(bed, report):
    count = bed.full(100, 4)
    with bed.kabuto(slots=count) as kabuto:
        add_sums(report, kabuto, 'just started', IDLE_MOST)
        user = kabuto.user()
        user.run('true', [('small', b'x')])
        wrk(user, '/image', bed.full(2, 1))
        user.log(1)
        add_sums(report, kabuto, 'idle after use', IDLE_MOST)
        run_jobs(kabuto, user, count)
        add_sums(report, kabuto, f'{count} running jobs', RUNNING_MOST)
