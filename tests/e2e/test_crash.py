"""Whatever dies, and however: jobs run once, logs are whole, nothing is forgotten."""
import concurrent.futures
import fcntl
import socket
import threading

import pytest

import multipart
from client import WAIT, expect
from engine import EngineProxy
from holding import HoldingServer
from wait import until

pytestmark = pytest.mark.limit(300)


@pytest.fixture
def kabuto(own):
    return own()


@pytest.fixture
def dave(kabuto):
    user = kabuto.user('dave')
    user.image()
    return user


LINES = f'echo before; echo early > /outbox/file; {WAIT}; echo after; cat /inbox/a'


def test_spooler_killed_during_a_job_loses_nothing(kabuto, dave, engine):
    since = engine.now()
    pipeline, job = dave.begin(LINES, [('a', b'attached\n')])
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    assert dave.lines(job) == ['before'], 'the log can be read while the spooler is away'
    kabuto['spooler'].start()
    kabuto.wait_healthy()
    assert dave.state(pipeline, job)['state'] == 'running'
    kabuto.let_go(job)
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response'], end['error']) == ('done', 0, None)
    assert dave.lines(job) == ['before', 'after', 'attached']
    assert dave.results(end).read('file') == b'early\n'
    assert engine.starts(kabuto.instance, job, since) == 1
    assert end['used_memory'] > 0


def test_job_that_ends_while_the_spooler_is_dead(kabuto, dave, engine):
    since = engine.now()
    pipeline, job = dave.begin(f'{LINES}; exit 4', [('a', b'attached\n')])
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    kabuto.let_go(job)
    until(lambda: kabuto.containers()[0]['State'] == 'exited', 'the container ends')
    assert dave.state(pipeline, job)['state'] == 'running'
    kabuto['spooler'].start()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response']) == ('failed', 4)
    assert dave.lines(job) == ['before', 'after', 'attached']
    assert engine.starts(kabuto.instance, job, since) == 1


def test_spooler_killed_again_and_again_runs_each_job_once(kabuto, dave, engine):
    """Killed at whatever step it has come to; every job leaves one line in one log."""
    since = engine.now()
    pipeline = dave.pipeline(max_parallel=2)
    jobs = [dave.job(pipeline, f'echo {i}; echo {i} > /outbox/{i}') for i in range(12)]
    dave.submit(pipeline)

    def ended():
        return kabuto.sql("SELECT count(*) FROM job WHERE state IN ('done', 'failed')")[0][0]
    for goal in range(1, 12, 2):
        until(lambda: ended() >= goal, f'{goal} jobs have ended')
        kabuto['spooler'].kill()
        kabuto['spooler'].start()
    ends = [dave.wait_job(pipeline, job) for job in jobs]
    assert [end['state'] for end in ends] == ['done'] * 12
    for i, end in enumerate(ends):
        assert dave.lines(end['id']) == [str(i)]
        assert dave.results(end).read(str(i)) == b'%d\n' % i
        assert engine.starts(kabuto.instance, end['id'], since) == 1


def test_spooler_killed_during_a_build_builds_again(kabuto, dave):
    with HoldingServer() as server:
        build = dave.build(f'FROM busybox\nRUN wget -q -O - http://{server.address(dave)}/\n')
        until(lambda: server.asked, 'the build runs')
        kabuto['spooler'].kill()
        assert dave.build_state(build)['state'] == 'PENDING'
        server.release()
        kabuto['spooler'].start()
        image = dave.wait_build(build, 'SUCCESS')['id']
    assert dave.run('true', image=image)['state'] == 'done'


def test_sigterm_leaves_jobs_running_and_the_next_start_adopts_them(kabuto, dave, engine):
    since = engine.now()
    pipeline, job = dave.begin(LINES, [('a', b'attached\n')])
    dave.wait_line(job, 'before')
    second = dave.begin('echo second')
    dave.wait_job(*second)
    kabuto.wait_running(job)
    assert kabuto['spooler'].stop() == 0
    assert [c['State'] for c in kabuto.containers()] == ['running']
    third = dave.begin('echo third')
    kabuto['spooler'].start()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    assert dave.lines(job) == ['before', 'after', 'attached']
    assert dave.wait_job(*third)['state'] == 'done'
    assert engine.starts(kabuto.instance, job, since) == 1


def test_timeout_holds_across_a_restart(kabuto, dave):
    pipeline, job = dave.begin('echo before; sleep 1000', timeout=3, grace=0)
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    assert dave.wait_job(pipeline, job)['error'] == 'timed out after 3 s'


