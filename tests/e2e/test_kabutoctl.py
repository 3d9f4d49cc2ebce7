"""kabutoctl, as an operator and cron call it: beside a running service, as root."""
import io
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import sqlite3
import subprocess
import tarfile

import pytest

from client import PASSWORD, WAIT, Client, expect, refused
from engine import EngineError
from wait import until

DAY = 24 * 60 * 60
HOUR = 60 * 60


@pytest.fixture(scope='module')
def later(scratch, source):
    """later(seconds) gives what makes kabutoctl believe that it is so much later."""
    library = scratch / 'later.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library, source / 'tests/e2e/later.c'],
                   check=True)

    def later(seconds):
        return {'env': {**os.environ, 'LD_PRELOAD': str(library), 'LATER_S': str(seconds)}}
    return later


def maintain(kabuto, *options, **kw):
    """Must find nothing wrong, and then has nothing to say unless it is asked."""
    done = kabuto.ctl('maintain', *options, **kw)
    assert (done.returncode, done.stderr) == (0, ''), done
    if '--json' in options:
        return json.loads(done.stdout)
    assert options or done.stdout == '', done.stdout
    return done.stdout


def one_line(done, status, *words):
    """It failed with this exit status and one line, which has these words."""
    assert done.returncode == status, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith('kabutoctl: '), done.stderr
    for word in words:
        assert word in lines[0], lines[0]
    return lines[0]


def files(kabuto):
    """All files and folders of the state directory but those that come and go with processes."""
    until(lambda: not kabuto.containers(), 'what jobs ran in is removed')
    until(lambda: not [*kabuto.state.glob('run/[1-8]*')], 'and their outboxes')
    found = set()
    for folder, folders, names in os.walk(kabuto.state):
        found |= {os.path.relpath(os.path.join(folder, name), kabuto.state)
                  for name in folders + names}
    return {name for name in found if not name.startswith(('kabuto.db', 'wake', 'lock'))}


def logs_of(kabuto, job):
    return sorted(x.name for x in (kabuto.state / 'logs').glob(f'{job["id"]}.*'))


def results_of(kabuto, job):
    """The zip's path, or None."""
    token = kabuto.sql('SELECT results_token FROM job WHERE id = ?', job['id'])[0][0]
    return token and kabuto.state / 'results' / f'{token}.zip'


def again(user, job):
    """Runs its pipeline once more."""
    user.submit(job['pipeline']['id'])
    return user.wait_job(job['pipeline']['id'], job['id'])


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
    kabuto = own({'retention': {'results_days': 10, 'logs_days': 10, 'account_bytes': '1k'}})
    dave = kabuto.user('dave')
    dave.run('head -c 5000 /dev/urandom > /outbox/x')
    make_rubbish(kabuto)

    def everything():
        connection = sqlite3.connect(kabuto.state / 'kabuto.db')
        dump = [line for line in connection.iterdump() if 'INTO "spooler"' not in line]
        connection.close()
        return files(kabuto), dump
    for seconds in (2 * HOUR, 40 * DAY):
        before = everything()
        dry = maintain(kabuto, '--dry-run', '--json', **later(seconds))
        said = maintain(kabuto, '--dry-run', **later(seconds))
        assert everything() == before
        assert said.startswith('would be: ') and said.count('\n') >= 2
        assert maintain(kabuto, '--json', **later(seconds)) == dry
    assert dry['sessions']['removed'] >= 1 and dry['problems'] == []


# Rubbish

def make_rubbish(kabuto):
    """Things without a row, one of a kind; gives their names in the state directory."""
    name = secrets.token_hex(16)
    rubbish = {f'results/{name}.zip', 'logs/999.1.log', 'logs/999.1.idx', f'inbox/{name}',
               'builds/999', 'run/999.1', f'incoming/{name}', 'incoming/part.zip'}
    for path in rubbish:
        path = kabuto.state / path
        if path.suffix in ('.zip', '.log', '.idx'):
            path.write_bytes(b'rubbish')
        else:
            path.mkdir()
            (path / 'file').write_bytes(b'rubbish')
    return rubbish


def test_rubbish_goes_once_it_is_an_hour_old(own, later):
    kabuto = own()
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


