"""POST /run: one call makes a job, with all that it needs, and queues it."""
import itertools
import signal
import threading

import pytest

from client import WAIT, expect, refused
from wait import until

pytestmark = pytest.mark.limit(300)


def run(client, command=None, files=(), key=None, accept=None, **fields):
    """POST /run, whatever the answer; files: [(name, content)]."""
    headers = {'Idempotency-Key': key} if key else {}
    if accept:
        headers['Accept'] = accept
    if command is not None:
        fields['command'] = command
    parts = [('attachments', file) for file in files]
    return client.post('/run', fields, files=parts or None, headers=headers)


def path_of(client, url):
    assert url.startswith(client.url + '/'), url
    return url[len(client.url):]


@pytest.mark.both
def test_one_call_runs_a_job(kabuto, alice):
    made = expect(run(alice, 'sort /inbox/a.csv > /outbox/sorted; echo ran',
                      [('a.csv', b'b\na\n')], image_id=alice.image(), name='sorting'), 201).json()
    assert (made['image'], made['build']) == (alice.image(), None)
    end = alice.wait_job(made['pipeline'], made['job'])
    assert (end['state'], end['name'], end['pipeline_name']) == ('done', 'sorting', 'sorting')
    assert alice.results(end).read('sorted') == b'a\nb\n'
    assert alice.lines(made['job']) == ['ran']
    assert kabuto.sql("SELECT count(*) FROM event WHERE action = 'run' AND object = ?",
                      made['job']) == [(1,)]


def test_urls_of_the_answer_are_the_calls(alice):
    made = expect(run(alice, WAIT, image_id=alice.image()), 201).json()
    urls, job = made['urls'], str(made['job'])
    assert set(urls) == {'job', 'log', 'events', 'results', 'kill', 'build', 'page'}
    assert urls['build'] is None
    assert set(alice.json(path_of(alice, urls['job']))) == {job}
    alice.wait_state(made['pipeline'], made['job'], 'running')
    expect(alice.post(path_of(alice, urls['kill'])), 200)
    assert alice.wait_job(made['pipeline'], made['job'])['error'] == 'killed by its owner'
    assert alice.json(path_of(alice, urls['log'])) is not None
    expect(alice.get(path_of(alice, urls['results'])), 200)
    assert '"event":"end"' in alice.get(path_of(alice, urls['events']),
                                        headers={'Accept': 'application/x-ndjson'}).text
    assert path_of(alice, urls['page']) == f'/ui/job/{job}'


@pytest.mark.parametrize('headers, address', [
    ({'Host': 'kabuto.example'}, 'http://kabuto.example'),
    ({'Host': 'kabuto.example:81', 'X-Forwarded-Proto': 'https'}, 'https://kabuto.example:81'),
])
def test_urls_have_the_address_that_the_client_called(alice, headers, address):
    fields = {'image_id': alice.image(), 'command': 'true'}
    cookie = f"session={alice.session.cookies['session']}"  # it is not sent to another host
    made = expect(alice.post('/run', fields, headers={**headers, 'Cookie': cookie}), 201).json()
    alice.wait_job(made['pipeline'], made['job'])
    assert made['urls']['job'] == f"{address}/pipeline/{made['pipeline']}/job/{made['job']}"


def test_a_run_in_a_pipeline_is_its_last_job(alice):
    pipeline = alice.pipeline('mine')
    first = alice.job(pipeline, 'true')
    made = expect(run(alice, 'true', image_id=alice.image(), pipeline=pipeline), 201).json()
    assert made['pipeline'] == pipeline
    assert [x['id'] for x in alice.pipeline_state(pipeline)['jobs']] == [first, made['job']]
    alice.wait_job(pipeline, made['job'])
    assert alice.state(pipeline, first)['state'] == 'ready', 'only the new job is queued'


def test_a_pipeline_without_a_name_is_called_run(alice):
    made = expect(run(alice, 'true', image_id=alice.image()), 201).json()
    assert alice.pipeline_state(made['pipeline'])['name'] == 'run'
    alice.wait_job(made['pipeline'], made['job'])


