"""Run again: copies of jobs, with their files, under whatever happens meanwhile."""
import os
import pathlib
import pwd

import pytest

from client import WAIT, expect, refused
from ctl import forget_aside, known_as
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

DATA = b'x' * 10000


def rerun(client, pipeline, job, data=None, files=None, **kw):
    """POST of a rerun, whatever the answer; files: [(name, content)]."""
    parts = [('attachments', file) for file in files or []]
    return client.post(f'/pipeline/{pipeline}/job/{job}/rerun', data, files=parts or None, **kw)


def copied(client, pipeline, job, data=None, files=None, **kw):
    """The new job, as GET shows it."""
    answer = expect(rerun(client, pipeline, job, data, files, **kw), 200).json()
    assert list(answer) == ['id']
    return client.state(pipeline, answer['id'])


def inbox(kabuto, job):
    """The folder of a job's attachments; None if it has none."""
    token = kabuto.sql('SELECT attachment_token FROM job WHERE id = ?', job)[0][0]
    return kabuto.state / 'inbox' / token if token else None


def names(job):
    return [file['name'] for file in job['attachments']]


def storage(client):
    return client.json('/account')['used']['storage']


# One job

@pytest.mark.both
def test_rerun_is_a_job_with_the_same_image_options_and_files(kabuto, carol):
    pipeline = carol.pipeline()
    options = {'name': 'first', 'env': ['A=1', 'B=2'], 'workdir': '/tmp', 'memory': '64m',
               'timeout': 60, 'cpus': 0.5, 'retries': 1, 'stderr': 'stdout'}
    job = carol.job(pipeline, 'cat /inbox/data/a; exit 3', [('data/a', b'content\n')], **options)
    other = carol.job(pipeline, 'true')
    carol.submit(pipeline)
    carol.wait_job(pipeline, other)
    first = carol.state(pipeline, job)
    copy = copied(carol, pipeline, job)
    for key in ('command', 'image', 'attachments', 'account', 'name', 'env', 'workdir', 'user',
                'network', 'timeout', 'grace', 'memory', 'cpus', 'pids', 'disk', 'retries',
                'stderr'):
        assert copy[key] == first[key], key
    assert copy['account'] == carol.login
    assert (copy['rerun_of'], copy['reruns']) == (job, [])
    assert copy['state'] in ('in_queue', 'running') and copy['queued_at']
    assert (first['rerun_of'], first['reruns']) == (None, [])
    assert carol.state(pipeline, job)['reruns'] == [copy['id']]
    assert carol.pipeline_state(pipeline)['jobs'] == \
        [{'id': job}, {'id': other}, {'id': copy['id']}]
    assert carol.state(pipeline, other)['state'] == 'done', 'only the copy is queued'
    assert carol.wait_job(pipeline, copy['id'])['response'] == 3
    assert carol.lines(copy['id'])[0] == 'content'
    second = copied(carol, pipeline, job, {'command': 'true'})
    assert carol.state(pipeline, job)['reruns'] == [copy['id'], second['id']]
    carol.wait_job(pipeline, second['id'])
    assert carol.state(pipeline, job)['finished_at'] == first['finished_at']


