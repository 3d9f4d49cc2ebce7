"""Pipelines: their options, the order of their jobs, lists."""
import re
import time

import pytest

from client import WAIT, expect, refused
from wait import until

MANY = 10000


@pytest.mark.both
def test_pipeline_is_shown_as_made(carol):
    pipeline = carol.pipeline('a name, ünïcode', on_failure='stop', max_parallel='3')
    assert isinstance(pipeline, int)
    shown = carol.json(f'/pipeline/{pipeline}')
    assert carol.json('/pipeline') == shown and list(shown) == [str(pipeline)]
    shown = shown[str(pipeline)]
    created = shown.pop('creation_date')
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', created)
    assert shown == {'id': pipeline, 'name': 'a name, ünïcode', 'jobs': [], 'on_failure': 'stop',
                     'max_parallel': 3}


def test_pipeline_defaults(alice):
    shown = alice.pipeline_state(alice.pipeline())
    assert (shown['on_failure'], shown['max_parallel']) == ('continue', 1)


@pytest.mark.parametrize('fields, word', [
    ({}, 'name'), ({'name': ''}, 'name'), ({'name': 'x', 'on_failure': 'explode'}, 'on_failure'),
    ({'name': 'x', 'max_parallel': '0'}, 'max_parallel'),
    ({'name': 'x', 'max_parallel': '-1'}, 'max_parallel'),
    ({'name': 'x', 'max_parallel': 'many'}, 'max_parallel'),
    ({'name': 'x', 'max_parallel': '1.5'}, 'max_parallel'),
    ({'name': 'x', 'max_parallel': '99999999999999999999'}, 'max_parallel')])
def test_pipeline_with_a_bad_parameter(carol, fields, word):
    refused(carol.post('/pipeline', fields), 400, word)
    assert carol.json('/pipeline') == {}


def test_jobs_are_listed_in_their_order(alice):
    pipeline = alice.pipeline()
    jobs = [alice.job(pipeline, f'echo {i}') for i in range(5)]
    assert alice.pipeline_state(pipeline)['jobs'] == [{'id': job} for job in jobs]
    listed = alice.json(f'/pipeline/{pipeline}/job')
    assert list(listed) == [str(job) for job in jobs]
    assert [listed[str(job)]['command'] for job in jobs] == [f'echo {i}' for i in range(5)]
    assert {job['state'] for job in listed.values()} == {'ready'}


def test_jobs_run_first_in_first_out_one_at_a_time(alice):
    pipeline = alice.pipeline()
    jobs = [alice.job(pipeline, 'true') for _ in range(4)]
    assert alice.submit(pipeline) == {str(job): 'in_queue' for job in jobs}
    ends = [alice.wait_job(pipeline, job) for job in jobs]
    for before, after in zip(ends, ends[1:]):
        assert before['finished_at'] <= after['started_at']


def test_max_parallel_jobs_run_at_once_and_no_more(alice):
    pipeline = alice.pipeline(max_parallel=2)
    jobs = [alice.job(pipeline, WAIT) for _ in range(3)]
    alice.submit(pipeline)
    for job in jobs[:2]:
        alice.wait_state(pipeline, job, 'running')
    assert alice.state(pipeline, jobs[2])['state'] == 'in_queue'
    alice.kabuto.let_go(jobs[0])
    alice.wait_state(pipeline, jobs[2], 'running')
    assert alice.state(pipeline, jobs[1])['state'] == 'running'
    for job in jobs[1:]:
        alice.kabuto.let_go(job)
        assert alice.wait_job(pipeline, job)['state'] == 'done'


def test_pipelines_run_side_by_side(alice):
    begun = [alice.begin(WAIT) for _ in range(2)]
    for pipeline, job in begun:
        alice.wait_state(pipeline, job, 'running')
    for pipeline, job in begun:
        alice.kabuto.let_go(job)
        alice.wait_job(pipeline, job)


@pytest.mark.parametrize('on_failure, runs', [('continue', True), ('stop', False)])
def test_what_a_failure_does_to_the_jobs_after_it(alice, on_failure, runs):
    pipeline = alice.pipeline(on_failure=on_failure)
    jobs = [alice.job(pipeline, command) for command in ('true', 'exit 3', 'true')]
    alice.submit(pipeline)
    assert alice.wait_job(pipeline, jobs[1])['state'] == 'failed'
    last = until(lambda: (s := alice.state(pipeline, jobs[2]))['state'] not in
                 ('in_queue', 'running') and s, 'the last job is settled')
    assert (last['started_at'] is not None) == runs and (last['state'] == 'done') == runs
    if last['state'] == 'failed':
        assert last['error'] and 'exit code' not in last['error']


