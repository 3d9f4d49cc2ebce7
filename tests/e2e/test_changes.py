"""Changing and deleting what there is: images, pipelines, jobs; and the list of all jobs."""
import socket
import threading

import pytest

from client import WAIT, expect, refused
from ctl import HOUR, clean_sweep, maintain
from wait import until


def put(client, path, data=None, **kw):
    return client.call('PUT', path, data=data, **kw)


def delete(client, path):
    return client.call('DELETE', path)


# Pipelines

@pytest.mark.both
def test_pipeline_is_changed_one_key_a_change(carol):
    pipeline = carol.pipeline('first')
    answer = expect(put(carol, f'/pipeline/{pipeline}', {'name': 'second', 'on_failure': 'stop',
                                                         'max_parallel': 3}), 200).json()
    assert set(answer) == {'name', 'on_failure', 'max_parallel'}
    assert answer['name'] == 'Successfully updated name'
    shown = carol.pipeline_state(pipeline)
    assert (shown['name'], shown['on_failure'], shown['max_parallel']) == ('second', 'stop', 3)
    assert expect(put(carol, f'/pipeline/{pipeline}'), 200).json() == {}


def test_jobs_are_rearranged_and_run_in_that_order(carol):
    pipeline = carol.pipeline()
    jobs = [carol.job(pipeline, f'echo {n}') for n in range(3)]
    order = [jobs[1], jobs[2], jobs[0]]
    answer = put(carol, f'/pipeline/{pipeline}',
                 {'rearrange_jobs': ','.join(str(job) for job in order)})
    assert set(expect(answer, 200).json()) == {'rearrange_jobs'}
    assert [job['id'] for job in carol.pipeline_state(pipeline)['jobs']] == order
    last = carol.job(pipeline, 'echo last')
    assert [job['id'] for job in carol.pipeline_state(pipeline)['jobs']] == order + [last]
    carol.submit(pipeline)
    ends = {job: carol.wait_job(pipeline, job)['started_at'] for job in order + [last]}
    assert sorted(ends, key=ends.get) == order + [last]


def test_queue_positions_follow_the_rearranged_order(carol):
    pipeline = carol.pipeline()
    jobs = [carol.job(pipeline, WAIT if n == 0 else 'true') for n in range(4)]
    carol.submit(pipeline)
    carol.wait_state(pipeline, jobs[0], 'running')
    order = [jobs[0], jobs[3], jobs[1], jobs[2]]
    expect(put(carol, f'/pipeline/{pipeline}',
               {'rearrange_jobs': ','.join(str(job) for job in order)}), 200)
    for listing in (f'/pipeline/{pipeline}/job', '/jobs'):
        shown = carol.json(listing)
        assert [shown[str(job)]['queue']['position'] for job in order[1:]] == [1, 2, 3]
    carol.kabuto.let_go(jobs[0])
    carol.wait_job(pipeline, jobs[2])


@pytest.mark.parametrize('wrong', ['{0}', '{0},{1},{1}', '{0},{1},{2},{2}', '{0},{1},999999',
                                   '{0},{1},x', '{0};{1};{2}', ',', '{0},{1},{2},'])
def test_wrong_rearrangement_changes_nothing(carol, wrong):
    pipeline = carol.pipeline('as it was')
    jobs = [carol.job(pipeline, 'true') for _ in range(3)]
    refused(put(carol, f'/pipeline/{pipeline}',
                {'name': 'other', 'rearrange_jobs': wrong.format(*jobs)}), 400, 'rearrange_jobs')
    shown = carol.pipeline_state(pipeline)
    assert shown['name'] == 'as it was' and [job['id'] for job in shown['jobs']] == jobs


def test_jobs_are_removed_and_the_rest_rearranged_in_one_call(carol):
    pipeline = carol.pipeline()
    jobs = [carol.job(pipeline, 'true', [('a', b'1')]) for _ in range(4)]
    expect(put(carol, f'/pipeline/{pipeline}', {'remove_jobs': f'{jobs[0]}, {jobs[2]}',
                                                'rearrange_jobs': f'{jobs[3]},{jobs[1]}'}), 200)
    assert [job['id'] for job in carol.pipeline_state(pipeline)['jobs']] == [jobs[3], jobs[1]]
    refused(carol.get(f'/pipeline/{pipeline}/job/{jobs[0]}'), 404, 'Job not found')


def test_removal_of_what_is_not_there_undoes_all(carol, bob):
    pipeline, other = carol.pipeline('as it was'), carol.pipeline()
    jobs = [carol.job(pipeline, 'true') for _ in range(2)]
    bobs = bob.job(bob.pipeline(), 'true')
    for wrong in (999999, bobs, carol.job(other, 'true')):
        refused(put(carol, f'/pipeline/{pipeline}',
                    {'name': 'other', 'remove_jobs': f'{jobs[0]},{wrong}'}), 404, 'Job not found')
    shown = carol.pipeline_state(pipeline)
    assert shown['name'] == 'as it was' and [job['id'] for job in shown['jobs']] == jobs


