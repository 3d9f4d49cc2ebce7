"""Many small jobs through one instance: what its processes and folders hold before and after."""
import os

import processes
from kabuto import POOLS
from starts import wait_for_all
from wait import until

AT_ONCE = 4
GROWTH_MOST = 4  # MB that the spooler may grow by after it has warmed up
PIPELINE_JOBS = 500


def run_jobs(kabuto, user, count):
    pipeline = user.pipeline(max_parallel=AT_ONCE)
    for i in range(count):
        user.job(pipeline, f'echo {i}; echo {i} > /outbox/{i}')
    user.submit(pipeline)
    wait_for_all(kabuto, pipeline)
    until(lambda: not at_work(kabuto), 'run/, incoming/ and the engine have nothing of ended jobs')


def descriptors(kabuto):
    return {name: len(processes.open_files(kabuto[name].pid)) for name in ('spooler', *POOLS)}


def at_work(kabuto):
    """What only a job at work should have: folders, uploads, containers."""
    folders = [name for folder in ('run', 'incoming') for name in os.listdir(kabuto.state / folder)]
    return [name for name in folders if name != 'sandboxes'] + kabuto.containers()


def measure(bed, report):
    warm, count = bed.full((50, 2000), (8, 16))
    with bed.kabuto(slots=AT_ONCE) as kabuto:
        user = kabuto.user()
        run_jobs(kabuto, user, warm)
        before, open_before = processes.rss(kabuto['spooler'].pid), descriptors(kabuto)
        for done in range(0, count, PIPELINE_JOBS):
            run_jobs(kabuto, user, min(PIPELINE_JOBS, count - done))
        after, open_after = processes.rss(kabuto['spooler'].pid), descriptors(kabuto)
        ended = kabuto.sql("SELECT count(*) FROM job WHERE state = 'done' AND attempt = 1")[0][0]
        report.note(f'descriptors before {open_before}, after {open_after}')
        report.add(f'{count} jobs: done at their first try', ended, '', at_least=count + warm)
        report.add(f'{count} jobs: growth of the spooler', after - before, 'MB',
                   at_most=GROWTH_MOST)
        report.add(f'{count} jobs: descriptors more than before',
                   sum(open_after.values()) - sum(open_before.values()), '', at_most=4)
        report.add(f'{count} jobs: left in run/, incoming/ and the engine', len(at_work(kabuto)), '',
                   at_most=0)
