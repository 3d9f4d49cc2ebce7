"""Ends that somebody asks for: kill, cancel, deletion; and what runs again by itself."""
import json

import pytest

from client import WAIT, expect, refused
from wait import until

IGNORES = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'


def kill(user, pipeline, job, method='POST'):
    return user.call(method, f'/pipeline/{pipeline}/job/{job}/kill')


@pytest.mark.both
@pytest.mark.parametrize('method', ['GET', 'POST'])
def test_kill_ends_a_running_job(alice, method):
    pipeline, job = alice.begin('echo ready; sleep 1000', grace=1)
    alice.wait_line(job, 'ready')
    assert expect(kill(alice, pipeline, job, method), 200).json() == {'message': 'Success'}
    end = alice.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert 'failed: killed by its owner' in alice.lines(job, 'system')


@pytest.mark.parametrize('call', ['POST /pipeline/{}/job/{}/kill', 'DELETE /pipeline/{}/job/{}',
                                  'POST /pipeline/{}/cancel', 'stop', 'timeout'])
def test_end_that_is_asked_for_is_nothing_to_warn_of(own, call):
    """It ends a call of the engine, and the spooler looks at once why."""
    kabuto = own({'slots': 1})
    dave = kabuto.user('dave')
    dave.image()
    pipeline, job = dave.begin('echo ready; sleep 1000', grace=1, timeout=2)
    dave.wait_line(job, 'ready')
    kabuto.wait_running(job)
    if call == 'stop':
        assert kabuto['spooler'].stop() == 0
        kabuto['spooler'].start()
    elif call != 'timeout':
        method, path = call.split()
        expect(dave.call(method, path.format(pipeline, job)), 200)
    until(lambda: not kabuto.containers(), 'its container is gone')
    assert [line for line in kabuto['spooler'].text().splitlines()
            if not line.startswith(('<5>', '<6>'))] == []


def test_cancelled_build_is_nothing_to_warn_of(own):
    kabuto = own({'slots': 1})
    dave = kabuto.user('dave')
    build = expect(dave.post('/image', {'name': 'slow', 'dockerfile':
                                        'FROM busybox\nRUN echo at it; sleep 1000\n'}),
                   200).json()['build_id']
    path = f'/image/build/{build}'
    until(lambda: 'at it\\n' in str(dave.json(path)['output']), 'it builds')
    expect(dave.call('DELETE', path), 200)
    until(lambda: dave.json(path)['state'] != 'PENDING', 'it ends')
    assert [line for line in kabuto['spooler'].text().splitlines()
            if not line.startswith(('<5>', '<6>'))] == []


def test_kill_gives_the_job_its_grace(alice):
    pipeline, job = alice.begin('trap "echo saved > /outbox/state; exit 0" TERM; echo ready; '
                                'while :; do sleep 0.05; done', grace=60)
    alice.wait_line(job, 'ready')
    expect(kill(alice, pipeline, job), 200)
    end = alice.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert alice.results(end).read('state') == b'saved\n'


def test_state_says_stopped_only_when_it_is(kabuto, alice, engine):
    """Children and grandchildren that ignore SIGTERM are gone when the job is no longer running."""
    pipeline, job = alice.begin(f'(({IGNORES}) & {IGNORES}) & {IGNORES}', grace=1)
    alice.wait_line(job, 'ready')
    kabuto.wait_running(job)
    pids = until(lambda: len(found := engine.pids(kabuto.container(job))) >= 4 and found,
                 'all of them run')
    expect(kill(alice, pipeline, job), 200)

    def running():
        """Asked in this order: the processes are looked at after the state was."""
        state = alice.state(pipeline, job)['state']
        return None if state == 'running' else [pid for pid in pids if alive(pid)]
    assert until(lambda: running() is not None, 'the job ends') and running() == []


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