@pytest.mark.both
def test_the_same_key_gives_the_same_job(kabuto, carol):
    fields = {'image_id': carol.image()}
    first = expect(run(carol, 'true', [('a', b'1')], key='k1', **fields), 201)
    again = expect(run(carol, 'true', [('a', b'1')], key='k1', **fields), 201)
    assert again.json() == first.json()
    assert again.headers['Idempotency-Replayed'] == 'true'
    refused(run(carol, 'true', [('a', b'2')], key='k1', **fields), 422, 'different call')
    assert len(carol.json('/jobs')) == 1 and len(carol.json('/pipeline')) == 1
    carol.wait_job(first.json()['pipeline'], first.json()['job'])


def made(client):
    return len(client.json('/jobs')), len(client.json('/pipeline')), len(client.json('/image'))


@pytest.mark.parametrize('fields, status, words', [
    ({'image_id': None}, 400, ['image_id', 'missing']),
    ({'image_id': '999999'}, 404, ['Image not found']),
    ({'pipeline': '999999'}, 404, ['Pipeline not found']),
    ({'pipeline': '0'}, 404, ['Pipeline not found']),
    ({'memory': '900t'}, 422, ['memory']),
    ({'imageid': '1'}, 400, ['did you mean image_id']),
])
def test_what_cannot_run_makes_nothing(alice, fields, status, words):
    fields = {'image_id': alice.image(), **fields}
    before = made(alice)
    refused(run(alice, 'true', [('a', b'1')], **fields), status, *words)
    assert made(alice) == before


def test_another_accounts_image_and_pipeline_are_not_there(alice, carol):
    refused(run(carol, 'true', image_id=alice.image()), 404, 'Image not found')
    pipeline = alice.pipeline()
    refused(run(carol, 'true', image_id=carol.image(), pipeline=pipeline), 404,
            'Pipeline not found')
    assert alice.pipeline_state(pipeline)['jobs'] == [] and carol.json('/jobs') == {}


def test_a_full_queue_refuses_the_run_whole(own):
    kabuto = own({'queued_max': 1})
    dave = kabuto.user('dave')
    image = dave.image()
    kabuto['spooler'].stop()
    expect(run(dave, 'true', image_id=image), 201)
    answer = run(dave, 'true', [('a', b'1')], image_id=image)
    refused(answer, 429, 'at most 1 jobs in queue')
    assert int(answer.headers['Retry-After']) > 0
    assert len(dave.json('/jobs')) == 1 and len(dave.json('/pipeline')) == 1
    kabuto['spooler'].start()


# A Dockerfile, whose image is built first

BUILD = r'POST /v[0-9.]+/build\?'
MARKED = 'FROM busybox\nCOPY a.csv /a.csv\nARG WHO=nobody\nENV WHO=$WHO\n'


def build_and_run(client, command, dockerfile=MARKED, context=(('a.csv', b'of the context\n'),),
                  files=(), **fields):
    parts = [('context', file) for file in context] + [('attachments', file) for file in files]
    if dockerfile is not None:
        fields['dockerfile'] = dockerfile
    return client.post('/run', {'command': command, **fields}, files=parts or None)


@pytest.mark.both
def test_one_call_builds_an_image_and_runs_a_job_in_it(alice):
    """Both kinds of files may have the same name."""
    made = expect(build_and_run(alice, 'cat /a.csv /inbox/a.csv; echo $WHO',
                                files=[('a.csv', b'of the job\n')], build_arg='WHO=you',
                                name='both'), 201).json()
    assert made['image'] is None and made['urls']['build'].endswith(f"/image/build/{made['build']}")
    end = alice.wait_job(made['pipeline'], made['job'])
    assert alice.lines(made['job']) == ['of the context', 'of the job', 'you']
    state = alice.json(path_of(alice, made['urls']['build']))
    assert (state['state'], state['id']) == ('SUCCESS', end['image']['id'])
    assert (end['build'], end['image_name'], end['pipeline_name']) == (None, 'both', 'both')
    assert [x['name'] for x in end['attachments']] == ['a.csv']


def test_the_dockerfile_may_be_a_file_of_the_context(alice):
    made = expect(build_and_run(alice, 'cat /a.csv', None, [
        ('Dockerfile', b'FROM busybox\nCOPY sub /\n'), ('sub/a.csv', b'below\n')]), 201).json()
    alice.wait_job(made['pipeline'], made['job'])
    assert alice.lines(made['job']) == ['below']


