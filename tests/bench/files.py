"""Upload, zip and download of a large file, against cp and zip of the same one.

Half of the file can be compressed and half cannot.
"""
import json
import os
import shutil
import time
import zipfile

import processes
import programs
from figures import ratios
from kabuto import POOLS
from testbed import cookie

MEGABYTE = 1 << 20
TIMES_MOST = 1.5
GROWTH_MOST = 10  # MB


def make_file(path, megabytes):
    """Blocks of random bytes and of text in turn."""
    word = b'The quick brown fox jumps over the lazy dog number %d\n'
    with open(path, 'wb') as file:
        for i in range(0, megabytes, 2):
            file.write(os.urandom(MEGABYTE))
            text = b''.join(word % (i * 20000 + j) for j in range(20000))
            file.write(text[:MEGABYTE])


def timed(*command):
    begun = time.monotonic()
    programs.output(*command)
    return time.monotonic() - begun


def copy_and_zip(folder, file):
    """Seconds of cp, of the copy's way to the disk, and of zip -r; and how large the zip is."""
    (folder / 'copy').mkdir()
    os.sync()
    copied = timed('cp', file, folder / 'copy/file')
    synced = timed('sync', folder / 'copy/file')
    os.sync()
    zipped = timed('zip', '-q', '-r', folder / 'copy.zip', folder / 'copy')
    size = (folder / 'copy.zip').stat().st_size
    shutil.rmtree(folder / 'copy')
    (folder / 'copy.zip').unlink()
    return {'cp': copied, 'sync': synced, 'zip': zipped, 'size': size}


def upload(kabuto, user, pipeline, file):
    """Adds a job that has the file and leaves it in its outbox. Seconds, and the job's id."""
    begun = time.monotonic()
    answer = programs.output(
        'curl', '-sSf', '-H', cookie(user), '-F', f'image_id={user.image()}',
        '--form-string', 'command=cp /inbox/* /outbox/', '-F', f'attachments=@{file}',
        f'{kabuto.url}/pipeline/{pipeline}/job')
    return time.monotonic() - begun, json.loads(answer)['id']


def kabuto_round(bed, kabuto, user, file):
    pipeline = user.pipeline()
    os.sync()
    uploaded, job = upload(kabuto, user, pipeline, file)
    since = bed.engine.now()
    os.sync()
    user.submit(pipeline)
    ended = user.wait_job(pipeline, job, 900)
    assert ended['state'] == 'done', f'the job that copies a file failed: {ended}'
    died = bed.moments(kabuto.container(job), since)['die']
    zipped = kabuto.sql('SELECT finished_at FROM job WHERE id = ?', job)[0][0] / 1e3 - died / 1e9
    got = bed.scratch / 'got.zip'
    os.sync()
    downloaded = timed('curl', '-sSf', '-H', cookie(user), '-o', got,
                       f'{kabuto.url}/pipeline/{pipeline}/job/{job}?result')
    programs.output('unzip', '-tqq', got)
    with zipfile.ZipFile(got) as archive:
        sizes = [entry.file_size for entry in archive.infolist()]
    assert sizes == [file.stat().st_size], f'the zip has files of {sizes} bytes'
    size = got.stat().st_size
    got.unlink()
    return {'upload': uploaded, 'zip': zipped, 'download': downloaded, 'size': size}


def measure_growth(kabuto, run):
    """How much each of Kabuto's processes grew at its peak while run() ran: {name: MB}."""
    pids = {name: kabuto[name].pid for name in ('spooler', *POOLS)}
    before = {}
    for name, pid in pids.items():
        processes.forget_peak(pid)
        before[name] = processes.rss(pid)
    run()
    return {name: processes.peak(pid) - before[name] for name, pid in pids.items()}


def measure(bed, report):
    megabytes, rounds = bed.full((1024, 2), (16, 1))
    file = bed.scratch / 'large'
    make_file(file, megabytes)
    bares, kabutos = [], []
    with bed.kabuto() as kabuto:
        user = kabuto.user()
        user.run('true', [('small', b'x')])

        def interleaved():
            for _ in range(rounds):
                bares.append(copy_and_zip(bed.scratch, file))
                kabutos.append(kabuto_round(bed, kabuto, user, file))
        growth = measure_growth(kabuto, interleaved)
    file.unlink()

    def column(rows, name):
        return [row[name] for row in rows]
    report.add(f'{megabytes} MB: cp', column(bares, 'cp'), 's')
    report.add(f'{megabytes} MB: cp, to the disk', [x['cp'] + x['sync'] for x in bares], 's')
    report.add(f'{megabytes} MB: zip -r', column(bares, 'zip'), 's')
    report.add(f'{megabytes} MB: upload', column(kabutos, 'upload'), 's')
    report.add(f'{megabytes} MB: zip of the outbox', column(kabutos, 'zip'), 's')
    report.add(f'{megabytes} MB: download', column(kabutos, 'download'), 's')
    report.add('size of the zip / zip -r', ratios(column(kabutos, 'size'), column(bares, 'size')),
               'x')
    report.add('upload / cp to the disk',
               ratios(column(kabutos, 'upload'), [x['cp'] + x['sync'] for x in bares]), 'x')
    report.add('zip / zip -r', ratios(column(kabutos, 'zip'), column(bares, 'zip')), 'x')
    report.add('upload + zip + download / (cp + zip -r)',
               ratios([x['upload'] + x['zip'] + x['download'] for x in kabutos],
                      [x['cp'] + x['zip'] for x in bares]), 'x', at_most=TIMES_MOST)
    for name, megabytes in growth.items():
        report.add(f'growth of {name} at its peak', megabytes, 'MB', at_most=GROWTH_MOST)
