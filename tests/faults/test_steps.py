"""Each step of a job's and a build's life is the last one of its process, once; all ends well."""
import os
import pathlib
import tempfile

import pytest

from client import WAIT, expect
from death import death
from repositories import Repositories
from wait import until


@pytest.fixture(scope='module')
def kabuto(start, alive):
    one = start({'build': {'schemes': ['http', 'https'], 'allow_private': True}})
    yield one
    alive.remove(one)
    one.destroy()


@pytest.fixture(scope='module')
def dave(kabuto):
    user = kabuto.user('dave')
    user.image()
    return user


@pytest.fixture(scope='module')
def repositories():
    with tempfile.TemporaryDirectory() as folder:
        served = Repositories(pathlib.Path(folder))
        yield served
        served.close()


JOB_STEPS = ('claim', 'prepare', 'create', 'mark', 'start', 'wait', 'collect', 'end', 'remove')
COMMAND = 'echo out; echo err >&2; cp /inbox/a /outbox/copy'


def is_whole(client, end, content, starts_since, attempts=1):
    """The job's log, results and starts, after its end."""
    kabuto, job = client.kabuto, end['id']
    assert end['attempt'] == attempts
    for attempt in range(1, attempts + 1):
        assert client.lines(job, attempt=attempt) == ['out']
        assert client.lines(job, 'stderr', attempt=attempt) == ['err']
    assert client.results(end).read('copy') == content
    assert client.results(end).testzip() is None
    assert kabuto.engine.starts(kabuto.instance, job, starts_since) == attempts


@pytest.mark.parametrize('sandboxes', [True, False], ids=['sandbox', 'alone'])
@pytest.mark.parametrize('step', JOB_STEPS)
def test_job_whose_spooler_dies_after_a_step(kabuto, dave, engine, step, sandboxes):
    kabuto.configure(sandboxes=sandboxes)
    since, content = engine.now(), os.urandom(100000)
    with death(kabuto, 'spooler', f'job.{step}'):
        begun = dave.begin(COMMAND, [('a', content)])
    end = dave.wait_job(*begun)
    assert (end['state'], end['response'], end['error']) == ('done', 0, None)
    is_whole(dave, end, content, since)
    assert dave.lines(end['id'], 'system') == []
    assert end['used_memory'] > 0


@pytest.mark.parametrize('step', JOB_STEPS)
def test_retry_whose_spooler_dies_after_a_step(kabuto, dave, engine, step):
    """The second try has results to replace."""
    since, content = engine.now(), os.urandom(1000)
    pipeline, job = dave.begin(f'{COMMAND}; exit 3', [('a', content)], retries=1)
    until(lambda: dave.state(pipeline, job).get('queue') and dave.lines(job),
          'the first try is over')
    with death(kabuto, 'spooler', f'job.{step}'):
        pass
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response'], end['error']) == ('failed', 3, 'exit code 3')
    is_whole(dave, end, content, since, 2)