@pytest.mark.parametrize('fields, words', [
    ({'dockerfile': None}, ['dockerfile', 'missing', 'image_id']),
    ({'dockerfile': None, 'context': ()}, ['dockerfile', 'missing']),
    ({'dockerfile': '@Dockerfile'}, ['path of a file']),
    ({'image_id': '1'}, ['dockerfile', 'not both']),
    ({'image_id': '1', 'dockerfile': None}, ['context', 'not both']),
    ({'image_id': '1', 'dockerfile': None, 'context': (), 'nocache': 'true'}, ['nocache']),
    ({'image_id': '1', 'dockerfile': None, 'context': (), 'build_arg': 'A=1'}, ['build_arg']),
    ({'repo_url': 'https://example.org/x.git'}, ['repo_url', 'POST /image']),
    ({'build_arg': 'BUILDKIT_SYNTAX=x'}, ['build_arg']),
    ({'build_arg': 'x'}, ['build_arg']),
    ({'context': [('../a', b'')]}, ['context', 'not a valid file name']),
    ({'context': [('/etc/passwd', b'')]}, ['context', 'not a valid file name']),
    ({'context': [('a', b'1'), ('a', b'2')]}, ['context', 'two files']),
    ({'context': [('a', b'1'), ('a/b', b'2')]}, ['context', 'two files']),
    ({'context': [('Dockerfile', b'FROM busybox')]}, ['context', 'two files', 'Dockerfile']),
    ({'files': [('../a', b'')]}, ['attachments', 'not a valid file name']),
    ({'files': [('a', b'1'), ('a', b'2')]}, ['attachments', 'two files']),
])
def test_what_cannot_be_built_makes_nothing(kabuto, alice, fields, words):
    before = made(alice), alice.json('/image/build').keys()
    error = refused(build_and_run(alice, 'true', **fields), 400, *words)
    assert error.startswith(words[0]) or words[0] == 'path of a file'
    assert (made(alice), alice.json('/image/build').keys()) == before


def test_a_bad_dockerfile_leaves_no_job_and_no_pipeline(alice):
    before = made(alice)
    run_made = expect(build_and_run(alice, 'true', 'FROM busybox\nRUN echo told; exit 7\n',
                                    files=[('a', b'1')]), 201).json()
    state = alice.wait_build(run_made['build'], 'FAILED')
    assert '7' in state['error'] and 'told' in str(state['output'])
    refused(alice.get(path_of(alice, run_made['urls']['job'])), 404, 'Job not found')
    assert made(alice) == before


def test_a_bad_dockerfile_leaves_the_pipeline_that_the_call_named(alice):
    pipeline = alice.pipeline('mine')
    bad = expect(build_and_run(alice, 'true', 'FROM busybox\nRUN false\n', pipeline=pipeline), 201)
    alice.wait_build(bad.json()['build'], 'FAILED')
    assert alice.pipeline_state(pipeline)['jobs'] == []


@pytest.fixture
def held(own, proxy):
    """A user of a Kabuto whose builds wait until the test lets them go: proxy."""
    dave = own(engine_socket=proxy.path).user('dave')
    dave.image()
    return dave


def waiting(client, proxy, count=1, dockerfile='FROM busybox\nENV X=1\n', **fields):
    """A run whose build is held."""
    proxy.hold(BUILD)
    answer = expect(build_and_run(client, 'echo $X', dockerfile, (), **fields), 201).json()
    proxy.wait_held(count)
    return answer


def test_a_job_that_waits_for_its_build_says_so(held, proxy):
    made_run = waiting(held, proxy)
    pipeline, job, build = made_run['pipeline'], made_run['job'], made_run['build']
    state = held.state(pipeline, job)
    assert (state['state'], state['build']) == ('ready', {'id': build})
    assert state['queue'] == {'position': None, 'eta_s': None,
                              'reason': f'its image is being built (build {build})'}
    assert held.log(job) == []
    assert held.submit(pipeline) == {str(job): 'ready'}, 'it waits on'
    refused(held.call('PUT', f'/pipeline/{pipeline}/job/{job}', data={'command': 'true'}), 409,
            'being built', str(build))
    refused(held.get(path_of(held, made_run['urls']['results'])), 409, 'not finished')
    proxy.release_all()
    end = held.wait_job(pipeline, job)
    assert (end['state'], end['build'], held.lines(job)) == ('done', None, ['1'])
    assert 'queue' not in end