def test_job_in_queue_is_not_removed_and_a_running_one_is_killed(carol):
    pipeline = carol.pipeline()
    running, queued = carol.job(pipeline, WAIT), carol.job(pipeline, 'true')
    carol.submit(pipeline)
    carol.wait_state(pipeline, running, 'running')
    refused(put(carol, f'/pipeline/{pipeline}', {'remove_jobs': f'{running},{queued}'}), 409,
            'Cannot delete jobs in queue')
    assert carol.state(pipeline, running)['state'] == 'running'
    expect(put(carol, f'/pipeline/{pipeline}', {'remove_jobs': str(running)}), 200)
    refused(carol.get(f'/pipeline/{pipeline}/job/{running}'), 404, 'Job not found')
    carol.wait_job(pipeline, queued)
    until(lambda: not carol.kabuto.containers(), 'the container is gone')


def test_max_parallel_is_raised_while_jobs_wait(carol):
    pipeline = carol.pipeline()
    jobs = [carol.job(pipeline, WAIT) for _ in range(2)]
    carol.submit(pipeline)
    carol.wait_state(pipeline, jobs[0], 'running')
    expect(put(carol, f'/pipeline/{pipeline}', {'max_parallel': 2}), 200)
    carol.wait_state(pipeline, jobs[1], 'running')
    for job in jobs:
        carol.kabuto.let_go(job)
        carol.wait_job(pipeline, job)


# Jobs

@pytest.mark.both
def test_job_is_changed_in_part(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'echo one', [('a.txt', b'A'), ('d/b.txt', b'B')], name='n',
                    env='X=1', timeout=7)
    before = carol.state(pipeline, job)
    assert expect(put(carol, f'/pipeline/{pipeline}/job/{job}', {'command': 'cat /inbox/a.txt'}),
                  200).json() == {'id': job}
    after = carol.state(pipeline, job)
    assert after == {**before, 'command': 'cat /inbox/a.txt'}
    carol.submit(pipeline)
    assert carol.wait_job(pipeline, job)['state'] == 'done' and carol.lines(job) == ['A']


def test_attachments_are_added_and_replaced_by_name(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'cd /inbox; cat a d/b c', [('a', b'old a\n'), ('d/b', b'b\n')])
    token = carol.state(pipeline, job)['attachment_token']
    expect(put(carol, f'/pipeline/{pipeline}/job/{job}',
               files=[('attachments', ('a', b'new a\n')), ('attachments', ('c', b'c\n'))]), 200)
    shown = carol.state(pipeline, job)
    assert shown['attachments'] == [{'name': 'a', 'size': 6}, {'name': 'c', 'size': 2},
                                    {'name': 'd/b', 'size': 2}]
    assert shown['attachment_token'] != token
    carol.submit(pipeline)
    carol.wait_job(pipeline, job)
    assert carol.lines(job) == ['new a', 'b', 'c']
    refused(put(carol, f'/pipeline/{pipeline}/job/{job}',
                files=[('attachments', ('d', b'a file where a folder is'))]), 400, 'attachments')
    assert carol.state(pipeline, job)['attachments'] == shown['attachments']


def test_job_that_had_no_attachments_gets_some(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'cat /inbox/a')
    expect(put(carol, f'/pipeline/{pipeline}/job/{job}', files=[('attachments', ('a', b'A\n'))]),
           200)
    carol.submit(pipeline)
    carol.wait_job(pipeline, job)
    assert carol.lines(job) == ['A']


def test_job_in_queue_or_running_is_not_changed(carol):
    pipeline = carol.pipeline()
    jobs = [carol.job(pipeline, WAIT), carol.job(pipeline, 'true')]
    carol.submit(pipeline)
    carol.wait_state(pipeline, jobs[0], 'running')
    for job in jobs:
        refused(put(carol, f'/pipeline/{pipeline}/job/{job}', {'command': 'false'}), 409, 'queue')
        refused(put(carol, f'/pipeline/{pipeline}/job/{job}',
                    files=[('attachments', ('a', b'A'))]), 409, 'queue')
    carol.kabuto.let_go(jobs[0])
    carol.wait_job(pipeline, jobs[1])
    expect(put(carol, f'/pipeline/{pipeline}/job/{jobs[0]}', {'command': 'exit 5'}), 200)
    carol.submit(pipeline)
    until(lambda: carol.state(pipeline, jobs[0])['response'] == 5, 'the changed job has run')
    carol.wait_job(pipeline, jobs[1])