def test_submit_twice_does_no_harm(alice, engine):
    since = engine.now()
    pipeline = alice.pipeline()
    first, second = alice.job(pipeline, WAIT), alice.job(pipeline, 'true')
    alice.submit(pipeline)
    alice.wait_state(pipeline, first, 'running')
    queued = alice.state(pipeline, second)['queued_at']
    answer = alice.submit(pipeline)
    assert set(answer) == {str(first), str(second)}
    assert answer[str(second)] == 'in_queue'
    assert alice.state(pipeline, second)['queued_at'] == queued
    alice.kabuto.let_go(first)
    alice.wait_job(pipeline, first)
    alice.wait_job(pipeline, second)
    for job in (first, second):
        assert engine.starts(alice.kabuto.instance, job, since) == 1


def test_submit_runs_finished_jobs_again(alice, engine):
    since = engine.now()
    pipeline, job = alice.begin('echo out > /outbox/x; echo line; exit 2')
    first = alice.wait_job(pipeline, job)
    assert alice.submit(pipeline) == {str(job): 'in_queue'}
    second = until(lambda: (s := alice.wait_job(pipeline, job))['finished_at'] !=
                   first['finished_at'] and s, 'the second end')
    assert (second['response'], second['error']) == (2, first['error'])
    assert second['started_at'] >= first['finished_at']
    assert alice.lines(job) == ['line']
    assert alice.results(second).read('x') == b'out\n'
    assert engine.starts(alice.kabuto.instance, job, since) == 2


def test_submit_of_an_empty_pipeline(alice):
    assert alice.submit(alice.pipeline()) == {}


def test_job_added_after_submit_waits_for_the_next_one(alice):
    pipeline = alice.pipeline()
    first = alice.job(pipeline, WAIT)
    alice.submit(pipeline)
    second = alice.job(pipeline, 'true')
    alice.wait_state(pipeline, first, 'running')
    assert alice.state(pipeline, second)['state'] == 'ready'
    assert alice.submit(pipeline)[str(second)] == 'in_queue'
    alice.kabuto.let_go(first)
    assert alice.wait_job(pipeline, second)['state'] == 'done'


def test_one_slot_is_shared_fairly_between_users(own):
    """Bob's one job need not wait for all of Alice's, though hers were first."""
    kabuto = own({'slots': 1})
    alice, bob = kabuto.user('alice'), kabuto.user('bob')
    alice.image(), bob.image()
    first = alice.begin(WAIT)
    alice.wait_state(*first, 'running')
    hers = [alice.begin('true') for _ in range(3)]
    his = bob.begin('true')
    kabuto.let_go(first[1])
    starts = [alice.wait_job(*job)['started_at'] for job in hers]
    assert starts == sorted(starts)
    assert bob.wait_job(*his)['started_at'] < starts[1]


def test_user_with_fewer_running_jobs_goes_first(own):
    kabuto = own({'slots': 2})
    alice, bob = kabuto.user('alice'), kabuto.user('bob')
    alice.image(), bob.image()
    running = [alice.begin(WAIT) for _ in range(2)]
    for job in running:
        alice.wait_state(*job, 'running')
    waiting = alice.begin(WAIT)
    his = bob.begin(WAIT)
    kabuto.let_go(running[0][1])
    bob.wait_state(*his, 'running')
    assert alice.state(*waiting)['state'] == 'in_queue'
    for job in (running[1][1], his[1], waiting[1]):
        kabuto.let_go(job)
    alice.wait_job(*waiting)
    bob.wait_job(*his)


@pytest.fixture(scope='module')
def full(start, alive):
    """A user with 10,000 pipelines, the first of them with 10,000 jobs."""
    kabuto = start()
    user = kabuto.user('dave')
    pipeline = user.pipeline('with many jobs')
    model = user.job(pipeline, 'true')
    now = int(time.time() * 1000)
    numbers = ('WITH RECURSIVE n(i) AS '
               f'(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})')
    kabuto.sql(f'{numbers} INSERT INTO pipeline '
               '(account, name, on_failure, max_parallel, created_at) '
               'SELECT account, i, on_failure, 1, ? FROM n, pipeline WHERE id = ?', now, pipeline)
    columns = [row[1] for row in kabuto.sql('PRAGMA table_info(job)')]
    changed = {'id': 'NULL', 'position': 'position + i',
               'attachment_token': 'hex(randomblob(16))'}
    copied = ', '.join(changed.get(column, f'"{column}"') for column in columns)
    kabuto.sql(f'{numbers} INSERT INTO job SELECT {copied} FROM n, job WHERE id = ?', model)
    yield user, pipeline
    alive.remove(kabuto)
    kabuto.destroy()


def test_ten_thousand_pipelines_are_listed(full):
    user, pipeline = full
    listed = user.json('/pipeline')
    assert len(listed) == MANY and list(listed)[0] == str(pipeline)
    assert len(listed[str(pipeline)]['jobs']) == MANY