def test_files_of_a_rerun_are_links_and_count_for_each_job(kabuto, carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', [('a', DATA), ('b/c', DATA)])
    before = storage(carol)
    copy = copied(carol, pipeline, job, {'submit': 'false'})
    for name in ('a', 'b/c'):
        old, new = ((inbox(kabuto, one) / name).stat() for one in (job, copy['id']))
        assert old.st_ino == new.st_ino and old.st_nlink == 2
    assert inbox(kabuto, job) != inbox(kabuto, copy['id'])
    assert storage(carol) == before + 2 * len(DATA) == 4 * len(DATA)
    expect(carol.call('DELETE', f'/pipeline/{pipeline}/job/{copy["id"]}'), 200)
    until(lambda: storage(carol) == before, 'the copy is removed')


@pytest.mark.parametrize('gone', ['old', 'new'])
def test_one_of_both_is_deleted_and_the_other_runs(kabuto, carol, gone):
    pipeline = carol.pipeline()
    old = carol.job(pipeline, 'cat /inbox/a', [('a', b'content\n')])
    new = copied(carol, pipeline, old, {'submit': 'false'})['id']
    gone, left = (old, new) if gone == 'old' else (new, old)
    folder = inbox(kabuto, gone)
    expect(carol.call('DELETE', f'/pipeline/{pipeline}/job/{gone}'), 200)
    until(lambda: not folder.exists(), 'its files are removed')
    carol.submit(pipeline)
    assert carol.wait_job(pipeline, left)['state'] == 'done'
    assert carol.lines(left) == ['content']
    assert carol.state(pipeline, left)['reruns'] == []


def test_fields_that_are_sent_replace_the_old_ones(kabuto, carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'echo old', [('a', b'old'), ('b', b'kept'), ('c', b'left out')],
                    name='old', env=['A=1'], memory='64m')
    image = carol.image('FROM busybox\nENV X=1\n')
    copy = copied(carol, pipeline, job, {
        'command': 'cat /inbox/*', 'memory': '128m', 'env': 'C=3', 'image_id': image,
        'name': '', 'remove_attachments': 'c'}, [('a', b'new'), ('d', b'added')])
    assert (copy['command'], copy['memory'], copy['env'], copy['name'], copy['image']) == \
        ('cat /inbox/*', 128 << 20, ['C=3'], None, {'id': image})
    assert names(copy) == ['a', 'b', 'd']
    carol.wait_job(pipeline, copy['id'])
    assert carol.lines(copy['id']) == ['newkeptadded']
    assert names(carol.state(pipeline, job)) == ['a', 'b', 'c']
    assert (inbox(kabuto, job) / 'a').read_bytes() == b'old'
    assert carol.state(pipeline, job)['state'] == 'ready'


@pytest.mark.parametrize('body', [
    {'data': [('remove_attachments', 'a'), ('remove_attachments', '[b]'), ('submit', 'false')]},
    {'data': [('remove_attachments[]', 'a'), ('remove_attachments[]', '[b]'), ('submit', '0')]},
    {'json': {'remove_attachments': ['a', '[b]'], 'submit': False}}])
def test_attachments_are_left_out(kabuto, carol, body):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', [('a', b'1'), ('[b]', b'2')])
    copy = copied(carol, pipeline, job, **body)
    assert (copy['attachments'], copy['state']) == ([], 'ready')
    assert inbox(kabuto, copy['id']) is None
    assert carol.wait_state(pipeline, job, 'ready')


def test_job_in_any_state_is_copied(kabuto, carol):
    pipeline = carol.pipeline(max_parallel=10)
    job = carol.job(pipeline, WAIT)
    ready = copied(carol, pipeline, job, {'submit': 'false'})
    assert (ready['state'], ready['queued_at']) == ('ready', None)
    carol.submit(pipeline)
    carol.wait_state(pipeline, job, 'running')
    running = copied(carol, pipeline, job)
    carol.wait_state(pipeline, running['id'], 'running')
    assert carol.state(pipeline, job)['state'] == 'running'
    for one in (job, ready['id'], running['id']):
        kabuto.let_go(one)
        carol.wait_job(pipeline, one)
    again = copied(carol, pipeline, running['id'], {'command': 'true'})
    assert (again['rerun_of'], again['reruns']) == (running['id'], [])
    carol.wait_job(pipeline, again['id'])


@pytest.mark.parametrize('data, status, word', [
    ({'memory': '1'}, 400, 'memory'), ({'memory': '100000g'}, 422, 'memory'),
    ({'comand': 'x'}, 400, 'command'), ({'image_id': '999999'}, 404, 'Image not found'),
    ({'remove_attachments': 'b'}, 400, "no attachment 'b'"),
    ({'submit': 'x'}, 400, 'submit')])
def test_wrong_rerun_makes_no_job(kabuto, carol, data, status, word):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', [('a', DATA)])
    refused(rerun(carol, pipeline, job, data), status, word)
    assert carol.pipeline_state(pipeline)['jobs'] == [{'id': job}]
    assert os.listdir(kabuto.state / 'incoming') == []


def test_file_that_needs_the_name_of_a_folder_is_refused(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', [('a/b', b'1')])
    refused(rerun(carol, pipeline, job, {}, [('a', b'2')]), 400, 'a/b')


def test_others_jobs_are_not_found(carol, bob):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'false', [('a', DATA)])
    other = carol.pipeline()
    refused(rerun(bob, pipeline, job), 404, 'Job not found')
    refused(rerun(bob, bob.pipeline(), job), 404, 'Job not found')
    refused(rerun(carol, other, job), 404, 'Job not found')
    refused(rerun(carol, pipeline, 999999999), 404, 'Job not found')
    refused(bob.post(f'/pipeline/{pipeline}/rerun'), 404, 'Pipeline not found')
    refused(rerun(carol, pipeline, job, {'image_id': bob.image()}), 404, 'Image not found')
    expect(carol.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    refused(rerun(carol, pipeline, job), 404, 'Job not found')


def test_admins_rerun_belongs_to_the_jobs_owner(own):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, job = dave.begin('exit 1', [('a', DATA)])
    dave.wait_job(pipeline, job)
    assert kabuto.ctl('user', 'add', 'root', '--admin', input='SecreT').returncode == 0
    root = known_as(kabuto, 'root')
    copy = copied(root, pipeline, job)
    assert copy['account'] == 'dave' and dave.wait_job(pipeline, copy['id'])['response'] == 1
    more = expect(root.post(f'/pipeline/{pipeline}/rerun'), 200).json()['ids']
    assert len(more) == 1 and dave.state(pipeline, more[0])['rerun_of'] == copy['id']
    assert storage(dave) >= 3 * len(DATA) and storage(root) == 0
    actions = [event['action'] for event in dave.json('/account/events')]
    assert 'job_rerun' in actions and 'pipeline_rerun' in actions
    dave.wait_job(pipeline, more[0])


def test_deleted_image_is_named_and_may_be_replaced(carol):
    image = carol.image(name='mine')
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'exit 1', [('a', DATA)], image=image)
    carol.submit(pipeline)
    carol.wait_job(pipeline, job)
    expect(carol.call('DELETE', f'/image/{image}'), 200)
    refused(rerun(carol, pipeline, job), 409, f'image of job {job} was deleted', 'image_id')
    refused(carol.post(f'/pipeline/{pipeline}/rerun'), 409, f'image of job {job} was deleted')
    copy = copied(carol, pipeline, job, {'image_id': carol.image()})
    assert names(copy) == ['a']
    carol.wait_job(pipeline, copy['id'])


def test_attachments_that_are_no_longer_stored(kabuto, carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'cat /inbox/a', [('a', b'old\n'), ('b', b'')])
    folder = inbox(kabuto, job)
    aside = kabuto.root / 'aside'
    folder.rename(aside)
    refused(rerun(carol, pipeline, job), 409, "'a' is no longer stored", 'send it again')
    refused(rerun(carol, pipeline, job, {}, [('a', b'x')]), 409, "'b' is no longer stored")
    copy = copied(carol, pipeline, job, {'remove_attachments': 'b'}, [('a', b'new\n')])
    carol.wait_job(pipeline, copy['id'])
    assert carol.lines(copy['id']) == ['new']
    aside.rename(folder)


def test_file_of_another_user_is_copied(kabuto, carol):
    """As after a restore: the kernel links only a file that we own or may write."""
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'cat /inbox/a; [ -x /inbox/a ]', [('a', b'content\n')])
    file = inbox(kabuto, job) / 'a'
    os.chown(file, pwd.getpwnam('kabuto').pw_uid, -1)
    copy = copied(carol, pipeline, job)
    linked = pathlib.Path('/proc/sys/fs/protected_hardlinks').read_text().strip() != '1'
    assert linked or (inbox(kabuto, copy['id']) / 'a').stat().st_ino != file.stat().st_ino
    assert carol.wait_job(pipeline, copy['id'])['state'] == 'done'
    assert carol.lines(copy['id']) == ['content']


