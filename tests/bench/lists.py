"""Pages of lists, in an account with many jobs: each filter, and an admin's view of all."""
import statistics

import processes
from client import expect
from filling import Filling
from logs import Reader

MOST_MS = 100
PAGE = 50
EACH = 1000  # jobs of a pipeline


def as_admin(kabuto):
    admin = kabuto.user()
    kabuto.sql('UPDATE account SET admin = 1 WHERE login = ?', admin.login)
    return admin


def filters(user, pipeline, image):
    """{what: query} of pages of jobs; the last ones examine as many rows as a page may."""
    return {'the newest jobs': '', 'the oldest jobs': '&order=oldest', 'by state': '&state=done',
            'by a state of few': '&state=failed', 'by image': f'&image={image}',
            'by pipeline': f'&pipeline={pipeline}', 'by name': '&name=JOB+1',
            'by account': f'&account={user.login}',
            'by pipeline and state': f'&pipeline={pipeline}&state=failed',
            'by a name that none has': '&name=nothing',
            'by image, state and a name that none has': f'&image={image}&state=done&name=nothing'}


def time_page(report, kabuto, reader, what, path, rounds):
    """Also the processor time, which other work on the machine changes less."""
    before = processes.cpu_seconds(kabuto['api'].pid)
    took = [reader.time_ms(path) for _ in range(rounds)]
    used = processes.cpu_seconds(kabuto['api'].pid) - before
    report.add(what, statistics.median(took), 'ms', at_most=MOST_MS)
    report.add(f'{what}, processor time', 1000 * used / rounds, 'ms')


def measure(bed, report):
    jobs, queued, rounds = bed.full((1_000_000, 100_000, 50), (20_000, 2_000, 3))
    with bed.kabuto(queued_max=10**9) as kabuto:
        user, admin = kabuto.user(), as_admin(kabuto)
        image = user.image()
        kabuto['spooler'].stop()
        filling = Filling(kabuto, user, 1)  # of the first account, which is the user's
        pipeline = filling.jobs(jobs // EACH, EACH, 'done')
        failed = filling.jobs(1, 10, 'failed')
        filling.jobs(1, queued, 'in_queue')
        filling.close()
        for title, client in (('', user), (', as an admin', admin)):
            reader = Reader(kabuto, client)
            for what, query in filters(user, pipeline, image).items():
                if client is user and 'account' in query:
                    continue
                path = f'/jobs?limit={PAGE}{query}' + ('' if 'order=' in query else '&order=newest')
                expect(client.get(path), 200)
                time_page(report, kabuto, reader, f'jobs {what}{title}', path, rounds)
            for what, path in (('jobs in queue', '/jobs?state=in_queue'),
                               ('jobs of a pipeline', f'/pipeline/{failed}/job?name=1'),
                               ('pipelines by name', '/pipeline?name=nothing'),
                               ('images', '/image?name=x'),
                               ('builds', '/image/build?state=SUCCESS'),
                               ('events', '/account/events?')):
                path += f'&limit={PAGE}&order=newest'
                expect(client.get(path), 200)
                time_page(report, kabuto, reader, f'{what}{title}', path, rounds)