def test_what_an_ended_build_was_made_from_goes(own, later):
    kabuto = own()
    dave = kabuto.user('dave')
    build = dave.build()
    dave.wait_build(build, 'SUCCESS')
    for name in ('context', 'checkout'):
        (kabuto.state / 'builds' / str(build) / name).mkdir()
    assert maintain(kabuto, '--json', **later(2 * HOUR))['contexts']['removed'] == 2
    assert os.listdir(kabuto.state / 'builds' / str(build)) == ['output']


def test_container_of_no_running_job_goes_and_others_stay(own, engine):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, job = dave.begin(WAIT)
    dave.wait_state(pipeline, job, 'running')
    labels = {'kabuto.instance': kabuto.instance, 'kabuto.job': str(job), 'kabuto.attempt': '7'}
    stray = engine.call('POST', '/containers/create',
                        {'Image': 'busybox', 'Cmd': ['true'], 'Labels': labels})['Id']
    assert maintain(kabuto, '--json')['containers'] == {'removed': 1}
    assert stray not in [c['Id'] for c in kabuto.containers()]
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


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


# Images

def tags(kabuto):
    return {tag for tag in kabuto.engine.images() if tag.startswith(f'kabuto/{kabuto.instance}-')}


def test_images_that_nothing_needs_go(own, engine):
    kabuto = own()
    dave = kabuto.user('dave')
    image = dave.image()
    build = kabuto.sql('SELECT build FROM image WHERE id = ?', image)[0][0]
    name = f'kabuto/{kabuto.instance}-'
    serving, former = f'{name}{image}:{build}', f'{name}{image}:{build + 100}'
    gone, sandbox = f'{name}999:999', f'{name}sandbox:1'
    before = tags(kabuto)
    for tag in (former, gone, sandbox):
        repository, version = tag.split(':')
        engine.call('POST', f'/images/{serving}/tag', repo=repository, tag=version)
    # As long as a job is in queue or runs, what its image was stays.
    pipeline, job = dave.begin(WAIT)
    dave.wait_state(pipeline, job, 'running')
    assert maintain(kabuto, '--json')['images']['removed'] == 1
    assert tags(kabuto) == before | {former, sandbox}
    kabuto.let_go(job)
    dave.wait_job(pipeline, job)
    assert maintain(kabuto, '--json')['images']['removed'] == 1
    assert tags(kabuto) == before | {sandbox}
    assert dave.run('true')['state'] == 'done'