@pytest.mark.parametrize('fields, status, word', [
    ({'image_id': 999999}, 404, 'Image not found'), ({'timeout': 0}, 400, 'timeout'),
    ({'memory': '1000t'}, 422, 'memory'), ({'cpus': 'x'}, 400, 'cpus'),
    ({'env': 'novalue'}, 400, 'env'), ({'workdir': 'relative'}, 400, 'workdir'),
    ({'network': 'host'}, 400, 'network'), ({'retries': 100000}, 422, 'retries')])
def test_wrong_change_leaves_the_job(alice, fields, status, word):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true', timeout=7)
    before = alice.state(pipeline, job)
    refused(put(alice, f'/pipeline/{pipeline}/job/{job}', {'command': 'false', **fields}), status,
            word)
    assert alice.state(pipeline, job) == before


# Images

def test_image_is_built_anew_under_its_id(carol):
    image = carol.image('FROM busybox\nRUN echo one > /version\n', name='first')
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'cat /version', image=image)
    answer = expect(put(carol, f'/image/{image}', {
        'name': 'second', 'dockerfile': 'FROM busybox\nRUN echo two > /version\n'}), 200).json()
    assert answer['status'] == 'Your image is being built'
    assert carol.wait_build(answer['build_id'], 'SUCCESS')['id'] == image
    assert carol.json(f'/image/build/{answer["build_id"]}/{image}')['state'] == 'SUCCESS'
    shown = carol.json(f'/image/{image}')[str(image)]
    assert shown['name'] == 'second' and 'two' in shown['dockerfile']
    assert list(carol.json('/image')) == [str(image)]
    carol.submit(pipeline)
    carol.wait_job(pipeline, job)
    assert carol.lines(job) == ['two']


def test_failed_rebuild_leaves_the_image_that_serves(carol):
    image = carol.image('FROM busybox\n', name='first')
    build = expect(put(carol, f'/image/{image}', {
        'name': 'second', 'dockerfile': 'FROM busybox\nRUN false\n'}), 200).json()['build_id']
    carol.wait_build(build, 'FAILED')
    assert carol.json(f'/image/{image}')[str(image)]['name'] == 'first'
    assert carol.run('echo works', image=image)['state'] == 'done'


def test_deleted_image_is_gone_and_its_jobs_say_so(carol):
    image = carol.image('FROM busybox\n', name='mine')
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true', image=image)
    assert expect(delete(carol, f'/image/{image}'), 200).json() == \
        {'status': 'Successfully deleted the image'}
    refused(carol.get(f'/image/{image}'), 404, 'Image not found')
    refused(delete(carol, f'/image/{image}'), 404, 'Image not found')
    refused(put(carol, f'/image/{image}', {'name': 'x', 'dockerfile': 'FROM busybox'}), 404,
            'Image not found')
    assert carol.json('/image') == {}
    refused(carol.post_job(pipeline, 'true', image=image), 404, 'Image not found')
    refused(carol.post(f'/pipeline/{pipeline}/submit'), 409, f'job {job}', 'image')
    assert carol.state(pipeline, job)['state'] == 'ready'
    expect(put(carol, f'/pipeline/{pipeline}/job/{job}', {'image_id': carol.image()}), 200)
    carol.submit(pipeline)
    assert carol.wait_job(pipeline, job)['state'] == 'done'


def test_image_that_a_job_needs_is_not_deleted(carol):
    image = carol.image('FROM busybox\n', name='needed')
    pipeline, job = carol.begin(WAIT, image=image)
    carol.wait_state(pipeline, job, 'running')
    refused(delete(carol, f'/image/{image}'), 409, f'job {job}')
    carol.kabuto.let_go(job)
    carol.wait_job(pipeline, job)
    expect(delete(carol, f'/image/{image}'), 200)
    assert carol.state(pipeline, job)['image'] == {'id': image}