def test_kill_of_a_job_that_does_not_run(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true')
    refused(kill(alice, pipeline, job), 409, 'Cannot kill a job that is not running')
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    refused(kill(alice, pipeline, job), 409, 'Cannot kill a job that is not running')


@pytest.mark.parametrize('path', ['/job/{job}/kill', '/job/{job}', '/cancel', ''])
def test_what_is_anothers_cannot_be_ended(alice, bob, path):
    pipeline, job = alice.begin(f'echo ready; {WAIT}')
    alice.wait_line(job, 'ready')
    method = 'DELETE' if path in ('', '/job/{job}') else 'POST'
    refused(bob.call(method, f'/pipeline/{pipeline}' + path.format(job=job)), 404, 'not found')
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'


def test_another_sites_page_cannot_kill_by_get(alice):
    pipeline, job = alice.begin(f'echo ready; {WAIT}')
    alice.wait_line(job, 'ready')
    path = f'/pipeline/{pipeline}/job/{job}/kill'
    refused(alice.get(path, headers={'Sec-Fetch-Site': 'cross-site'}), 403)
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'


PAGE = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'


@pytest.mark.both
@pytest.mark.parametrize('headers', [
    {'Accept': PAGE}, {'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'none'}], ids=str)
def test_a_link_that_a_browser_opens_kills_nothing(alice, headers):
    """By plain HTTP a browser does not say which page had the link. Its cookie comes all the same."""
    pipeline, job = alice.begin(f'echo ready; {WAIT}')
    alice.wait_line(job, 'ready')
    path = f'/pipeline/{pipeline}/job/{job}/kill'
    assert 'POST' in refused(alice.get(path, headers=headers), 403)
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'


def test_a_token_and_other_clients_may_kill_by_get(alice):
    token = alice.post('/account/token', {'name': 'script'}).json()['token']
    for headers in ({'Authorization': f'Bearer {token}', 'Accept': PAGE},
                    {'User-Agent': 'curl/7.88.1', 'Accept': '*/*'}):
        pipeline, job = alice.begin(f'echo ready; {WAIT}')
        alice.wait_line(job, 'ready')
        expect(alice.get(f'/pipeline/{pipeline}/job/{job}/kill', headers=headers), 200)
        assert alice.wait_job(pipeline, job)['error'] == 'killed by its owner'


def test_head_kills_nothing(alice):
    pipeline, job = alice.begin(f'echo ready; {WAIT}')
    alice.wait_line(job, 'ready')
    answer = expect(kill(alice, pipeline, job, 'HEAD'), 405)
    assert set(answer.headers['Allow'].split(', ')) == {'GET', 'POST'}
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'


def test_kill_outlives_the_spooler(kabuto, alice):
    pipeline, job = alice.begin('echo ready; sleep 1000', grace=0)
    alice.wait_line(job, 'ready')
    kabuto['spooler'].kill()
    expect(kill(alice, pipeline, job), 200)
    assert alice.state(pipeline, job)['state'] == 'running'
    kabuto['spooler'].start()
    assert alice.wait_job(pipeline, job)['error'] == 'killed by its owner'
    kabuto.wait_healthy()


@pytest.mark.log_errors
def test_job_that_cannot_be_prepared_can_be_killed(own):
    kabuto = own({'sandboxes': False})
    dave = kabuto.user('dave')
    dave.image()
    (kabuto.state / 'run').rmdir()
    pipeline, job = dave.begin('true')
    until(lambda: f'job={job} attempt=1 step=prepare' in kabuto['spooler'].text(), 'it fails')
    expect(kill(dave, pipeline, job), 200)
    assert dave.wait_job(pipeline, job)['error'] == 'killed by its owner'
    kabuto['spooler'].stop()
    kabuto['spooler'].start()
    until((kabuto.state / 'run').exists, 'the next start makes the folder')
    kabuto.wait_healthy()


def test_killed_job_runs_again_after_a_submit(alice):
    pipeline, job = alice.begin(f'echo ready; {WAIT}', grace=0)
    alice.wait_line(job, 'ready')
    expect(kill(alice, pipeline, job), 200)
    assert alice.wait_job(pipeline, job)['state'] == 'failed'
    alice.submit(pipeline)
    alice.wait_line(job, 'ready')
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'


@pytest.mark.both
def test_cancel_of_a_pipeline(alice):
    pipeline = alice.pipeline()
    jobs = [alice.job(pipeline, 'echo ready; sleep 1000', grace=0), alice.job(pipeline, 'true')]
    alice.submit(pipeline)
    alice.wait_line(jobs[0], 'ready')
    states = expect(alice.post(f'/pipeline/{pipeline}/cancel'), 200).json()
    assert states == {str(jobs[0]): 'running', str(jobs[1]): 'ready'}
    assert alice.wait_job(pipeline, jobs[0])['error'] == 'killed by its owner'
    waiting = alice.state(pipeline, jobs[1])
    assert (waiting['state'], waiting['error']) == ('ready', 'cancelled by its owner')
    assert list(alice.submit(pipeline).values()) == ['in_queue'] * 2
    expect(alice.post(f'/pipeline/{pipeline}/cancel'), 200)


def files_of(kabuto, job):
    row = kabuto.sql('SELECT attachment_token, results_token FROM job WHERE id = ?', job)[0]
    found = [kabuto.state / 'inbox' / row[0], kabuto.state / 'logs' / f'{job}.1.log',
             kabuto.state / 'logs' / f'{job}.1.idx', kabuto.state / 'logs' / f'{job}.1.usage']
    return found + ([kabuto.state / 'results' / f'{row[1]}.zip'] if row[1] else [])


@pytest.mark.both
def test_deleted_job_is_gone_with_its_files(kabuto, alice):
    end = alice.run('echo x > /outbox/x', [('a', b'x')])
    files = files_of(kabuto, end['id'])
    assert all(file.exists() for file in files) and len(files) == 5
    path = f'/pipeline/{end["pipeline"]["id"]}/job/{end["id"]}'
    answer = expect(alice.call('DELETE', path), 200)
    assert answer.json() == {'message': 'Successfully deleted job'}
    refused(alice.get(path), 404, 'Job not found')
    refused(alice.get(f'/execution/{end["id"]}/logs'), 404, 'Job not found')
    assert alice.json(f'/pipeline/{end["pipeline"]["id"]}/job') == {}
    until(lambda: not any(file.exists() for file in files), 'its files are gone')
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE id = ?', end['id']), 'its row is gone')


def test_deletion_kills_a_running_job_first(kabuto, alice, engine):
    pipeline, job = alice.begin('echo ready; sleep 1000', [('a', b'x')], grace=0)
    alice.wait_line(job, 'ready')
    files = files_of(kabuto, job)
    expect(alice.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    refused(alice.get(f'/pipeline/{pipeline}/job/{job}'), 404, 'Job not found')
    until(lambda: not any(file.exists() for file in files), 'its files are gone')
    until(lambda: not [c for c in engine.containers(kabuto.instance)
                       if c['Labels'].get('kabuto.job') == str(job)], 'its container is gone')


def test_job_in_queue_cannot_be_deleted(alice):
    pipeline = alice.pipeline()
    first, second = alice.job(pipeline, f'echo ready; {WAIT}'), alice.job(pipeline, 'true')
    alice.submit(pipeline)
    alice.wait_line(first, 'ready')
    refused(alice.call('DELETE', f'/pipeline/{pipeline}/job/{second}'), 409,
            'Cannot delete jobs in queue, try again later')
    alice.kabuto.let_go(first)
    alice.wait_job(pipeline, second)


@pytest.mark.both
def test_deleted_pipeline_is_gone_with_its_jobs(kabuto, alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, f'echo ready; {WAIT}', [('a', b'x')])
    alice.submit(pipeline)
    alice.wait_line(job, 'ready')
    refused(alice.call('DELETE', f'/pipeline/{pipeline}'), 409, f'/pipeline/{pipeline}/cancel')
    kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    files = files_of(kabuto, job)
    answer = expect(alice.call('DELETE', f'/pipeline/{pipeline}'), 200)
    assert answer.json() == {'status': 'Successfully deleted the pipeline'}
    refused(alice.get(f'/pipeline/{pipeline}'), 404, 'Pipeline not found')
    refused(alice.post_job(pipeline, 'true'), 404, 'Pipeline not found')
    until(lambda: not any(file.exists() for file in files), 'its files are gone')
    until(lambda: not kabuto.sql('SELECT 1 FROM pipeline WHERE id = ?', pipeline), 'its row too')


# Retries

def test_failed_job_runs_again_and_each_log_stays(alice):
    pipeline, job = alice.begin('echo try; echo $(hostname) >> /outbox/x; exit 3', retries=2)
    end = alice.wait_job(pipeline, job)
    assert (end['state'], end['response'], end['attempt']) == ('failed', 3, 3)
    for attempt, last in ((1, 'retry 1 of 2 follows'), (2, 'retry 2 of 2 follows'), (3, None)):
        assert alice.lines(job, attempt=attempt) == ['try']
        system = alice.lines(job, 'system', attempt=attempt)
        assert system == ([last] if last else [])
        assert b'try' in alice.get(f'/execution/{job}/logs?raw&attempt={attempt}').content
    refused(alice.get(f'/execution/{job}/logs?attempt=4'), 404, '3 attempts')
    assert alice.lines(job) == ['try'] * 3, 'without it all that the submit began'
    ids = [line['id'] for line in alice.log(job)]
    assert ids == sorted(set(ids))
    for i, last in enumerate(ids):
        assert [line['id'] for line in alice.log(job, last)] == ids[i + 1:]
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    assert alice.lines(job) == ['try'] * 3 and alice.lines(job, attempt=6) == ['try']
    assert alice.results(end).read('x').count(b'\n') == 1, 'each try has an outbox of its own'


def test_follower_goes_on_into_the_retry(alice):
    pipeline, job = alice.begin('echo one; echo two >&2; exit 3', retries=1)
    last, seen, state = 0, [], 'in_queue'
    while state in ('in_queue', 'running'):
        for line in alice.log(job, last, wait=5):
            last, _ = line['id'], seen.append(line['logline'])
        state = alice.state(pipeline, job)['state']
    seen += [line['logline'] for line in alice.log(job, last)]
    assert seen == ['one', 'two', 'retry 1 of 1 follows', 'one', 'two']


def test_job_waits_for_its_retry_in_words(kabuto, alice):
    pipeline, job = alice.begin('exit 1', retries=9)
    seen = []

    def waiting():
        state = alice.state(pipeline, job)
        if 'queue' in state and 'retry' in state['queue']['reason']:
            seen.append(state)
        return seen
    until(waiting, 'the queue tells of the retry')
    assert 'of 9 begins at 20' in seen[0]['queue']['reason']
    assert seen[0]['error'] == 'exit code 1'
    expect(alice.post(f'/pipeline/{pipeline}/cancel'), 200)
    end = alice.wait_job(pipeline, job)
    assert end['error'] in ('cancelled by its owner', 'killed by its owner')


def test_retry_that_succeeds_is_done(kabuto, alice):
    """The first try waits for a file; it is killed by hand, and the next one finds it."""
    pipeline, job = alice.begin(f'echo ready; {WAIT}', retries=1)
    alice.wait_line(job, 'ready')
    kabuto.engine.remove(kabuto.container(job))
    until(lambda: (kabuto.state / 'run' / f'{job}.2' / 'outbox').exists(), 'the second try begins')
    kabuto.let_go(job)
    end = alice.wait_job(pipeline, job)
    assert (end['state'], end['error'], end['attempt']) == ('done', None, 2)
    assert any('lost' in line for line in alice.lines(job, 'system', attempt=1))


def test_more_retries_than_allowed(alice):
    pipeline = alice.pipeline()
    refused(alice.post_job(pipeline, 'true', retries=11), 422, 'retries', '10')
    assert alice.state(pipeline, alice.job(pipeline, 'true', retries=10))['retries'] == 10


def test_retries_come_as_json_too(alice):
    pipeline = alice.pipeline()
    body = {'image_id': alice.image(), 'command': 'true', 'retries': 2}
    answer = alice.call('POST', f'/pipeline/{pipeline}/job', data=json.dumps(body),
                        headers={'Content-Type': 'application/json'})
    assert alice.state(pipeline, expect(answer, 200).json()['id'])['retries'] == 2