def test_repeated_rerun_with_a_key_makes_one_job(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', [('a', DATA)])
    key = {'Idempotency-Key': 'rerun-1'}
    first = expect(rerun(carol, pipeline, job, {}, [('b', b'1')], headers=key), 200)
    again = expect(rerun(carol, pipeline, job, {}, [('b', b'1')], headers=key), 200)
    assert first.json() == again.json() and again.headers['Idempotency-Replayed'] == 'true'
    refused(rerun(carol, pipeline, job, {}, [('b', b'2')], headers=key), 422, 'Idempotency-Key')
    assert carol.state(pipeline, job)['reruns'] == [first.json()['id']]
    carol.wait_job(pipeline, first.json()['id'])


@pytest.fixture(scope='module')
def small(lasting):
    return lasting({'queued_max': 2, 'storage_max': '64k', 'slots': 1, 'attachments_max': 2})


def test_limits_hold_for_reruns(small):
    dave = small.user()
    pipeline = dave.pipeline()
    blocker = dave.begin(WAIT)
    dave.wait_state(*blocker, 'running')
    job = dave.job(pipeline, 'true', [('a', b'x' * 20000), ('b', b'')])
    refused(rerun(dave, pipeline, job, {}, [('c', b'')]), 413, 'at most 2 files')
    copies = [copied(dave, pipeline, job)['id'] for _ in range(2)]
    refused(rerun(dave, pipeline, job, {'submit': 'false'}), 413, 'storage')
    refused(rerun(dave, pipeline, job, {'remove_attachments': 'a'}), 429, 'at most 2 jobs in queue')
    assert dave.pipeline_state(pipeline)['jobs'] == [{'id': one} for one in (job, *copies)]
    assert copied(dave, pipeline, job, {'remove_attachments': 'a', 'submit': 'false'})['state'] == \
        'ready'
    small.let_go(blocker[1])
    for one in copies:
        dave.wait_job(pipeline, one)


# A pipeline

def ended(client, pipeline, *commands, **fields):
    """Jobs that have run."""
    jobs = [client.job(pipeline, command, **fields) for command in commands]
    client.submit(pipeline)
    for job in jobs:
        client.wait_job(pipeline, job)
    return jobs


def test_each_failed_job_without_a_rerun_is_copied_once(carol):
    pipeline = carol.pipeline(max_parallel=4)
    jobs = ended(carol, pipeline, 'exit 1', 'true', 'exit 2', 'exit 3')
    carol.job(pipeline, 'true')
    by_hand = copied(carol, pipeline, jobs[2], {'command': 'true'})['id']
    carol.wait_job(pipeline, by_hand)
    ids = expect(carol.post(f'/pipeline/{pipeline}/rerun'), 200).json()['ids']
    assert [carol.state(pipeline, one)['rerun_of'] for one in ids] == [jobs[0], jobs[3]]
    assert [carol.wait_job(pipeline, one)['response'] for one in ids] == [1, 3]
    more = expect(carol.post(f'/pipeline/{pipeline}/rerun?only=failed', {'command': 'true'}),
                  200).json()['ids']
    assert [carol.state(pipeline, one)['rerun_of'] for one in more] == ids
    assert [carol.wait_job(pipeline, one)['response'] for one in more] == [0, 0]
    assert expect(carol.post(f'/pipeline/{pipeline}/rerun'), 200).json() == {'ids': []}
    expect(carol.call('DELETE', f'/pipeline/{pipeline}/job/{more[1]}'), 200)
    last = expect(carol.post(f'/pipeline/{pipeline}/rerun', {'command': 'true'}), 200).json()['ids']
    assert [carol.state(pipeline, one)['rerun_of'] for one in last] == [ids[1]], \
        'a rerun that was deleted does not count'
    carol.wait_job(pipeline, last[0])


def test_jobs_out_of_memory_get_more_of_it(kabuto, carol):
    pipeline = carol.pipeline()
    jobs = ended(carol, pipeline, 'exit 1', 'cat /inbox/a; exit 2', 'exit 3',
                 files=[('a', b'in\n')])
    for one in (0, 1):
        kabuto.sql('UPDATE job SET error = ? WHERE id = ?',
                   'out of memory (limit 64 MiB)', jobs[one])
    kabuto.sql('UPDATE job SET error = ? WHERE id = ?', 'not out of memory', jobs[2])
    answer = carol.post(f'/pipeline/{pipeline}/rerun', {'only': 'oom', 'memory': '128m'})
    ids = expect(answer, 200).json()['ids']
    copies = [carol.wait_job(pipeline, one) for one in ids]
    assert [(copy['rerun_of'], copy['memory']) for copy in copies] == \
        [(jobs[0], 128 << 20), (jobs[1], 128 << 20)]
    assert carol.lines(ids[1]) == ['in']
    refused(carol.post(f'/pipeline/{pipeline}/rerun', {'only': 'some'}), 400, 'failed oom')


@pytest.mark.limit(300)
def test_rerun_of_a_pipeline_is_all_or_nothing(small):
    dave = small.user()
    pipeline = dave.pipeline()
    jobs = ended(dave, pipeline, 'exit 1', 'exit 2', files=[('a', b'x' * 1000)])
    folder = inbox(small, jobs[1])
    aside = small.root / 'aside'
    folder.rename(aside)
    refused(dave.post(f'/pipeline/{pipeline}/rerun'), 409, f'job {jobs[1]}', 'no longer stored')
    aside.rename(folder)
    third = dave.job(pipeline, 'exit 3')
    small.sql("UPDATE job SET state = 'failed' WHERE id = ?", third)
    refused(dave.post(f'/pipeline/{pipeline}/rerun'), 429, 'at most 2 jobs in queue')
    assert [job['id'] for job in dave.pipeline_state(pipeline)['jobs']] == [*jobs, third]
    expect(dave.call('DELETE', f'/pipeline/{pipeline}/job/{third}'), 200)
    small.sql('UPDATE account SET storage_max = storage + 1500 WHERE login = ?', dave.login)
    refused(dave.post(f'/pipeline/{pipeline}/rerun'), 413, 'storage')
    small.sql('UPDATE account SET storage_max = storage + 2500 WHERE login = ?', dave.login)
    for one in expect(dave.post(f'/pipeline/{pipeline}/rerun'), 200).json()['ids']:
        dave.wait_job(pipeline, one)


# Death, backups

@pytest.mark.parametrize('point', ['upload.publish', 'call.commit'])
@pytest.mark.parametrize('what', ['job', 'pipeline'])
def test_rerun_whose_handler_is_killed_is_whole_or_not_there(own, point, what):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline = dave.pipeline()
    job, = ended(dave, pipeline, 'cat /inbox/a; exit 1', files=[('a', b'content\n')])
    pool = kabuto['upload' if what == 'job' else 'api']
    assert pool.stop() == 0
    mark = kabuto.root / 'web' / 'mark'  # in a folder of the pool's user
    pool.environment = {'KABUTO_FAULT': point, 'KABUTO_FAULT_MARK': str(mark)}
    pool.start()
    kabuto.wait_healthy()
    path = f'/pipeline/{pipeline}' + (f'/job/{job}' if what == 'job' else '') + '/rerun'
    key = {'Idempotency-Key': 'once'}
    assert dave.post(path, headers=key).status_code in (502, 503)
    assert mark.exists()
    pool.process.wait()
    pool.start()
    kabuto.wait_healthy()
    made = dave.state(pipeline, job)['reruns']
    assert len(made) == (point == 'call.commit')
    answer = expect(dave.post(path, headers=key), 200).json()
    again = [answer['id']] if what == 'job' else answer['ids']
    assert made in ([], again), 'the key finds what was committed'
    assert dave.state(pipeline, job)['reruns'] == again
    dave.wait_job(pipeline, again[0])
    assert dave.lines(again[0]) == ['content']
    kabuto.restart('spooler')
    kabuto.remove_rubbish()


def test_backup_has_the_files_of_old_and_new_job(own, alive, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, job = dave.begin('cat /inbox/a', [('a', b'content\n')])
    dave.wait_job(pipeline, job)
    copy = copied(dave, pipeline, job, {'submit': 'false'})['id']
    backup = tmp_path / 'backup'
    assert kabuto.ctl('verify').returncode == 0
    assert kabuto.ctl('backup', backup).returncode == 0
    kabuto.stop()
    done = kabuto.ctl('restore', '--force', backup)
    assert done.returncode == 0, done.stderr
    kabuto.start()
    forget_aside(kabuto)
    assert kabuto.ctl('verify').returncode == 0
    expect(dave.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    again = copied(dave, pipeline, copy)
    assert dave.wait_job(pipeline, again['id'])['state'] == 'done'
    assert dave.lines(again['id']) == ['content']
    (inbox(kabuto, copy) / 'a').unlink()
    done = kabuto.ctl('verify')
    assert done.returncode == 1 and f'job {copy}: inbox/' in done.stderr
    expect(dave.call('DELETE', f'/pipeline/{pipeline}/job/{copy}'), 200)