@pytest.mark.parametrize('step', ['wait', 'collect', 'end', 'remove'])
def test_killed_job_whose_spooler_dies_after_a_step(kabuto, dave, engine, step):
    since = engine.now()
    with death(kabuto, 'spooler', f'job.{step}'):
        pipeline, job = dave.begin(f'echo early > /outbox/a; echo ready; {WAIT}', grace=0)
        dave.wait_line(job, 'ready')
        expect(dave.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert dave.results(end).read('a') == b'early\n'
    assert dave.lines(job) == ['ready']
    assert engine.starts(kabuto.instance, job, since) == 1


def test_job_after_whose_claim_its_end_is_asked_for(kabuto, dave, engine):
    """Nobody works on it when it is to be killed: it never starts."""
    since = engine.now()
    with death(kabuto, 'spooler', 'job.claim'):
        pipeline, job = dave.begin('echo never')
        until(lambda: not kabuto['spooler'].runs(), 'the spooler dies')
        expect(dave.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert dave.lines(job) == []
    assert engine.starts(kabuto.instance, job, since) == 0


def test_deletion_whose_spooler_dies_after_the_files(kabuto, dave):
    end = dave.run('cp /inbox/a /outbox/', [('a', b'x')])
    pipeline, job = end['pipeline']['id'], end['id']
    with death(kabuto, 'spooler', 'delete.files'):
        expect(dave.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE id = ?', job), 'its row is gone')
    assert not list((kabuto.state / 'logs').glob(f'{job}.*'))


# Builds

@pytest.mark.parametrize('step', ['claim', 'output', 'build', 'inspect', 'end'])
def test_build_whose_spooler_dies_after_a_step(kabuto, dave, step):
    files = [('attachments', ('mark', step.encode()))]
    with death(kabuto, 'spooler', f'build.{step}'):
        build = dave.build('FROM busybox\nCOPY mark /mark\nCMD ["cat", "/mark"]\n', files=files)
    state = dave.wait_build(build, 'SUCCESS')
    name = f'kabuto/{kabuto.instance}-{state["id"]}:{build}-'
    assert [tag for tag in kabuto.engine.images() if tag.startswith(name)]
    assert dave.lines(dave.run(image=state['id'])['id']) == [step]


def run_in_image_of(client, dockerfile, *files):
    """POST /run with a Dockerfile; gives the answer's object."""
    parts = [('context', file) for file in files] + [('attachments', ('a', b'attached'))]
    return expect(client.post('/run', {'dockerfile': dockerfile, 'command': 'cat /mark /inbox/a'},
                              files=parts), 201).json()


@pytest.mark.parametrize('step', ['claim', 'output', 'build', 'inspect', 'end'])
def test_run_whose_spooler_dies_after_a_step_of_its_build(kabuto, dave, engine, step):
    """The job is queued once, by the transaction that ends the build, and runs once."""
    since = engine.now()
    with death(kabuto, 'spooler', f'build.{step}'):
        made = run_in_image_of(dave, 'FROM busybox\nCOPY mark /mark\n',
                               ('mark', f'of a run: {step}\n'.encode()))
    end = dave.wait_job(made['pipeline'], made['job'])
    assert (end['state'], end['build'], end['attempt']) == ('done', None, 1)
    assert dave.lines(made['job']) == [f'of a run: {step}', 'attached']
    assert engine.starts(kabuto.instance, made['job'], since) == 1


def test_run_whose_build_fails_and_whose_spooler_dies_then(kabuto, dave):
    with death(kabuto, 'spooler', 'build.fail'):
        made = run_in_image_of(dave, 'FROM busybox\nRUN exit 5\n')
    dave.wait_build(made['build'], 'FAILED')
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE id = ?', made['job']) and
          not kabuto.sql('SELECT 1 FROM pipeline WHERE id = ?', made['pipeline']),
          'the job and its pipeline are gone')


def test_build_whose_spooler_dies_after_the_checkout(kabuto, dave, repositories):
    url = repositories.git('steps', {'Dockerfile': 'FROM busybox\nCOPY x /x\nCMD cat /x\n',
                                     'x': 'from the repository\n'})
    with death(kabuto, 'spooler', 'build.checkout'):
        build = dave.build(None, repo_url='git+' + url)
    image = dave.wait_build(build, 'SUCCESS')['id']
    assert dave.lines(dave.run(image=image)['id']) == ['from the repository']


def test_build_that_fails_and_whose_spooler_dies_then(kabuto, dave):
    with death(kabuto, 'spooler', 'build.fail'):
        build = dave.build('FROM busybox\nRUN echo told; exit 5\n')
    state = dave.wait_build(build, 'FAILED')
    assert '5' in state['error'] and 'told' in str(state['output'])


# Uploads: the pool dies, and the call gets no answer; a spooler's start sweeps what it received

def cut_off(answer):
    assert answer.status_code == 503 and answer.json()['error'], answer.text


def test_upload_whose_pool_dies_before_the_row(kabuto, dave):
    pipeline = dave.pipeline()
    with death(kabuto, 'upload', 'upload.publish'):
        cut_off(dave.post_job(pipeline, 'cat /inbox/a', [('a', b'first\n')]))
    kabuto.restart('spooler')
    assert dave.pipeline_state(pipeline)['jobs'] == []
    assert len([x for x in kabuto.leftovers() if x.startswith('inbox/')]) == 2, 'file and folder'
    kabuto.remove_rubbish()
    job = dave.job(pipeline, 'cat /inbox/a', [('a', b'second\n')])
    dave.submit(pipeline)
    dave.wait_job(pipeline, job)
    assert dave.lines(job) == ['second']


def test_upload_whose_pool_dies_before_its_answer(kabuto, dave):
    """The job is there, whole, though nobody was told."""
    pipeline = dave.pipeline()
    with death(kabuto, 'upload', 'call.commit'):
        cut_off(dave.post_job(pipeline, 'cat /inbox/a', [('a', b'first\n')]))
    kabuto.restart('spooler')
    job, = [job['id'] for job in dave.pipeline_state(pipeline)['jobs']]
    dave.submit(pipeline)
    dave.wait_job(pipeline, job)
    assert dave.lines(job) == ['first']


@pytest.mark.parametrize('point', ['upload.publish', 'context.publish'])
def test_run_whose_pool_dies_before_the_row(kabuto, dave, point):
    before = dave.json('/jobs').keys(), dave.json('/pipeline').keys()
    files = [('context', ('mark', b'first\n')), ('attachments', ('a', b'x'))]
    fields = {'dockerfile': 'FROM busybox\nCOPY mark /mark\n', 'command': 'cat /mark'}
    with death(kabuto, 'upload', point):
        cut_off(dave.post('/run', fields, files=files))
    kabuto.restart('spooler')
    assert (dave.json('/jobs').keys(), dave.json('/pipeline').keys()) == before
    kabuto.remove_rubbish()
    # The next build takes the folder that is left. The same files would need no build.
    made = run_in_image_of(dave, 'FROM busybox\nCOPY mark /mark\n', ('mark', point.encode()))
    dave.wait_job(made['pipeline'], made['job'])
    assert dave.lines(made['job']) == [point + 'attached']


def test_run_whose_pool_dies_before_its_answer_is_found_by_its_key(kabuto, dave):
    fields, key = {'image_id': dave.image(), 'command': 'echo once'}, {'Idempotency-Key': 'died'}
    before = len(dave.json('/jobs'))
    with death(kabuto, 'upload', 'call.commit'):
        cut_off(dave.post('/run', fields, headers=key))
    made = expect(dave.post('/run', fields, headers=key), 201).json()
    dave.wait_job(made['pipeline'], made['job'])
    assert len(dave.json('/jobs')) == before + 1


def test_context_whose_pool_dies_before_the_row(kabuto, dave):
    """The folder that is left is of the next build's id, which takes its place."""
    files = [('attachments', ('mark', b'first\n'))]
    dockerfile = 'FROM busybox\nCOPY mark /mark\nCMD ["cat", "/mark"]\n'
    with death(kabuto, 'upload', 'context.publish'):
        cut_off(dave.post('/image', {'name': 'x', 'dockerfile': dockerfile}, files=files))
    kabuto.restart('spooler')
    assert [x for x in kabuto.leftovers() if x.startswith('builds/')]
    image = dave.image(dockerfile, files=[('attachments', ('mark', b'second\n'))])
    assert dave.lines(dave.run(image=image)['id']) == ['second']
