"""Calls per second, against an empty FastCGI answer and against SQLite's bare commits."""
import re
import sqlite3
import subprocess
import time

from figures import ratios
from installation import BENCH
from testbed import cookie

CLIENTS = 16
LEAST = 0.5
ROW = 'x' * 200  # about as much as a job's row has


UNITS_MS = {'us': 1e-3, 'ms': 1, 's': 1e3, 'm': 60e3}


def wrk(url, seconds, header=None, form=None):
    """Calls per second by keep-alive clients, and ms of the slowest; every answer must be good."""
    command = ['wrk', '-t', '1', '-c', str(CLIENTS), '-d', f'{seconds}s', '--timeout', '30s']
    if header:
        command += ['-H', header]
    if form:
        command += ['-s', BENCH / 'body.lua', url, '--', form]
    else:
        command += [url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'Non-2xx' not in said and 'Socket errors' not in said, said
    slowest = re.search(r'Latency +\S+ +\S+ +([\d.]+)([a-z]+)', said)
    return (float(re.search(r'Requests/sec: *([\d.]+)', said)[1]),
            float(slowest[1]) * UNITS_MS[slowest[2]])


def commits(folder, seconds):
    """Bare SQLite's per second: one row each, as durable as Kabuto's."""
    connection = sqlite3.connect(folder / 'commits.db', isolation_level=None)
    connection.execute('PRAGMA journal_mode = WAL')
    connection.execute('PRAGMA synchronous = FULL')
    connection.execute('CREATE TABLE IF NOT EXISTS row (id INTEGER PRIMARY KEY, text TEXT)')
    count, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        connection.execute('INSERT INTO row (text) VALUES (?)', (ROW,))
        count += 1
    rate = count / (time.monotonic() - begun)
    connection.close()
    return rate


def measure(bed, report):
    seconds, rounds = bed.full((4, 5), (1, 3))
    with bed.kabuto(slots=1) as kabuto:
        user = kabuto.user()
        image = user.image()
        pipeline = user.pipeline()
        job = user.job(pipeline, 'true')
        urls = {'empty': '/bench/empty', 'GET /image': '/image',
                'GET job': f'/pipeline/{pipeline}/job/{job}'}
        rates = {name: [] for name in (*urls, 'POST job', 'commits')}
        slowest = []
        for _ in range(rounds):
            for name, path in urls.items():
                rates[name].append(wrk(kabuto.url + path, seconds, cookie(user))[0])
            path = f'/pipeline/{user.pipeline()}/job'
            posted = wrk(kabuto.url + path, seconds, cookie(user), f'image_id={image}&command=true')
            rates['POST job'].append(posted[0])
            slowest.append(posted[1])
            rates['commits'].append(commits(kabuto.root, seconds))
    report.add('empty FastCGI answer', rates['empty'], '1/s')
    for name in ('GET /image', 'GET job'):
        report.add(f'{name} with session', rates[name], '1/s')
        report.add(f'{name} / empty answer', ratios(rates[name], rates['empty']), 'x',
                   at_least=LEAST)
    report.add('bare SQLite commits', rates['commits'], '1/s')
    report.add('POST job without file', rates['POST job'], '1/s')
    report.add(f'POST job without file, the slowest of {CLIENTS} clients', slowest, 'ms')
    report.add('POST job / bare commits', ratios(rates['POST job'], rates['commits']), 'x',
               at_least=LEAST)