def test_pools_end_well_at_sigterm(kabuto, dave):
    for pool in ('api', 'upload', 'follow'):
        assert kabuto[pool].stop() == 0, kabuto[pool].text()
        kabuto[pool].start()
    kabuto.wait_healthy()
    assert dave.run('true')['state'] == 'done'


def test_pools_killed_keep_every_promise(kabuto, dave):
    """Jobs are posted while the pool dies again and again: what was answered is there, whole."""
    pipeline, promised, over = dave.pipeline(), {}, threading.Event()

    def post(number):
        client, i = dave.again(), 0
        while not over.is_set():
            i += 1
            content = b'%d %d' % (number, i) * 10000
            try:
                answer = client.post_job(pipeline, 'true', [('a', content)], image=dave.image())
            except OSError:
                continue
            if answer.status_code == 200:
                promised[answer.json()['id']] = len(content)
            else:
                assert answer.status_code in (502, 503, 504), answer.text
    threads = [threading.Thread(target=post, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for goal in (3, 6, 9, 12):
        until(lambda: len(promised) >= goal, f'{goal} jobs are promised')
        kabuto['upload'].kill()
        kabuto['upload'].start()
    over.set()
    for thread in threads:
        thread.join(60)
    kabuto.wait_healthy()
    jobs = dave.json(f'/pipeline/{pipeline}/job')
    for job, size in promised.items():
        assert jobs[str(job)]['attachments'] == [{'name': 'a', 'size': size}]
    kabuto.restart('spooler')
    kabuto.remove_rubbish()


def test_upload_cut_by_a_kill_leaves_nothing(kabuto, dave):
    pipeline = dave.pipeline()
    parts = [multipart.field('image_id', dave.image()), multipart.field('command', 'true'),
             multipart.file('attachments', 'a', b'x' * (8 << 20))]
    body = multipart.body(parts)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        sent = pool.submit(slow_send, kabuto, dave, f'/pipeline/{pipeline}/job', body)
        until(lambda: any((kabuto.state / 'incoming').iterdir()), 'the upload is being received')
        kabuto['upload'].kill()
        sent.result(60)
    kabuto['upload'].start()
    kabuto.restart('spooler')
    assert dave.pipeline_state(pipeline)['jobs'] == []


def slow_send(kabuto, client, path, body):
    """Sends the most of it, and waits for the answer that the cut gives."""
    head = (f'POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n'
            f'Cookie: session={client.session.cookies["session"]}\r\n'
            f'Content-Type: multipart/form-data; boundary={multipart.BOUNDARY}\r\n\r\n')
    with socket.create_connection(('127.0.0.1', kabuto.port), timeout=60) as connection:
        try:
            connection.sendall(head.encode() + body[:-100])
            return connection.recv(1000)
        except OSError:
            return b''


def test_everything_killed_at_once(kabuto, dave, engine):
    since = engine.now()
    pipeline, job = dave.begin(LINES, [('a', b'attached\n')])
    dave.wait_line(job, 'before')
    queued = dave.begin('echo queued')
    for name in ('web', 'api', 'upload', 'follow', 'spooler'):
        kabuto[name].kill()
    kabuto.let_go(job)
    kabuto.start()
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    assert dave.wait_job(*queued)['state'] == 'done'
    assert dave.lines(job) == ['before', 'after', 'attached']
    assert engine.starts(kabuto.instance, job, since) == 1


def test_log_in_survives_everything(kabuto, dave):
    for name in ('api', 'spooler', 'web'):
        kabuto[name].kill()
        kabuto[name].start()
    kabuto.wait_healthy()
    assert dave.json('/account')['login'] == 'dave'


def test_container_of_a_lost_job_is_not_the_next_one_of_its_name(kabuto, dave, engine):
    """As after a restore, which gives out the ids of lost jobs again."""
    kabuto['spooler'].stop()
    pipeline, job = dave.begin('echo here')
    name = f'kabuto-{kabuto.instance}-job-{job}-1'
    engine.call('POST', '/containers/create', {
        'Image': 'busybox', 'Cmd': ['echo', 'lost'],
        'Labels': {'kabuto.instance': kabuto.instance, 'kabuto.job': str(job),
                   'kabuto.attempt': '1'}}, headers={}, name=name)
    engine.call('POST', f'/containers/{name}/start')
    engine.call('POST', f'/containers/{name}/wait')
    kabuto['spooler'].start()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response']) == ('done', 0), kabuto['spooler'].text()
    assert dave.lines(job) == ['here']


def test_container_removed_by_hand(kabuto, dave, engine):
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    dave.wait_line(job, 'before')
    engine.remove(kabuto.container(job))
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == \
        ('failed', 'the engine lost the container while the job ran'), kabuto['spooler'].text()
    assert dave.lines(job) == ['before']
    expect(dave.download(end), 200)


def test_container_removed_while_the_spooler_is_dead(kabuto, dave, engine):
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    engine.remove(kabuto.container(job))
    kabuto['spooler'].start()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == \
        ('failed', 'the engine lost the container while the job ran')


def test_container_started_once_more_does_not_run_its_job_again(kabuto, dave, engine):
    """As an engine does that was hung and carries out late what it was asked for."""
    pipeline, job = dave.begin(f'echo before; {WAIT}; echo after; exit 7')
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    kabuto.let_go(job)
    until(lambda: kabuto.containers()[0]['State'] == 'exited', 'the container ends')
    engine.call('POST', f'/containers/{kabuto.container(job)}/start')
    until(lambda: kabuto.containers()[0]['State'] == 'exited', 'it ends again')
    kabuto['spooler'].start()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response']) == ('failed', 7) and end['used_memory'] > 0
    assert dave.lines(job) == ['before', 'after']


@pytest.mark.parametrize('report, state, error', [
    ('begun\ncpu_ns 1\ncode 0\nend\n', 'done', None),
    ('begun\ncpu_ns 1\ncode 5\nend\n', 'failed', 'exit code 5'),
    ('begun\n', 'failed', 'the engine lost the container while the job ran')])
def test_end_of_a_job_that_the_engine_forgot_is_waited_for(kabuto, dave, engine, report, state,
                                                           error):
    """After a kill in the middle of its start: kabuto-init's part is played by this test."""
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    dave.wait_line(job, 'before')
    kabuto['spooler'].kill()
    engine.remove(kabuto.container(job))
    with open(kabuto.state / f'run/{job}.1/usage', 'r+', encoding='ascii') as usage:
        fcntl.flock(usage, fcntl.LOCK_EX)
        kabuto['spooler'].start()
        until(lambda: f'job={job} attempt=1 step=find the engine has forgotten' in
              kabuto['spooler'].text(), 'the spooler sees that it runs')
        assert dave.state(pipeline, job)['state'] == 'running'
        usage.write(report)
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == (state, error)
    assert dave.lines(job) == ['before']


def test_container_killed_by_hand(kabuto, dave, engine):
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    dave.wait_line(job, 'before')
    engine.call('POST', f'/containers/{kabuto.container(job)}/kill')
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response']) == ('failed', 137)
    assert 'memory' not in end['error'] and dave.lines(job) == ['before']


STOPPED = ('the engine stopped the container while the job ran '
           '(it or the machine was shut down)')
TRAPS = f'trap "echo half; exit 0" TERM; echo before; {WAIT}'


@pytest.mark.parametrize('command, response, lines', [
    (TRAPS, 0, ['before', 'half']), (f'echo before; {WAIT}', 143, ['before'])])
def test_container_stopped_by_others_has_failed_whatever_its_code(kabuto, dave, engine, command,
                                                                   response, lines):
    pipeline, job = dave.begin(command)
    dave.wait_line(job, 'before')
    kabuto.wait_running(job)
    engine.call('POST', f'/containers/{kabuto.container(job)}/stop')
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['response'], end['error']) == ('failed', response, STOPPED)
    assert dave.lines(job) == lines and f'failed: {STOPPED}' in dave.lines(job, 'system')


def test_job_that_sends_sigterm_itself_was_not_stopped(dave):
    assert dave.run('trap "exit 0" TERM; kill -TERM 1; while :; do sleep 0.05; done')['error'] is None
    assert 'SIGTERM' in dave.run('kill -TERM 1; while :; do sleep 0.05; done')['error']


def test_job_stopped_by_the_engine_runs_again_if_it_has_retries(kabuto, dave, engine):
    pipeline, job = dave.begin(TRAPS, retries=1)
    dave.wait_line(job, 'before')
    kabuto.wait_running(job)
    engine.call('POST', f'/containers/{kabuto.container(job)}/stop')
    until(lambda: dave.lines(job).count('before') == 2, 'it runs again')
    until(lambda: len(kabuto.containers()) == 1, 'the first container is gone')
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['error'] is None


class EngineThatMissedTheEnd(EngineProxy):
    """As Docker that was restarted meanwhile: it says 255 of every container that has ended."""

    def passed_on(self, data):
        data = data.replace(b'"ExitCode":0,"Error":', b'"ExitCode":255,"Err":')
        return data.replace(b'"ExitCode":100,', b'"ExitCode":255,')


@pytest.mark.docker('Podman formats it otherwise')
@pytest.mark.parametrize('code, state', [(0, 'done'), (100, 'failed')])
def test_end_that_the_engine_missed_is_known_from_the_report(own, engine, scratch, code, state):
    proxy = EngineThatMissedTheEnd(engine, scratch / 'missed.sock')
    dave = own(engine_socket=proxy.path).user('dave')
    job = dave.run(f'echo x > /outbox/x; exit {code}')
    assert (job['state'], job['response']) == (state, code), job


@pytest.mark.parametrize('report, state, error', [
    ('begun\ncpu_ns 1\ncode 0\nend\n', 'done', None),
    ('begun\n', 'failed', 'the engine lost the container while the job ran')])
def test_container_that_vanishes_after_its_report(kabuto, dave, engine, report, state, error):
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    dave.wait_line(job, 'before')
    kabuto.wait_running(job)
    (kabuto.state / f'run/{job}.1/usage').write_text(report)
    engine.remove(kabuto.container(job))
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == (state, error)


@pytest.mark.log_errors
def test_engine_away_fails_nobody(proxied, engine):
    kabuto, proxy = proxied
    dave = kabuto.user('dave')
    dave.image()
    since = engine.now()
    pipeline, job = dave.begin(f'echo before; {WAIT}; echo after')
    dave.wait_line(job, 'before')
    proxy.away()
    queued = dave.begin('echo queued')
    until(lambda: kabuto.health()[0] == 503, 'healthz says so')
    assert 'engine' in kabuto.health()[1]

    def reason():
        state = dave.state(*queued)
        assert state['state'] in ('in_queue', 'running'), state
        return state['state'] == 'running' or 'engine' in state['queue']['reason']
    until(reason, 'the queue says why')
    kabuto.let_go(job)
    assert dave.state(pipeline, job)['state'] == 'running'
    proxy.back()
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    assert dave.wait_job(*queued)['state'] == 'done'
    assert dave.lines(job) == ['before', 'after']
    kabuto.wait_healthy()
    for one in (job, queued[1]):
        assert engine.starts(kabuto.instance, one, since) == 1


@pytest.mark.log_errors
def test_start_without_an_engine_waits_for_it(proxied):
    kabuto, proxy = proxied
    dave = kabuto.user('dave')
    dave.image()
    kabuto['spooler'].stop()
    proxy.away()
    kabuto['spooler'].start()
    begun = dave.begin('echo here')
    until(lambda: kabuto.health()[0] == 503 and 'engine' in kabuto.health()[1], 'healthz says so')
    proxy.back()
    assert dave.wait_job(*begun)['state'] == 'done'


@pytest.fixture
def second_engine(start_engine):
    """An engine that may be stopped, as no other test uses it."""
    with start_engine('engine2', name='kbtu') as engine:
        yield engine


@pytest.mark.log_errors
@pytest.mark.parametrize('how', ['stop', 'kill'])
def test_engine_restarted_while_jobs_run_and_wait(start, alive, second_engine, how):
    engine = second_engine
    kabuto = start(engine=engine)
    try:
        dave = kabuto.user('dave')
        dave.image()
        pipeline = dave.pipeline()
        jobs = [dave.job(pipeline, f'echo before; {WAIT}'), dave.job(pipeline, 'echo queued')]
        dave.submit(pipeline)
        dave.wait_line(jobs[0], 'before')
        kabuto.wait_running(jobs[0])
        getattr(engine, how)()
        waiting = dave.state(pipeline, jobs[1])
        assert waiting['state'] in ('in_queue', 'running'), waiting['error']
        engine.start()
        if engine.keeps_containers:
            kabuto.let_go(jobs[0])
        end = dave.wait_job(pipeline, jobs[0])
        assert end['state'] == ('done' if engine.keeps_containers else 'failed'), end
        if not engine.keeps_containers:
            # An engine that begins after a kill -9 stops what it finds running.
            assert end['error'] == STOPPED or \
                how == 'kill' and end['error'] == 'the engine lost the container while the job ran'
        assert dave.wait_job(pipeline, jobs[1])['state'] == 'done'
        assert dave.lines(jobs[0]) == ['before']
        kabuto.wait_healthy()
        kabuto.check(errors_allowed=True)
    finally:
        alive.remove(kabuto)
        kabuto.destroy()
