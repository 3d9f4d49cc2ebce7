"""kabutoctl maintain: what goes, what stays, and what it says."""
import json
import os
import re
import secrets
import sqlite3

import pytest

from client import WAIT, expect, refused
from ctl import DAY, HOUR, again, files, logs_of, maintain, make_rubbish, one_line, results_of
from wait import until

# Retention

def test_results_and_logs_go_by_their_age_and_say_so(own, later):
    kabuto = own({'retention': {'results_days': 10, 'logs_days': 20}})
    dave = kabuto.user('dave')
    job = dave.run('echo hello; echo result > /outbox/x')
    zip_file = results_of(kabuto, job)
    maintain(kabuto)
    maintain(kabuto, **later(9 * DAY))
    assert dave.results(job).read('x') == b'result\n'
    maintain(kabuto, **later(11 * DAY))
    assert re.search(r'\d{4}-\d\d-\d\dT', refused(dave.download(job), 410, 'removed'))
    assert not zip_file.exists()
    assert dave.lines(job['id']) == ['hello'], 'logs have an age of their own'
    maintain(kabuto, **later(21 * DAY))
    answer = dave.get(f'/execution/{job["id"]}/logs')
    assert re.search(r'\d{4}-\d\d-\d\dT', refused(answer, 410, 'removed'))
    assert logs_of(kabuto, job) == []
    assert dave.state(job['pipeline']['id'], job['id'])['state'] == 'done'


def test_what_runs_again_after_retention_has_logs_and_results(own, later):
    kabuto = own({'retention': {'results_days': 1, 'logs_days': 1}})
    dave = kabuto.user('dave')
    job = dave.run('echo hello; echo result > /outbox/x')
    maintain(kabuto, **later(2 * DAY))
    refused(dave.download(job), 410)
    job = again(dave, job)
    assert dave.results(job).read('x') == b'result\n'
    assert dave.lines(job['id']) == ['hello']
    maintain(kabuto)


def test_jobs_go_by_their_age_with_all_that_is_theirs(own, later):
    kabuto = own({'retention': {'jobs_days': 5}})
    dave = kabuto.user('dave')
    old = dave.run('echo x > /outbox/x', [('a', b'attached')])
    pipeline, running = dave.begin(WAIT)
    dave.wait_state(pipeline, running, 'running')
    counted = maintain(kabuto, '--json', **later(6 * DAY))
    assert counted['jobs'] == {'removed': 1} and counted['problems'] == []
    refused(dave.get(f'/pipeline/{old["pipeline"]["id"]}/job/{old["id"]}'), 404)
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE id = ?', old['id']), 'its row is gone')
    assert logs_of(kabuto, old) == [] and os.listdir(kabuto.state / 'results') == []
    assert os.listdir(kabuto.state / 'inbox') == []
    kabuto.let_go(running)
    assert dave.wait_job(pipeline, running)['state'] == 'done'


BIG = 'head -c 100000 /dev/urandom > /outbox/x; head -c 50000 /dev/zero'


def test_oldest_results_and_then_logs_go_of_an_account_over_its_size(own):
    kabuto = own({'retention': {'account_bytes': '400k'}})
    dave, erin = kabuto.user('dave'), kabuto.user('erin')
    jobs = [dave.run(BIG) for _ in range(4)]  # 600,000 bytes
    hers = erin.run(BIG)
    maintain(kabuto)
    assert [dave.download(job).status_code for job in jobs] == [410, 410, 200, 200]
    assert [bool(logs_of(kabuto, job)) for job in jobs] == [True] * 4
    assert erin.download(hers).status_code == 200
    maintain(kabuto)
    assert [dave.download(job).status_code for job in jobs] == [410, 410, 200, 200]
    # An account's limit of its own stands before the configuration's.
    assert kabuto.ctl('user', 'limit', 'dave', 'stored=120k').returncode == 0
    counted = maintain(kabuto, '--json')
    assert [dave.download(job).status_code for job in jobs] == [410] * 4
    assert [bool(logs_of(kabuto, job)) for job in jobs] == [False, False, True, True]
    assert counted['stored']['removed'] == 4 and counted['stored']['bytes'] > 300000
    assert kabuto.ctl('user', 'limit', 'dave', 'stored=default').returncode == 0
    assert erin.download(hers).status_code == 200