def test_ten_thousand_jobs_are_listed(full):
    user, pipeline = full
    listed = user.json(f'/pipeline/{pipeline}/job')
    assert len(listed) == MANY and all(str(job['id']) == key for key, job in listed.items())


@pytest.mark.parametrize('what', ['/pipeline', '/pipeline/{}/job'])
def test_pages_are_linked_and_hold_everything_once(full, what):
    user, pipeline = full
    path, seen = what.format(pipeline) + '?limit=1000', []
    while path:
        answer = expect(user.get(path), 200)
        assert 0 < len(answer.json()) <= 1000
        seen += answer.json()
        link = answer.links.get('next')
        path = link and link['url'].replace(user.url, '')
        assert len(seen) <= MANY
    assert len(seen) == MANY == len(set(seen))


@pytest.mark.both
def test_limit_and_after(carol):
    pipelines = [carol.pipeline(str(i)) for i in range(5)]
    page = carol.get('/pipeline', params={'limit': 2})
    assert list(page.json()) == [str(x) for x in pipelines[:2]]
    assert page.links['next']['url']
    rest = carol.get('/pipeline', params={'limit': 10, 'after': pipelines[2]})
    assert list(rest.json()) == [str(x) for x in pipelines[3:]]
    assert 'next' not in rest.links
    assert carol.json('/pipeline', params={'after': pipelines[4]}) == {}


def test_exact_last_page_has_no_next(carol):
    for i in range(2):
        carol.pipeline(str(i))
    answer = carol.get('/pipeline', params={'limit': 2})
    assert len(answer.json()) == 2 and 'next' not in answer.links


@pytest.mark.parametrize('query', ['limit=0', 'limit=1001', 'limit=-1', 'limit=x',
                                   'after=x', 'limit=1&after=99999999999999999999'])
def test_bad_pages_are_refused(alice, query):
    name = query.split('&')[-1].split('=')[0]
    for path in ('/pipeline', '/image'):
        refused(alice.get(f'{path}?{query}'), 400, name)


def test_jobs_by_state(alice):
    pipeline = alice.pipeline()
    good, bad = alice.job(pipeline, 'true'), alice.job(pipeline, 'false')
    alice.submit(pipeline)
    alice.wait_job(pipeline, bad)
    ready = alice.job(pipeline, 'true')
    for state, job in (('done', good), ('failed', bad), ('ready', ready)):
        assert list(alice.json(f'/pipeline/{pipeline}/job?state={state}')) == [str(job)]
    assert alice.json(f'/pipeline/{pipeline}/job?state=running') == {}
    refused(alice.get(f'/pipeline/{pipeline}/job?state=asleep'), 400, 'state')


def test_queued_job_says_why_it_waits(alice):
    pipeline = alice.pipeline()
    jobs = [alice.job(pipeline, WAIT), alice.job(pipeline, 'true'), alice.job(pipeline, 'true')]
    alice.submit(pipeline)
    alice.wait_state(pipeline, jobs[0], 'running')
    queue = alice.state(pipeline, jobs[2])['queue']
    assert set(queue) == {'position', 'reason', 'eta_s'}
    assert queue['position'] >= 2 and 'before it in its pipeline' in queue['reason']
    alice.kabuto.let_go(jobs[0])
    alice.wait_job(pipeline, jobs[2])


def test_large_pipeline_is_submitted_changed_and_deleted(own):
    """Statements that write so many rows that SQLite needs files for what to undo."""
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline = dave.pipeline()
    job = dave.job(pipeline, WAIT)
    dave.submit(pipeline)
    dave.wait_state(pipeline, job, 'running')
    kabuto.sql('''WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,
        pids, disk, attachment_token, created_at, command) SELECT pipeline, account, image,
        position + i, network, timeout, grace, memory, cpus, pids, disk, '', created_at, 'true'
        FROM job, n''')
    assert len(dave.submit(pipeline)) == 5001
    jobs = [x['id'] for x in dave.pipeline_state(pipeline)['jobs']]
    order = [jobs[0], *reversed(jobs[1:])]
    expect(dave.call('PUT', f'/pipeline/{pipeline}',
                     data={'rearrange_jobs': ','.join(map(str, order))}), 200)
    assert [x['id'] for x in dave.pipeline_state(pipeline)['jobs']] == order
    expect(dave.post(f'/pipeline/{pipeline}/cancel'), 200)
    dave.wait_job(pipeline, job)
    expect(dave.call('DELETE', f'/pipeline/{pipeline}'), 200)
    until(lambda: kabuto.sql('SELECT count(*) FROM job') == [(0,)], 'all jobs are gone')