def test_deleted_images_leave_the_engine_and_the_database(own, later):
    kabuto = own()
    dave = kabuto.user('dave')
    image = dave.image('FROM busybox\nRUN echo unique\n', name='gone')
    tag = f'kabuto/{kabuto.instance}-{image}'
    job = dave.run('true', image=image)
    expect(delete(dave, f'/image/{image}'), 200)
    until(lambda: not kabuto.containers(), 'no container needs it')
    clean_sweep(kabuto)
    maintain(kabuto)
    assert not [name for name in kabuto.engine.images() if name.startswith(tag)]
    assert kabuto.sql('SELECT count(*) FROM image') == [(1,)]
    expect(delete(dave, f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}'), 200)
    until(lambda: kabuto.sql('SELECT count(*) FROM job') == [(0,)], 'the job is gone')
    maintain(kabuto)
    assert kabuto.sql('SELECT count(*) FROM image') == [(0,)]
    assert kabuto.sql('SELECT count(*) FROM build') == [(0,)]
    maintain(kabuto, **later(2 * HOUR))  # the build's folder


# All jobs

@pytest.mark.both
def test_all_jobs_are_listed_with_filters_and_pages(carol, bob):
    pipelines = [carol.pipeline() for _ in range(2)]
    jobs = [carol.job(pipelines[n % 2], 'true') for n in range(5)]
    bob.job(bob.pipeline(), 'true')
    shown = carol.json('/jobs')
    assert [int(job) for job in shown] == jobs
    assert [job['pipeline']['id'] for job in shown.values()] == \
        [pipelines[n % 2] for n in range(5)]
    carol.submit(pipelines[1])
    for job in (jobs[1], jobs[3]):
        carol.wait_job(pipelines[1], job)
    assert [int(job) for job in carol.json('/jobs?state=done')] == [jobs[1], jobs[3]]
    assert [int(job) for job in carol.json('/jobs?state=ready')] == [jobs[0], jobs[2], jobs[4]]
    assert carol.json('/jobs?state=failed') == {}
    refused(carol.get('/jobs?state=unknown'), 400, 'state')
    found, path = [], '/jobs?state=ready&limit=2'
    while path:
        answer = expect(carol.get(path), 200)
        found += [int(job) for job in answer.json()]
        path = answer.links.get('next', {}).get('url')
        path = path and path.replace(carol.url, '')
    assert found == [jobs[0], jobs[2], jobs[4]]


# Waiting

@pytest.mark.both
def test_wait_answers_once_the_state_changes(carol):
    pipeline, job = carol.begin(WAIT)
    carol.wait_state(pipeline, job, 'running')
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(
        carol.again().json(f'/pipeline/{pipeline}/job/{job}?wait=30')[str(job)]))
    waiting.start()
    carol.kabuto.let_go(job)
    waiting.join(60)
    assert answers and answers[0]['state'] == 'done'
    assert carol.json(f'/pipeline/{pipeline}/job/{job}?wait=30')[str(job)]['state'] == 'done'


def test_wait_on_a_build_answers_at_its_end(carol):
    build = carol.build('FROM busybox\nRUN echo waited\n', nocache='true')
    state = carol.json(f'/image/build/{build}?wait=30')['state']
    while state == 'PENDING':
        state = carol.json(f'/image/build/{build}?wait=30')['state']
    assert state == 'SUCCESS'
    refused(carol.get(f'/image/build/{build}?wait=x'), 400, 'wait')
    refused(carol.get(f'/image/build/{build}?wait=-1'), 400, 'wait')


def test_uploads_are_limited_for_each_account(own):
    """By calls that send their body slowly, which keep a thread each."""
    kabuto = own({'upload_max': 2})
    dave, erin = kabuto.user('dave'), kabuto.user('erin')
    head = (f'POST /pipeline/{dave.pipeline()}/job HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n'
            f'Cookie: session={dave.session.cookies["session"]}\r\n'
            'Content-Type: application/x-www-form-urlencoded\r\n\r\na').encode()
    sending = []
    try:
        for _ in range(2):
            sending.append(socket.create_connection(('127.0.0.1', kabuto.port)))
            sending[-1].sendall(head)
        until(lambda: dave.post('/image', {'name': 'x'}).status_code == 429, 'the limit is met')
        answer = dave.post('/image', {'name': 'x', 'dockerfile': 'FROM busybox'})
        assert '2 calls' in refused(answer, 429, 'files')
        refused(erin.post('/image', {'name': 'x'}), 400, 'dockerfile')
        expect(dave.post('/pipeline', {'name': 'x'}), 200)
    finally:
        for connection in sending:
            connection.close()
    until(lambda: dave.post('/image', {'name': 'x'}).status_code == 400, 'the limit is free again')


def test_calls_that_wait_are_limited_for_each_account(own):
    kabuto = own({'follow_max': 1})
    dave, erin = kabuto.user('dave'), kabuto.user('erin')
    jobs = [client.begin(WAIT) for client in (dave, erin)]
    for client, (pipeline, job) in zip((dave, erin), jobs):
        client.wait_state(pipeline, job, 'running')
    pipeline, job = jobs[0]
    answers = []

    def wait_for_it():
        answers.append(dave.again().get(f'/pipeline/{pipeline}/job/{job}?wait=30'))
    waiting = [threading.Thread(target=wait_for_it) for _ in range(2)]
    for thread in waiting:
        thread.start()
    until(lambda: answers, 'one of two calls is refused')
    refused(answers[0], 429, 'wait')
    assert int(answers[0].headers['Retry-After']) > 0
    expect(erin.get(f'/execution/{jobs[1][1]}/logs?wait=1'), 200)
    for _, job in jobs:
        kabuto.let_go(job)
    for thread in waiting:
        thread.join(60)
    assert [answer.status_code for answer in answers] == [429, 200]
    for client, (pipeline, job) in zip((dave, erin), jobs):
        client.wait_job(pipeline, job)
