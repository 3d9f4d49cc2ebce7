"""The program kabuto: one large file and many small ones up and down, its memory and its time.

The large file cannot be compressed. curl and unzip do the same work for comparison.
"""
import os
import shutil
import subprocess
import time

import processes
import programs
from files import timed
from testbed import cookie

MEGABYTE = 1 << 20
MEMORY_MOST = 20  # MB, however large a file is
TIMES_MOST = 1.5


def run(bed, kabuto, token, *words):
    """Seconds and the peak of the memory in MB of one call."""
    begun, peak = time.monotonic(), 0
    process = subprocess.Popen(
        [bed.build / 'src/client/kabuto', *map(str, words)], cwd=bed.scratch,
        env={'PATH': os.environ['PATH'], 'HOME': str(bed.scratch), 'KABUTO_URL': kabuto.url,
             'KABUTO_TOKEN': token, 'LC_ALL': 'C.UTF-8'})
    while process.poll() is None:
        try:
            peak = max(peak, processes.peak(process.pid))
        except (OSError, TypeError):  # it has just ended
            pass
        time.sleep(0.02)
    assert process.returncode == 0, f'kabuto {words[0]} ended with {process.returncode}'
    return time.monotonic() - begun, peak


def copied(user, pipeline, job):
    """Submits a job that copies its files to its results, and waits for its end."""
    user.submit(pipeline)
    ended = user.wait_job(pipeline, job, 1800)
    assert ended['state'] == 'done', f'the job that copies its files failed: {ended}'


def new_job(user):
    pipeline = user.pipeline()
    return pipeline, user.job(pipeline, 'cp -r /inbox/. /outbox/', disk='20g')


def large(bed, kabuto, user, token, report):
    megabytes = bed.full(5120, 16)
    file = bed.scratch / 'large'
    with open(file, 'wb') as to:
        for _ in range(megabytes):
            to.write(os.urandom(MEGABYTE))
    by_curl = timed('curl', '-sSf', '-o', '/dev/null', '-H', cookie(user), '-X', 'PUT', '-F',
                    f'attachments=@{file}',
                    f'{kabuto.url}/pipeline/{{}}/job/{{}}'.format(*new_job(user)))
    pipeline, job = new_job(user)
    seconds, peak = run(bed, kabuto, token, 'put', '-q', job, file)
    what = f'{megabytes} MB'
    report.add(f'{what}: put, memory', peak, 'MB', at_most=MEMORY_MOST)
    report.add(f'{what}: put', seconds, 's')
    report.add(f'{what}: put / upload by curl', seconds / by_curl, at_most=bed.full(TIMES_MOST, None))
    copied(user, pipeline, job)
    zipped, folder = bed.scratch / 'got.zip', bed.scratch / 'got'
    url = f'{kabuto.url}/pipeline/{pipeline}/job/{job}?result'
    by_curl = timed('curl', '-sSf', '-H', cookie(user), '-o', zipped, url) + \
        timed('unzip', '-q', zipped, '-d', folder)
    zipped.unlink()
    shutil.rmtree(folder)
    seconds, peak = run(bed, kabuto, token, 'get', '-q', job, '-o', folder)
    programs.output('cmp', file, folder / 'large')
    shutil.rmtree(folder)
    file.unlink()
    report.add(f'{what}: get, memory', peak, 'MB', at_most=MEMORY_MOST)
    report.add(f'{what}: get', seconds, 's')
    report.add(f'{what}: get / download by curl, unzip', seconds / by_curl,
               at_most=bed.full(TIMES_MOST, None))


def many(bed, kabuto, user, token, report):
    count = bed.full(100000, 1000)
    folder, got = bed.scratch / 'many', bed.scratch / 'got'
    for i in range(count):
        if i % 1000 == 0:
            (folder / f'{i // 1000:03}').mkdir(parents=True)
        (folder / f'{i // 1000:03}/file {i:06}.txt').write_text(f'{i}\n')
    pipeline, job = new_job(user)
    seconds, peak = run(bed, kabuto, token, 'put', '-q', job, folder)
    report.add(f'{count} files: put, memory', peak, 'MB')  # it holds their names
    report.add(f'{count} files: put', seconds, 's')
    copied(user, pipeline, job)
    seconds, peak = run(bed, kabuto, token, 'get', '-q', job, '-o', got)
    programs.output('diff', '-r', folder, got / 'many')
    report.add(f'{count} files: get, memory', peak, 'MB')  # the job's JSON lists its attachments
    report.add(f'{count} files: get', seconds, 's')
    shutil.rmtree(folder)
    shutil.rmtree(got)


def measure(bed, report):
    with bed.kabuto(attachments_max=200000, job={'disk': '20g'}) as kabuto:
        user = kabuto.user()
        user.image()
        token = user.post('/account/token', {'name': 'bench'}).json()['token']
        large(bed, kabuto, user, token, report)
        many(bed, kabuto, user, token, report)