def untagged(engine, label):
    """An image with that label and no tag."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode='w') as tar:
        info = tarfile.TarInfo('Dockerfile')
        text = f'FROM busybox\nLABEL x={secrets.token_hex(8)}\n'.encode()
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    engine.call('POST', '/build', context.getvalue(), 'application/x-tar', q=1,
                labels=json.dumps({'kabuto.instance': label}))


def images_with(engine, label):
    filters = json.dumps({'label': [f'kabuto.instance={label}'], 'dangling': ['true']})
    return engine.call('GET', '/images/json', filters=filters)


def test_images_without_a_tag_go_if_they_are_ours(own, engine):
    kabuto = own()
    untagged(engine, kabuto.instance)
    untagged(engine, 'other')
    assert len(images_with(engine, kabuto.instance)) == len(images_with(engine, 'other')) == 1
    assert maintain(kabuto, '--dry-run', '--json')['images']['removed'] == 1
    assert maintain(kabuto, '--json')['images']['removed'] >= 1
    assert images_with(engine, kabuto.instance) == []
    assert len(images_with(engine, 'other')) == 1


@pytest.mark.log_errors
def test_engine_that_is_away_is_told_once_and_the_rest_is_done(proxied, later):
    kabuto, proxy = proxied
    rubbish = make_rubbish(kabuto)
    proxy.away()
    one_line(kabuto.ctl('maintain', **later(2 * HOUR)), 1, 'engine', 'does not answer')
    assert not [name for name in rubbish if (kabuto.state / name).exists()]
    proxy.back()
    kabuto.wait_healthy()
    maintain(kabuto)


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


# Files that are missing, and a database that is damaged

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
    one_line(kabuto.ctl('verify'), 1, 'has 7 bytes, and had 8')
    problems = json.loads(kabuto.ctl('maintain', '--json').stdout)['problems']
    assert [x['step'] for x in problems] == ['missing']
    attached.write_bytes(b'attached')
    assert kabuto.ctl('verify').returncode == 0


def damage(path):
    """Zeros over a page that a table's rows or index lie in."""
    with open(path, 'r+b') as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(size // 2 // 4096 * 4096)
        file.write(b'\xa5' * 4096)


@pytest.mark.parametrize('how', ['page', 'header'])
def test_damaged_database_is_refused_and_restored(own, how, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo x > /outbox/x')
    backup = tmp_path / 'backup'
    assert kabuto.ctl('backup', backup).returncode == 0
    kabuto.stop()
    if how == 'page':
        damage(kabuto.state / 'kabuto.db')
    else:
        with open(kabuto.state / 'kabuto.db', 'r+b') as file:
            file.write(b'nothing of SQLite')
    kabuto['spooler'].start()
    assert kabuto['spooler'].process.wait(30) == 1
    assert len(kabuto['spooler'].text().splitlines()[-1]) < 1000
    assert 'kabutoctl restore' in kabuto['spooler'].text().splitlines()[-1]
    for command in (('status',), ('verify',), ('maintain',), ('backup', tmp_path / 'other')):
        done = kabuto.ctl(*command)
        assert done.returncode == 1
        assert 'damaged' in done.stderr.splitlines()[-1]
        assert 'kabutoctl restore' in done.stderr.splitlines()[-1]
    assert not (tmp_path / 'other').exists() and not (tmp_path / 'other.part').exists()
    done = kabuto.ctl('restore', '--force', backup)
    assert done.returncode == 0, done.stderr
    kabuto['spooler'].seen = len(kabuto['spooler'].text())
    kabuto.start()
    assert dave.results(job).read('x') == b'x\n'
    forget_aside(kabuto)


def forget_aside(kabuto):
    """What a restore has kept of the former state."""
    aside = [*kabuto.state.glob('*before-restore-*')]
    assert any(path.name.startswith('kabuto.db.') for path in aside)
    for path in aside:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


# Backup and restore

@pytest.fixture
def moved(own, alive):
    """moved(kabuto, backup): ends that Kabuto and gives another one, from its backup."""
    def moved(kabuto, backup):
        alive.remove(kabuto)
        kabuto.destroy()
        other = own(begin=False)
        done = other.ctl('restore', backup)
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        return other.start()
    return moved


def known_as(kabuto, login):
    client = Client(kabuto)
    expect(client.log_in(login), 200)
    client.login = login
    return client


@pytest.mark.log_errors
def test_backup_under_way_loses_nothing_that_goes_meanwhile(own, moved, later, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    first = dave.run('echo hello; cat /proc/sys/kernel/random/uuid > /outbox/x', [('sub/ä b', b'attached')])
    original = dave.results(first).read('x')
    doomed = dave.run('echo doomed > /outbox/x', [('a', b'attached too')])
    pipeline, running = dave.begin(f'echo begun; {WAIT}', [('a', b'mine')])
    dave.wait_line(running, 'begun')
    old_zip = results_of(kabuto, first)
    # A pipe takes less than the database: it is at work until somebody reads.
    with subprocess.Popen([kabuto.build / 'daemon/kabutoctl', '-c', kabuto.config, 'backup', '-'],
                          stdout=subprocess.PIPE) as backup:
        head = backup.stdout.read(1)
        first = again(dave, first)
        assert dave.results(first).read('x') != original
        assert old_zip.exists(), 'its former results are kept for the backup'
        expect(dave.call('DELETE', f'/pipeline/{doomed["pipeline"]["id"]}/job/{doomed["id"]}'), 200)
        refused(dave.download(doomed), 404)
        maintain(kabuto, **later(2 * HOUR))
        assert old_zip.exists() and results_of(kabuto, doomed).exists()
        (tmp_path / 'backup').write_bytes(head + backup.stdout.read())
    assert backup.returncode == 0
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE deleted'), 'what was deleted goes now')
    assert old_zip.exists(), 'a running job is older than it, whose it may be'
    kabuto.let_go(running)
    dave.wait_job(pipeline, running)
    maintain(kabuto, **later(2 * HOUR))
    assert not old_zip.exists(), 'the next look finds it'
    kabuto.check()

    assert kabuto.ctl('verify', tmp_path / 'backup').returncode == 0
    kabuto = moved(kabuto, tmp_path / 'backup')
    dave = known_as(kabuto, 'dave')
    first = dave.state(first['pipeline']['id'], first['id'])
    assert dave.results(first).read('x') == original
    assert dave.lines(first['id']) == ['hello']
    assert dave.results(doomed).read('x') == b'doomed\n'
    lost = dave.wait_job(pipeline, running)
    assert (lost['state'], lost['error']) == \
        ('failed', 'the engine lost the container while the job ran')
    assert dave.lines(running) == ['begun']
    kabuto.sql("UPDATE job SET command = 'cat /inbox/*/* /inbox/a; id -u; echo new > /outbox/x',"
               " user = 'nobody' WHERE id IN (?, ?)", first['id'], doomed['id'])
    assert dave.lines(again(dave, first)['id'])[0] == 'attached65534'
    assert dave.lines(again(dave, doomed)['id'])[0] == 'attached too65534'
    assert dave.results(doomed).read('x') == b'new\n'
    assert kabuto.ctl('verify').returncode == 0


def test_second_backup_waits_for_the_first_and_then_says_try_again(own, tmp_path):
    kabuto = own()
    with subprocess.Popen([kabuto.build / 'daemon/kabutoctl', '-c', kabuto.config, 'backup', '-'],
                          stdout=subprocess.PIPE) as backup:
        backup.stdout.read(1)
        one_line(kabuto.ctl('backup', tmp_path / 'second'), 75, 'another backup runs')
        backup.stdout.read()
    assert os.listdir(tmp_path) == []
    assert kabuto.ctl('backup', tmp_path / 'second').returncode == 0


def test_pending_build_and_outputs_of_others_are_in_the_backup(own, moved, tmp_path):
    kabuto = own({'build_slots': 1})
    dave = kabuto.user('dave')
    done = dave.build('FROM busybox\nRUN echo built\n')
    dave.wait_build(done, 'SUCCESS')
    output = (kabuto.state / f'builds/{done}/output').read_text()
    kabuto['spooler'].stop()
    waiting = dave.build('FROM busybox\nCOPY sub/file /\n', files=[
        ('attachments', ('sub/file', b'content'))])
    assert kabuto.ctl('backup', tmp_path / 'backup').returncode == 0
    kabuto['spooler'].start()
    dave.wait_build(waiting, 'SUCCESS')
    kabuto = moved(kabuto, tmp_path / 'backup')
    dave = known_as(kabuto, 'dave')
    assert (kabuto.state / f'builds/{done}/output').read_text() == output
    image = dave.wait_build(waiting, 'SUCCESS')['id']
    assert dave.lines(dave.run('cat /file', image=image)['id']) == ['content']


def test_backup_is_for_its_owner_only_and_whole_or_not_there(kabuto, alice, tmp_path):
    alice.run('echo x > /outbox/x')
    backup = tmp_path / 'backup'
    done = kabuto.ctl('backup', backup)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert backup.stat().st_mode & 0o777 == 0o600 and backup.stat().st_uid == 0
    assert os.listdir(tmp_path) == ['backup']
    with tarfile.open(backup) as tar:
        names = tar.getnames()
    assert names[0] == 'kabuto.db' and names[-1] == 'MANIFEST'
    assert len(names) == len(set(names))
    one_line(kabuto.ctl('backup', tmp_path / 'nowhere/backup'), 1, 'nowhere/backup.part')
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([kabuto.build / 'daemon/kabutoctl', '-c', kabuto.config, 'backup',
                               '-'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    one_line(done, 1, 'No space left')
    assert os.listdir(kabuto.state / 'incoming') == []


@pytest.fixture(scope='module')
def backup(kabuto, alice, tmp_path_factory):
    """A backup of the Kabuto that tests share."""
    alice.run('echo marked-by-the-log; echo marked-by-the-result > /outbox/x',
              [('a', b'marked-by-the-attachment')])
    path = tmp_path_factory.mktemp('backup') / 'backup'
    assert kabuto.ctl('backup', path).returncode == 0
    return path


@pytest.fixture
def fresh(own, alive):
    """A Kabuto that has not begun, with an empty state directory; it is not looked at afterwards."""
    one = own(begin=False)
    alive.remove(one)
    return one


def untouched(kabuto):
    """Whether a restore that was refused has left nothing."""
    return (not [x for x in os.listdir(kabuto.state) if x.startswith('kabuto.db')] and
            not [x for x in ('inbox', 'logs', 'results', 'builds', 'incoming')
                 if os.path.isdir(kabuto.state / x) and os.listdir(kabuto.state / x)])


MARKS = [b'SQLite format 3', b'CREATE TABLE account', b'marked-by-the-log',
         b'marked-by-the-attachment', b'PK\x01\x02', b'ustar', b' kabuto.db\n']


@pytest.mark.parametrize('mark', MARKS)
def test_flipped_byte_is_found(fresh, backup, mark, tmp_path):
    data = bytearray(backup.read_bytes())
    at = data.rindex(mark)
    data[at + len(mark) // 2] ^= 1
    broken = tmp_path / 'broken'
    broken.write_bytes(data)
    one_line(fresh.ctl('verify', broken), 1, str(broken))
    one_line(fresh.ctl('restore', broken), 1, str(broken))
    assert untouched(fresh)


@pytest.mark.parametrize('share', [0, 0.01, 0.5, 0.99])
def test_backup_that_was_cut_off_is_found(fresh, backup, share, tmp_path):
    data = backup.read_bytes()
    end = data.rindex(b' kabuto.db\n')  # in the manifest; behind it there are zeros
    broken = tmp_path / 'broken'
    broken.write_bytes(data[:int(end * share)])
    one_line(fresh.ctl('verify', broken), 1, str(broken))
    one_line(fresh.ctl('restore', broken), 1, str(broken))
    assert untouched(fresh)


def repacked(backup, to, change):
    """The backup with its members changed: change(list of (TarInfo, content))."""
    with tarfile.open(backup) as tar:
        members = [(x, tar.extractfile(x).read() if x.isfile() else None) for x in tar]
    with tarfile.open(to, 'w', format=tarfile.PAX_FORMAT) as tar:
        for info, content in change(members):
            tar.addfile(info, io.BytesIO(content) if content is not None else None)


def member(name, content=b'x', **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


HOSTILE = {
    'absolute': member('/etc/kabuto-was-here'),
    'parent': member('inbox/../../kabuto-was-here'),
    'unknown': member('run/1.1/outbox/x'),
    'deep': member('results/sub/x.zip'),
    'link': member('inbox/x/link', b'', type=tarfile.SYMTYPE, linkname='/etc/passwd'),
    'hard': member('results/x.zip', b'', type=tarfile.LNKTYPE, linkname='kabuto.db'),
    'device': member('logs/1.1.log', b'', type=tarfile.CHRTYPE),
    'twice': member('kabuto.db'),
    'more': member('results/more.zip'),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_archive_with_anything_else_in_it_is_refused(fresh, backup, kind, tmp_path):
    hostile = tmp_path / 'hostile'
    repacked(backup, hostile, lambda members: [*members[:-1], HOSTILE[kind], members[-1]])
    one_line(fresh.ctl('restore', hostile), 1, str(hostile))
    one_line(fresh.ctl('verify', hostile), 1, str(hostile))
    assert untouched(fresh)
    assert not os.path.exists('/etc/kabuto-was-here')
    assert not (fresh.root / 'kabuto-was-here').exists()


def test_member_behind_the_manifest_and_missing_ones_are_refused(fresh, backup, tmp_path):
    for change in (lambda x: [*x, member('results/x.zip')], lambda x: [*x[:-2], x[-1]],
                   lambda x: x[:-1], lambda x: x[1:]):
        repacked(backup, tmp_path / 'hostile', change)
        one_line(fresh.ctl('restore', tmp_path / 'hostile'), 1)
        assert untouched(fresh)
    repacked(backup, tmp_path / 'same', lambda x: x)
    assert fresh.ctl('verify', tmp_path / 'same').returncode == 0


def test_compressed_backup_is_read_as_it_is(fresh, backup, tmp_path):
    subprocess.run(f'gzip <{backup} >{tmp_path}/gz', shell=True, check=True)
    assert fresh.ctl('verify', tmp_path / 'gz').returncode == 0
    assert fresh.ctl('restore', '-', input=(tmp_path / 'gz').read_bytes(),
                     text=False).returncode == 0
    assert (fresh.state / 'kabuto.db').exists()


def test_backup_of_a_newer_version_is_refused(fresh, backup, tmp_path):
    with tarfile.open(backup) as tar:
        members = [(x, tar.extractfile(x).read()) for x in tar if x.isfile()]
    (tmp_path / 'kabuto.db').write_bytes(members[0][1])
    connection = sqlite3.connect(tmp_path / 'kabuto.db')
    connection.execute('PRAGMA user_version = 99')
    connection.execute('PRAGMA journal_mode = DELETE')
    connection.close()
    import hashlib
    data = (tmp_path / 'kabuto.db').read_bytes()
    line = f'{hashlib.sha256(data).hexdigest()} {len(data)} kabuto.db\n'.encode()
    repacked(backup, tmp_path / 'newer',
             lambda x: [member('kabuto.db', data), member('MANIFEST', line)])
    one_line(fresh.ctl('verify', tmp_path / 'newer'), 1, 'newer Kabuto')
    one_line(fresh.ctl('restore', tmp_path / 'newer'), 1, 'newer Kabuto')
    assert untouched(fresh)


@pytest.mark.log_errors
def test_restore_refuses_what_is_in_use_and_keeps_what_was_there(own, backup):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo x > /outbox/x')
    one_line(kabuto.ctl('restore', '--force', backup), 1, str(kabuto['spooler'].pid), 'stop it')
    kabuto['spooler'].stop()
    one_line(kabuto.ctl('restore', backup), 1, 'a database already', '--force')
    line = one_line(kabuto.ctl('restore', '--force', backup), 1, 'in use by process')
    assert int(re.search(r'process (\d+)', line)[1]) in [kabuto[x].pid for x in
                                                        ('api', 'upload', 'follow')]
    assert dave.results(job).read('x') == b'x\n'
    kabuto.stop()
    done = kabuto.ctl('restore', '--force', backup)
    assert done.returncode == 0 and 'is kept as' in done.stderr
    kept = next(path for path in kabuto.state.glob('kabuto.db.before-restore-*'))
    connection = sqlite3.connect(kept)
    token, = connection.execute('SELECT results_token FROM job WHERE id = ?', (job['id'],)).fetchone()
    connection.close()
    for path in kept.parent.glob(kept.name + '-*'):
        path.unlink()
    assert [*kabuto.state.glob(f'before-restore-*/results/{token}.zip')]
    kabuto.start()
    alice = known_as(kabuto, 'alice')
    pipelines = alice.json('/pipeline')
    assert pipelines
    refused(Client(kabuto).log_in('dave'), 401)
    forget_aside(kabuto)


def test_restored_state_has_the_modes_and_owners_of_the_design(fresh, backup):
    assert fresh.ctl('restore', backup).returncode == 0
    owner = pwd.getpwnam('kabuto').pw_uid
    web = pwd.getpwnam('kabuto-web').pw_gid
    wrong = []
    for folder, folders, names in os.walk(fresh.state):
        for name in folders + names:
            st = os.lstat(os.path.join(folder, name))
            if st.st_uid != owner or st.st_gid != web:
                wrong.append((name, st.st_uid, st.st_gid))
    assert wrong == []
    modes = {name: (fresh.state / name).stat().st_mode & 0o7777
             for name in ('incoming', 'inbox', 'builds', 'logs', 'results', 'run', 'kabuto.db')}
    assert modes == {'incoming': 0o2770, 'inbox': 0o2770, 'builds': 0o2770, 'logs': 0o2750,
                     'results': 0o2750, 'run': 0o700, 'kabuto.db': 0o660}
    for folder, mode in (('logs', 0o640), ('results', 0o640)):
        assert {x.stat().st_mode & 0o777 for x in (fresh.state / folder).iterdir()} == {mode}
    attached = next(fresh.state.glob('inbox/*/a'))
    assert attached.stat().st_mode & 0o777 == 0o644
    assert attached.parent.stat().st_mode & 0o005 == 0o005


# Status

def test_status_tells_what_there_is(own):
    kabuto = own()
    dave = kabuto.user('dave')
    dave.run('true')
    done = kabuto.ctl('status')
    assert (done.returncode, done.stderr) == (0, '')
    assert f'pid {kabuto["spooler"].pid}' in done.stdout and 'done 1' in done.stdout
    told = json.loads(kabuto.ctl('status', '--json').stdout)
    assert told['healthy'] and told['problems'] == []
    assert told['spooler']['pid'] == kabuto['spooler'].pid and told['accounts'] == 1
    assert told['jobs'] == {'ready': 0, 'in_queue': 0, 'running': 0, 'done': 1, 'failed': 0}
    assert told['builds']['pending'] == 0 and told['disk']['free'] > 0
    kabuto['spooler'].kill()
    kabuto.sql('UPDATE spooler SET seen_at = seen_at - 31000')
    done = kabuto.ctl('status')
    assert 'pid' in one_line(done, 1, 'silent')
    assert not json.loads(kabuto.ctl('status', '--json').stdout)['healthy']
    kabuto['spooler'].start()
    kabuto.wait_healthy()


# Accounts

def listed(kabuto, login):
    return next(x for x in json.loads(kabuto.ctl('user', 'list', '--json').stdout)
                if x['login'] == login)


def test_account_that_is_added_may_log_in_at_once(own):
    kabuto = own({'registration': 'closed'})
    add = ('user', 'add', 'zoe', '--email', 'zoe@example.org')
    assert kabuto.ctl(*add, input='SecreT\n').returncode == 0
    zoe = known_as(kabuto, 'zoe')
    assert zoe.json('/account')['email'] == 'zoe@example.org'
    assert not zoe.json('/account')['admin']
    one_line(kabuto.ctl(*add, input='SecreT\n'), 1, "'zoe'")
    one_line(kabuto.ctl('user', 'add', 'a b', input='SecreT\n'), 1, 'login')
    one_line(kabuto.ctl('user', 'add', 'yan', input='short\n'), 1, 'password')
    one_line(kabuto.ctl('user', 'add', 'yan', input=''), 1, 'no password')
    assert kabuto.ctl('user', 'add', 'root', '--admin', input='SecreT').returncode == 0
    assert known_as(kabuto, 'root').json('/account')['admin']
    assert [x['login'] for x in json.loads(kabuto.ctl('user', 'list', '--json').stdout)] == \
        ['root', 'zoe']
    said = kabuto.ctl('user', 'list').stdout
    assert re.search(r'^root +active +admin ', said, re.M) and 'zoe@example.org' in said


def test_disabled_account_is_out_at_once_and_its_jobs_wait(own):
    kabuto = own({'slots': 1})
    dave = kabuto.user('dave')
    pipeline, running = dave.begin(WAIT)
    dave.wait_state(pipeline, running, 'running')
    waiting = dave.begin('true')
    assert kabuto.ctl('user', 'disable', 'DAVE').returncode == 0
    assert listed(kabuto, 'dave')['disabled']
    refused(dave.get('/account'), 401)
    refused(dave.log_in('dave'), 403, 'disabled', 'operator')
    refused(dave.log_in('dave', 'wrong!'), 401, 'wrong')
    kabuto.let_go(running)
    until(lambda: not kabuto.sql("SELECT 1 FROM job WHERE state = 'running'"), 'the job ends')
    erin = kabuto.user('erin')
    assert erin.run('true')['state'] == 'done'
    assert kabuto.sql('SELECT state FROM job WHERE id = ?', waiting[1]) == [('in_queue',)]
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    dave = known_as(kabuto, 'dave')
    assert dave.wait_job(*waiting)['state'] == 'done'


def test_limits_of_an_account(own):
    kabuto = own({'queued_max': 7})
    dave = kabuto.user('dave')
    assert kabuto.ctl('user', 'limit', 'dave', 'queued=2', 'running=1',
                      'stored=1.5g').returncode == 0
    assert listed(kabuto, 'dave')['limits'] == {'queued': 2, 'running': 1, 'stored': 3 << 29}
    assert dave.json('/account')['limits']['jobs_in_queue'] == 2
    assert kabuto.ctl('user', 'limit', 'dave', 'queued=default').returncode == 0
    assert listed(kabuto, 'dave')['limits'] == {'queued': None, 'running': 1, 'stored': 3 << 29}
    assert dave.json('/account')['limits']['jobs_in_queue'] == 7
    for wrong in ('queued', 'queued=', 'queued=-2', 'queued=x', 'colour=1', 'q=1', 'stored=1x',
                  '=1'):
        one_line(kabuto.ctl('user', 'limit', 'dave', wrong), 2, wrong)
    assert kabuto.ctl('user', 'limit', 'dave').returncode == 2
    one_line(kabuto.ctl('user', 'limit', 'nobody', 'queued=1'), 1, "'nobody'")


def test_password_and_admin_of_an_account(own):
    kabuto = own()
    dave = kabuto.user('dave')
    assert kabuto.ctl('user', 'password', 'dave', input='another one\n').returncode == 0
    refused(dave.get('/account'), 401)
    refused(dave.log_in('dave', PASSWORD), 401)
    expect(dave.log_in('dave', 'another one'), 200)
    assert kabuto.ctl('user', 'admin', 'dave', 'on').returncode == 0
    assert dave.json('/account')['admin']
    assert kabuto.ctl('user', 'admin', 'dave', 'off').returncode == 0
    assert not dave.json('/account')['admin']
    assert kabuto.ctl('user', 'admin', 'dave', 'perhaps').returncode == 2


# Calling it

@pytest.mark.parametrize('words', [(), ('frob',), ('user',), ('user', 'frob'), ('backup',),
                                   ('maintain', '--force'), ('maintain', 'x'), ('--frob',),
                                   ('status', '--email', 'x'), ('restore', 'a', 'b')])
def test_wrong_usage_is_told(fresh, words):
    done = fresh.ctl(*words)
    assert done.returncode == 2 and 'usage' in done.stderr and done.stdout == ''


def test_state_directory_that_is_not_there_or_not_set_up(fresh):
    one_line(fresh.ctl('status'), 75, 'start kabuto-spooler')
    fresh.configure(state_dir='/nonexistent/state')
    one_line(fresh.ctl('status'), 1, '/nonexistent/state')
    one_line(fresh.ctl('backup', '/tmp/kabuto-never'), 1, '/nonexistent/state')
    assert not os.path.exists('/tmp/kabuto-never') and not os.path.exists('/tmp/kabuto-never.part')


def test_nobody_else_may_use_it(kabuto):
    user = ('setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', '--')
    for words in (('status',), ('maintain',), ('user', 'list')):
        one_line(kabuto.ctl(*words, user=user), 1, "'kabuto'", 'sudo')


def test_root_leaves_no_files_of_its_own(own, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    dave.run('echo x > /outbox/x', [('a', b'x')])
    (kabuto.state / 'keep').unlink()
    for words in (('maintain',), ('status',), ('verify',), ('user', 'list'),
                  ('backup', tmp_path / 'backup'), ('user', 'disable', 'dave')):
        assert kabuto.ctl(*words).returncode == 0, words
    kabuto['spooler'].stop()
    for name in ('api', 'upload', 'follow'):
        kabuto[name].stop()
    # The first to open the database anew is root.
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    owned = [path for path in kabuto.state.rglob('*') if path.lstat().st_uid == 0]
    assert owned == []
    kabuto.start() if not kabuto['web'].runs() else [kabuto[x].start() for x in
                                                     ('spooler', 'api', 'upload', 'follow')]
    kabuto.wait_healthy()
    expect(dave.log_in('dave'), 200)


def test_rubbish_of_root_in_an_outbox_goes(own, later):
    kabuto = own()
    outbox = kabuto.state / 'run/999.1/outbox/closed'
    outbox.mkdir(parents=True)
    (outbox / 'file').write_bytes(b'x')
    for path in (outbox / 'file', outbox):
        os.chown(path, 0, 0)
    outbox.chmod(0o500)
    maintain(kabuto, **later(2 * HOUR))
    assert os.listdir(kabuto.state / 'run') == []


def test_crontab_calls_what_there_is(source):
    text = (source / 'etc/cron.d/kabuto').read_text()
    lines = [x for x in text.splitlines() if x and not x.startswith('#') and '=' not in x.split()[0]]
    assert lines
    for line in lines:
        assert re.match(r'(\S+\s+){5}root\s+\S*kabutoctl maintain\b', line), line
