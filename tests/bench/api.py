"""Calls per second, against an empty FastCGI answer and against SQLite's bare commits."""
import re
import sqlite3
import time
from urllib.parse import parse_qsl

import programs
from client import expect
from figures import ratios
from installation import BENCH
from testbed import cookie

CLIENTS = 16
LEAST = 0.5
ROW = 'x' * 200  # about as much as a job's row has


UNITS_MS = {'us': 1e-3, 'ms': 1, 's': 1e3, 'm': 60e3}


def wrk(user, path, seconds, form=None):
    """Calls per second by a user's keep-alive clients, and ms of the slowest.

    One call shows first that the answer is 200, since wrk takes a redirection for a good one, too.
    """
    if form:
        expect(user.session.post(user.url + path, dict(parse_qsl(form))), 200)
    else:
        expect(user.session.get(user.url + path), 200)
    url, script = user.url + path, ['-s', BENCH / 'body.lua'] if form else []
    said = programs.output('wrk', '-t', 1, '-c', CLIENTS, '-d', f'{seconds}s', '--timeout', '30s',
                           '-H', cookie(user), *script, url, *(['--', form] if form else []))
    if 'Non-2xx' in said or 'Socket errors' in said:
        raise RuntimeError(f'some answers of {url} are errors; wrk says:\n{said}')
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
    seconds, rounds = bed.full((4, 5), (1, 1))
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
                rates[name].append(wrk(user, path, seconds)[0])
            path = f'/pipeline/{user.pipeline()}/job'
            posted = wrk(user, path, seconds, f'image_id={image}&command=true')
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