@pytest.mark.parametrize('how', ['kill', 'cancel'])
def test_a_job_that_is_killed_while_it_waits_can_be_submitted_later(held, proxy, how):
    made_run = waiting(held, proxy)
    pipeline, job = made_run['pipeline'], made_run['job']
    expect(held.post(f'/pipeline/{pipeline}/job/{job}/kill' if how == 'kill' else
                     f'/pipeline/{pipeline}/cancel'), 200)
    state = held.state(pipeline, job)
    assert (state['state'], state['build']) == ('ready', None) and 'queue' not in state
    assert state['error'] == f'{how}ed by its owner'.replace('celed', 'celled')
    refused(held.post(f'/pipeline/{pipeline}/job/{job}/kill'), 409, 'not running')
    expect(held.call('PUT', f'/pipeline/{pipeline}/job/{job}', data={'command': 'echo new'}), 200)
    assert held.submit(pipeline) == {str(job): 'ready'}, 'it waits again'
    assert held.state(pipeline, job)['build'] == {'id': made_run['build']}
    expect(held.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    proxy.release_all()
    held.wait_build(made_run['build'], 'SUCCESS')
    assert held.state(pipeline, job)['state'] == 'ready', 'nobody asked for it'
    assert held.submit(pipeline) == {str(job): 'in_queue'}
    held.wait_job(pipeline, job)
    assert held.lines(job) == ['new']


def test_a_call_that_waits_for_a_job_sees_that_it_is_killed_before_its_build(held, proxy):
    made_run, answers = waiting(held, proxy), []
    pipeline, job = made_run['pipeline'], made_run['job']
    call = threading.Thread(target=lambda: answers.append(
        held.again().json(f'/pipeline/{pipeline}/job/{job}?wait=30')))
    call.start()
    turns = itertools.cycle([f'job/{job}/kill', 'submit'])  # the call may begin after one

    def kill_or_submit():
        expect(held.post(f'/pipeline/{pipeline}/{next(turns)}'), 200)
        return answers
    until(kill_or_submit, 'the call is answered', 20)
    call.join()
    proxy.release_all()
    held.wait_build(made_run['build'], 'SUCCESS')


def test_a_job_that_is_deleted_while_it_waits_is_gone(held, proxy):
    made_run = waiting(held, proxy, files=[('a', b'1')])
    expect(held.call('DELETE', path_of(held, made_run['urls']['job'])), 200)
    refused(held.get(path_of(held, made_run['urls']['job'])), 404, 'Job not found')
    proxy.release_all()
    held.wait_build(made_run['build'], 'SUCCESS')
    assert held.json('/jobs') == {}


def test_a_bad_dockerfile_leaves_a_pipeline_that_got_another_job(held, proxy):
    bad = waiting(held, proxy, dockerfile='FROM busybox\nRUN false\n')
    other = held.job(bad['pipeline'], 'true')
    proxy.release_all()
    held.wait_build(bad['build'], 'FAILED')
    assert [x['id'] for x in held.pipeline_state(bad['pipeline'])['jobs']] == [other]


def test_a_pipeline_that_is_deleted_takes_its_waiting_job_along(held, proxy):
    made_run = waiting(held, proxy)
    expect(held.call('DELETE', f"/pipeline/{made_run['pipeline']}"), 200)
    proxy.release_all()
    held.wait_build(made_run['build'], 'SUCCESS')
    assert held.json('/jobs') == {} and held.json('/pipeline') == {}


def test_a_cancelled_build_takes_its_job_along(held, proxy):
    """One that runs, and one that has not begun yet."""
    proxy.hold(BUILD)
    runs = [waiting(held, proxy, dockerfile=f'FROM busybox\nENV X={i}\n') for i in range(2)]
    for one in reversed(runs):
        expect(held.call('DELETE', path_of(held, one['urls']['build'])), 200)
    for one in runs:
        assert held.wait_build(one['build'], 'FAILED')['error'] == 'cancelled by its owner'
        refused(held.get(path_of(held, one['urls']['job'])), 404, 'Job not found')
    assert held.json('/pipeline') == {}
    proxy.release_all()


def test_a_killed_job_whose_build_failed_cannot_be_submitted(held, proxy):
    made_run = waiting(held, proxy, dockerfile='FROM busybox\nRUN false\n')
    pipeline, job = made_run['pipeline'], made_run['job']
    expect(held.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    proxy.release_all()
    held.wait_build(made_run['build'], 'FAILED')
    refused(held.post(f'/pipeline/{pipeline}/submit'), 409, f'job {job}', 'not built', 'PUT')
    refused(held.post(f'/pipeline/{pipeline}/job/{job}/rerun'), 409, 'never built')
    expect(held.call('PUT', f'/pipeline/{pipeline}/job/{job}',
                     data={'image_id': held.image(), 'command': 'echo at last'}), 200)
    held.submit(pipeline)
    held.wait_job(pipeline, job)
    assert held.lines(job) == ['at last']


def test_a_rerun_of_a_waiting_job_waits_too(held, proxy):
    made_run = waiting(held, proxy)
    pipeline, job = made_run['pipeline'], made_run['job']
    second = expect(held.post(f'/pipeline/{pipeline}/job/{job}/rerun'), 200).json()['id']
    assert held.state(pipeline, second)['build'] == {'id': made_run['build']}
    proxy.release_all()
    for one in (job, second):
        held.wait_job(pipeline, one)
        assert held.lines(one) == ['1']


def test_waiting_jobs_count_as_queued_when_they_are_made(own, proxy):
    kabuto = own({'queued_max': 2}, engine_socket=proxy.path)
    dave = kabuto.user('dave')
    image = dave.image()
    runs = [waiting(dave, proxy, dockerfile=f'FROM busybox\nENV X={i}\n') for i in range(2)]
    before = dave.json('/image/build').keys()
    refused(run(dave, 'true', image_id=image), 429, 'at most 2 jobs in queue')
    refused(build_and_run(dave, 'true'), 429, 'at most 2 jobs in queue')
    assert dave.json('/image/build').keys() == before
    proxy.release_all()
    for one in runs:
        assert dave.wait_job(one['pipeline'], one['job'])['state'] == 'done'


def test_a_disabled_account_runs_nothing_after_its_build(held, proxy):
    kabuto, made_run = held.kabuto, waiting(held, proxy)
    assert kabuto.ctl('user', 'disable', 'dave').returncode == 0
    proxy.release_all()
    until(lambda: kabuto.sql('SELECT state FROM job') == [('in_queue',)], 'the job is queued')
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    expect(held.log_in('dave'), 200)
    assert held.wait_job(made_run['pipeline'], made_run['job'])['state'] == 'done'


def test_every_process_restarts_while_a_job_waits(held, proxy):
    kabuto, made_run = held.kabuto, waiting(held, proxy)
    for name in ('spooler', 'api', 'upload', 'follow', 'web'):
        kabuto[name].kill()
        kabuto[name].start()
    kabuto.wait_healthy()
    assert held.state(made_run['pipeline'], made_run['job'])['build'] == {'id': made_run['build']}
    proxy.release_all()
    held.wait_job(made_run['pipeline'], made_run['job'])
    assert held.lines(made_run['job']) == ['1']


@pytest.mark.log_errors
def test_a_full_disk_and_too_many_bytes_refuse_the_run_whole(own):
    kabuto = own({'build': {'context_limit': 1024}, 'storage_max': 1024})
    dave = kabuto.user('dave')
    refused(build_and_run(dave, 'true', context=[('a', bytes(1025))]), 413, 'context',
            'the limit is 1')
    refused(build_and_run(dave, 'true', files=[('a', bytes(1025))]), 413, 'attachments')
    kabuto.configure(min_free='1000t')
    kabuto.restart('upload')
    refused(build_and_run(dave, 'true'), 507, 'disk')
    assert (made(dave), dave.json('/image/build')) == ((0, 0, 0), {})


# The same content is built once

def count_builds(client):
    return len(client.json('/image/build'))


def again(client, **fields):
    """One more run of MARKED; gives the answer's object, and whether a build was made for it."""
    before = count_builds(client)
    answer = expect(build_and_run(client, 'cat /a.csv', **fields), 201).json()
    return answer, count_builds(client) > before


@pytest.mark.both
def test_the_same_content_is_not_built_again(carol):
    first, built = again(carol)
    assert built
    image = carol.wait_job(first['pipeline'], first['job'])['image']['id']
    for fields in ({}, {'dockerfile': None, 'context': [('Dockerfile', MARKED.encode()),
                                                        ('a.csv', b'of the context\n')]}):
        second, built = again(carol, **fields)
        assert (second['image'], second['build'], built) == (image, None, False)
        carol.wait_job(second['pipeline'], second['job'])
        assert carol.lines(second['job']) == ['of the context']


def test_an_image_of_post_image_is_used_too(carol):
    image = carol.image(MARKED, files=[('attachments', ('a.csv', b'of the context\n'))])
    answer, built = again(carol)
    assert (answer['image'], built) == (image, False)
    carol.wait_job(answer['pipeline'], answer['job'])


@pytest.mark.parametrize('fields', [
    {'context': [('a.csv', b'of another context\n')]},
    {'context': [('a.csv', b'of the context\n'), ('b', b'')]},
    {'dockerfile': MARKED + '\n'},
    {'build_arg': 'WHO=you'},
    {'nocache': 'true'},
], ids=['content', 'files', 'dockerfile', 'argument', 'nocache'])
def test_another_content_is_built(carol, fields):
    first, _ = again(carol)
    carol.wait_job(first['pipeline'], first['job'])
    second, built = again(carol, **fields)
    assert built and second['image'] is None
    carol.wait_job(second['pipeline'], second['job'])


def test_content_of_another_account_or_of_a_deleted_image_is_built(alice, carol):
    first, _ = again(carol)
    end = carol.wait_job(first['pipeline'], first['job'])
    of_alice, built = again(alice, build_arg='WHO=alice')
    assert built
    alice.wait_job(of_alice['pipeline'], of_alice['job'])
    of_carol, built = again(carol, build_arg='WHO=alice')
    assert built, "the other account's image is not used"
    carol.wait_job(of_carol['pipeline'], of_carol['job'])
    expect(carol.call('DELETE', f"/image/{end['image']['id']}"), 200)
    second, built = again(carol)
    assert built
    carol.wait_job(second['pipeline'], second['job'])
    assert carol.lines(second['job']) == ['of the context']


def test_an_image_that_was_built_anew_is_used_for_its_new_content(carol):
    first, _ = again(carol)
    image = carol.wait_job(first['pipeline'], first['job'])['image']['id']
    build = expect(carol.call('PUT', f'/image/{image}', data={'dockerfile': 'FROM busybox\n'}),
                   200).json()['build_id']
    carol.wait_build(build, 'SUCCESS')
    second, built = again(carol)
    assert built, 'the content that it had is not there any more'
    carol.wait_job(second['pipeline'], second['job'])
    third, built = again(carol, dockerfile='FROM busybox\n', context=())
    assert (third['image'], built) == (image, False)
    carol.wait_job(third['pipeline'], third['job'])


def test_a_pending_build_of_the_same_content_is_joined(held, proxy):
    first = waiting(held, proxy, files=[('a', b'1')])
    second = expect(build_and_run(held, 'echo second $X', 'FROM busybox\nENV X=1\n', ()), 201).json()
    assert second['build'] == first['build'] and second['job'] != first['job']
    proxy.release_all()
    for one, line in ((first, '1'), (second, 'second 1')):
        held.wait_job(one['pipeline'], one['job'])
        assert held.lines(one['job']) == [line]


def test_a_build_that_is_being_cancelled_is_not_joined(held, proxy):
    first = waiting(held, proxy)
    held.kabuto['spooler'].send(signal.SIGSTOP)
    expect(held.call('DELETE', path_of(held, first['urls']['build'])), 200)
    second = expect(build_and_run(held, 'echo $X', 'FROM busybox\nENV X=1\n', ()), 201).json()
    assert second['build'] != first['build']
    held.kabuto['spooler'].send(signal.SIGCONT)
    held.wait_build(first['build'], 'FAILED')
    proxy.release_all()
    held.wait_job(second['pipeline'], second['job'])
    assert held.lines(second['job']) == ['1']


def test_an_image_that_the_engine_has_lost_is_built_again(own):
    kabuto = own()
    dave = kabuto.user('dave')
    first, _ = again(dave)
    image = dave.wait_job(first['pipeline'], first['job'])['image']['id']
    for tag in kabuto.engine.images():
        if f'kabuto/{kabuto.instance}-{image}:' in tag:
            kabuto.engine.call('DELETE', f'/images/{tag}?force=1')
    second, built = again(dave)
    assert not built
    end = dave.wait_job(second['pipeline'], second['job'])
    assert 'no longer has the image' in end['error']
    third, built = again(dave)
    assert built
    dave.wait_job(third['pipeline'], third['job'])
    assert dave.lines(third['job']) == ['of the context']


# What others might try

def test_a_key_is_of_one_account(alice, bob):
    runs = [expect(run(user, 'true', key='the same', image_id=user.image()), 201)
            for user in (alice, bob)]
    assert 'Idempotency-Replayed' not in runs[1].headers
    assert runs[0].json()['job'] != runs[1].json()['job']
    for user, answer in zip((alice, bob), runs):
        user.wait_job(answer.json()['pipeline'], answer.json()['job'])


def test_an_admins_run_in_a_users_pipeline_is_the_users_whole(own):
    kabuto = own()
    dave, root = kabuto.user('dave'), kabuto.user('root')
    assert kabuto.ctl('user', 'admin', 'root', 'on').returncode == 0
    answer = expect(build_and_run(root, 'cat /a.csv', pipeline=dave.pipeline()), 201).json()
    end = dave.wait_job(answer['pipeline'], answer['job'])
    assert (end['account'], end['state']) == ('dave', 'done')
    assert {x['account'] for x in root.json('/image/build').values()} == {'dave'}
    assert dave.json(f"/image/{end['image']['id']}")


def test_an_image_cannot_be_deleted_while_a_job_waits_for_its_build(held, proxy):
    image = held.image()
    proxy.hold(BUILD)
    build = expect(held.call('PUT', f'/image/{image}', data={'dockerfile': 'FROM busybox\nENV X=1\n'}),
                   200).json()['build_id']
    proxy.wait_held(1)
    answer = expect(build_and_run(held, 'echo $X', 'FROM busybox\nENV X=1\n', ()), 201).json()
    assert answer['build'] == int(build)
    refused(held.call('DELETE', f'/image/{image}'), 409, f"job {answer['job']}")
    proxy.release_all()
    held.wait_job(answer['pipeline'], answer['job'])
    assert held.lines(answer['job']) == ['1']


@pytest.mark.parametrize('kind', ['json', 'data'])
def test_a_dockerfile_without_files_may_come_in_any_body(alice, kind):
    fields = {'dockerfile': f'FROM busybox\nENV KIND={kind}\n', 'command': 'echo $KIND'}
    answer = expect(alice.call('POST', '/run', **{kind: fields}), 201).json()
    alice.wait_job(answer['pipeline'], answer['job'])
    assert alice.lines(answer['job']) == [kind]


@pytest.mark.parametrize('accept', ['*/*', 'application/json, text/plain, */*', 'text/html',
                                    'text/plain;q=0', 'text/plain;q=0.5, */*', ''])
def test_who_asks_for_no_stream_gets_json(alice, accept):
    answer = expect(run(alice, 'true', image_id=alice.image(), accept=accept), 201)
    assert answer.headers['Content-Type'] == 'application/json; charset=utf-8'
    alice.wait_job(answer.json()['pipeline'], answer.json()['job'])


def test_many_calls_of_one_content_at_once_build_it_once(held, proxy):
    """Each is a transaction: the second finds the first one's build."""
    proxy.hold(BUILD)
    answers = []

    def one():
        answers.append(expect(build_and_run(held.again(), 'echo $X', 'FROM busybox\nENV X=1\n', ()),
                              201).json())
    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({x['build'] for x in answers}) == 1 and len({x['job'] for x in answers}) == 8
    proxy.release_all()
    for answer in answers:
        held.wait_job(answer['pipeline'], answer['job'])
        assert held.lines(answer['job']) == ['1']