def test_dry_run_counts_what_a_run_then_does_and_changes_nothing(own, later):
    kabuto = own({'retention': {'results_days': 10, 'logs_days': 10, 'account_bytes': '1k'},
                  'sandboxes': False})  # nothing else changes meanwhile
    dave = kabuto.user('dave')
    dave.run('head -c 5000 /dev/urandom > /outbox/x')
    make_rubbish(kabuto)

    def everything():
        connection = sqlite3.connect(kabuto.state / 'kabuto.db')
        dump = [line for line in connection.iterdump()
                if not re.search('INTO "(spooler|sweep)"', line)]
        connection.close()
        return files(kabuto), dump
    for seconds in (2 * HOUR, 40 * DAY):
        before = everything()
        dry = maintain(kabuto, '--dry-run', '--json', **later(seconds))
        said = maintain(kabuto, '--dry-run', **later(seconds))
        assert everything() == before
        assert said.startswith('would remove ') and said.count('\n') >= 2
        assert maintain(kabuto, '--json', **later(seconds)) == dry
    assert dry['sessions']['removed'] >= 1 and dry['problems'] == []


# Rubbish

def test_rubbish_goes_once_it_is_an_hour_old(own, later):
    kabuto = own({'sandboxes': False})
    dave = kabuto.user('dave')
    kept = dave.run('echo x > /outbox/x', [('a', b'x')])
    clean = files(kabuto)
    rubbish = make_rubbish(kabuto)
    maintain(kabuto, **later(HOUR // 2))
    young = {name for name in rubbish if (kabuto.state / name).exists()}
    # A folder in incoming/ is somebody's as long as its lock is held, however young.
    assert rubbish - young == {name for name in rubbish if re.match('incoming/[0-9a-f]{32}', name)}
    counted = maintain(kabuto, '--json', **later(2 * HOUR))
    assert counted['files']['removed'] == len(young) and counted['files']['bytes'] > 0
    assert files(kabuto) == clean
    assert dave.results(kept).read('x') == b'x\n'


def test_results_that_are_younger_than_a_running_job_may_be_its(own, later):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, job = dave.begin(WAIT)
    dave.wait_state(pipeline, job, 'running')
    zip_file = kabuto.state / 'results' / f'{secrets.token_hex(16)}.zip'
    zip_file.write_bytes(b'without a row as yet')
    maintain(kabuto, **later(2 * HOUR))
    assert zip_file.exists()
    kabuto.let_go(job)
    dave.wait_job(pipeline, job)
    maintain(kabuto, **later(2 * HOUR))
    assert not zip_file.exists()


def test_logs_that_retention_could_not_remove_are_rubbish(own, later):
    """A crash, or a backup that kept them, between its note and the removal."""
    kabuto = own()
    dave = kabuto.user('dave')
    noted, kept = dave.run('echo noted'), dave.run('echo kept')
    kabuto.sql('UPDATE job SET logs_removed_at = finished_at, log_size = 0 WHERE id = ?',
               noted['id'])
    maintain(kabuto)
    assert len(logs_of(kabuto, noted)) == 3, 'they are young'
    assert maintain(kabuto, '--json', **later(2 * HOUR))['files']['removed'] == 3
    assert logs_of(kabuto, noted) == []
    assert dave.lines(kept['id']) == ['kept']


def test_rubbish_of_root_in_an_outbox_goes(own, later):
    kabuto = own()
    outbox = kabuto.state / 'run/999.1/outbox/closed'
    outbox.mkdir(parents=True)
    (outbox / 'file').write_bytes(b'x')
    for path in (outbox / 'file', outbox):
        os.chown(path, 0, 0)
    outbox.chmod(0o500)
    maintain(kabuto, **later(2 * HOUR))
    assert set(os.listdir(kabuto.state / 'run')) <= {'sandboxes'}


def test_what_an_ended_build_was_made_from_goes(own, later):
    kabuto = own()
    dave = kabuto.user('dave')
    build = dave.build()
    dave.wait_build(build, 'SUCCESS')
    for name in ('context', 'checkout'):
        (kabuto.state / 'builds' / str(build) / name).mkdir()
    assert maintain(kabuto, '--json', **later(2 * HOUR))['contexts']['removed'] == 2
    assert os.listdir(kabuto.state / 'builds' / str(build)) == ['output']


def test_sessions_counters_and_unconfirmed_accounts_expire(own, later):
    kabuto = own({'session_days': 3})
    dave = kabuto.user('dave')
    expect(kabuto.client().register('nobody'), 200)
    assert kabuto.client().log_in('dave', 'wrong!').status_code == 401
    counted = maintain(kabuto, '--json')
    assert {counted[x]['removed'] for x in ('sessions', 'login_failures', 'accounts')} == {0}
    counted = maintain(kabuto, '--json', **later(4 * DAY))
    assert (counted['sessions']['removed'], counted['login_failures']['removed']) == (1, 3)
    refused(dave.get('/account'), 401)
    assert counted['accounts']['removed'] == 0
    assert maintain(kabuto, '--json', **later(31 * DAY))['accounts']['removed'] == 1
    assert kabuto.sql('SELECT login FROM account') == [('dave',)]


@pytest.mark.log_errors
def test_maintenance_needs_no_engine(proxied, later):
    kabuto, proxy = proxied
    rubbish = make_rubbish(kabuto)
    proxy.away()
    told = maintain(kabuto, '--json', **later(2 * HOUR))
    assert told['files']['removed'] > 0 and 'containers' not in told and 'images' not in told
    assert not [name for name in rubbish if (kabuto.state / name).exists()]
    proxy.back()
    kabuto.wait_healthy()


def test_database_that_stays_busy_means_try_again(own, later):
    kabuto = own()
    kabuto.user('dave')
    connection = sqlite3.connect(kabuto.state / 'kabuto.db', isolation_level=None)
    connection.execute('BEGIN IMMEDIATE')
    try:
        one_line(kabuto.ctl('maintain', **later(31 * DAY)), 75, 'sessions', 'busy')
    finally:
        connection.execute('ROLLBACK')
        connection.close()
    maintain(kabuto, **later(31 * DAY))


def test_statistics_of_a_large_database_make_no_statement_scan(own):
    """In a test build a process aborts that scans; with statistics, tables that are small tempt it."""
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo x > /outbox/x')
    names = ', '.join(row[1] for row in kabuto.sql('PRAGMA table_info(job)')
                      if row[1] not in ('id', 'attachment_token', 'results_token'))
    kabuto.sql(f"""WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
        INSERT INTO job (attachment_token, {names}) SELECT hex(randomblob(16)), {names}
        FROM n JOIN job ON job.id = ?""", job['id'])
    kabuto.sql('UPDATE job SET attempt = 0 WHERE id > ?', job['id'])
    maintain(kabuto)
    assert kabuto.sql("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'job'")[0][0] > 0
    kabuto.stop()
    kabuto.start()
    erin = kabuto.user('erin')
    assert erin.run('true', [('a', b'x')])['state'] == 'done'
    pipeline, running = erin.begin(WAIT)
    erin.wait_state(pipeline, running, 'running')
    for path in ('', f'/pipeline/{pipeline}/kill', '/account', '/image', '/pipeline', '/healthz',
                 f'/pipeline/{pipeline}', f'/pipeline/{pipeline}/job', f'/execution/{running}/logs'):
        assert erin.get(path).status_code < 500, path
    kabuto.let_go(running)
    erin.wait_job(pipeline, running)
    expect(erin.call('DELETE', f'/pipeline/{pipeline}/job/{running}'), 200)
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE deleted'), 'it is gone')
    maintain(kabuto)
    for words in (('status',), ('verify',), ('user', 'list')):
        assert kabuto.ctl(*words).returncode == 0
    kabuto.sql('DELETE FROM job WHERE id BETWEEN ? AND ?', job['id'] + 1, job['id'] + 12000)


# Files that are missing

def test_files_that_rows_name_and_that_are_missing_are_told(own):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo x > /outbox/x', [('a', b'attached')])
    assert kabuto.ctl('verify').returncode == 0
    attached = next((kabuto.state / 'inbox').glob('*/a'))
    victims = [(results_of(kabuto, job), 'results/'), (attached, 'inbox/'),
               (kabuto.state / 'logs' / f'{job["id"]}.1.log', 'logs/')]
    for victim, folder in victims:
        victim.rename(kabuto.root / 'aside')
        for command in ('maintain', 'verify'):
            line = one_line(kabuto.ctl(command), 1, folder, f'job {job["id"]}', 'No such file')
            assert victim.name in line
        (kabuto.root / 'aside').rename(victim)
    attached.write_bytes(b'attache')
    one_line(kabuto.ctl('verify'), 1, 'has 7 bytes, and must have 8')
    problems = json.loads(kabuto.ctl('maintain', '--json').stdout)['problems']
    assert [x['step'] for x in problems] == ['missing']
    attached.write_bytes(b'attached')
    assert kabuto.ctl('verify').returncode == 0
