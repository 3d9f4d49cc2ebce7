"""What the engine carries out late: calls of a spooler that is dead, or was told to look again."""
import pytest

from client import WAIT, expect
from ctl import again, results_of
from engine import EngineError
from test_sandboxes import joined
from wait import until

CREATE = r'POST /v[0-9.]+/containers/create\?name=kabuto-\w+-job-'
INSPECT = r'GET /v[0-9.]+/containers/kabuto-\w+-job-[^/]+/json'
START = r'POST /v[0-9.]+/containers/[^/]+/start'
REMOVE = r'DELETE /v[0-9.]+/containers/'
SANDBOX = r'POST /v[0-9.]+/containers/create\?name=kabuto-\w+-sandbox-'


@pytest.fixture
def kabuto(own, proxy):
    return own({'slots': 1}, engine_socket=proxy.path)


@pytest.fixture
def dave(kabuto):
    user = kabuto.user('dave')
    user.image()
    return user


def inspect(engine, name):
    """None where there is no such container."""
    try:
        return engine.call('GET', f'/containers/{name}/json')
    except EngineError as error:
        # Podman answers 500 amid a removal.
        assert error.status == 404 or 'no such container' in str(error), error
        return None


def ended_once(kabuto, dave, pipeline, job, since):
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('done', None), kabuto['spooler'].text()
    assert dave.lines(job) == ['here']
    assert kabuto.engine.starts(kabuto.instance, job, since) == 1


def warned_of_nothing(kabuto):
    assert [line for line in kabuto['spooler'].text().splitlines()
            if not line.startswith(('<5>', '<6>'))] == []


def test_container_that_a_dead_spooler_has_asked_for_never_starts(kabuto, dave, proxy, engine):
    """It comes after the next spooler's first look, and its files are those of another try."""
    until(lambda: joined(kabuto, dave), 'jobs join the sandbox')
    since = engine.now()
    proxy.hold(CREATE)
    pipeline, job = dave.begin('echo here')
    late = proxy.wait_held(1)
    assert b'"container:' in late.request
    proxy.hold(f'{CREATE}|{INSPECT}')
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    look = proxy.wait_held(2)
    look.release(deliver=False)
    late.release()
    unseen = inspect(engine, kabuto.container(job))['Id']
    look.deliver()
    create = proxy.wait_held(3)
    proxy.hold(START)
    create.release()
    proxy.wait_held(4)
    assert inspect(engine, kabuto.container(job))['Id'] != unseen
    proxy.release_all()
    ended_once(kabuto, dave, pipeline, job, since)


def test_container_whose_creation_was_not_seen_answered_never_starts(kabuto, dave, proxy, engine):
    since = engine.now()
    proxy.hold(CREATE)
    pipeline, job = dave.begin('echo here')
    late = proxy.wait_held(1)
    late.cut()
    create = proxy.wait_held(2)
    late.release()
    unseen = inspect(engine, kabuto.container(job))['Id']
    proxy.hold(START)
    create.release()
    proxy.wait_held(3)
    assert inspect(engine, kabuto.container(job))['Id'] != unseen
    proxy.release_all()
    ended_once(kabuto, dave, pipeline, job, since)


@pytest.mark.docker('Podman removes no sandbox that is joined, and starts a dead one again')
def test_job_that_is_prepared_anew_while_its_spooler_dies(kabuto, dave, proxy, engine):
    """Its start was asked for, and refused as its sandbox was gone: it was not lost by the engine."""
    until(lambda: joined(kabuto, dave), 'jobs join the sandbox')
    since = engine.now()
    proxy.hold(START)
    pipeline, job = dave.begin('echo here')
    start = proxy.wait_held(1)
    for sandbox in kabuto.sandboxes():
        engine.remove(sandbox['Id'])
    proxy.hold(CREATE)
    start.release()
    create = proxy.wait_held(2)
    kabuto['spooler'].kill()
    create.drop()
    proxy.release_all()
    kabuto['spooler'].start()
    ended_once(kabuto, dave, pipeline, job, since)


def test_former_results_do_not_wait_until_the_container_is_removed(kabuto, dave, proxy):
    job = dave.run('echo x > /outbox/x')
    old_zip = results_of(kabuto, job)
    proxy.hold(REMOVE)
    again(dave, job)
    proxy.wait_held(1)
    assert not old_zip.exists()
    proxy.release_all()


def test_kill_at_a_start_is_over_when_the_container_is(kabuto, dave, proxy, engine):
    """Its owner's kill ends the call, which the engine carries out later."""
    proxy.hold(START)
    pipeline, job = dave.begin(f'echo here; {WAIT}', grace=0)
    start = proxy.wait_held(1)
    proxy.hold(REMOVE)
    expect(dave.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    remove = proxy.wait_held(2)
    start.release()
    dave.wait_line(job, 'here')
    assert dave.state(pipeline, job)['state'] == 'running'
    proxy.hold(None)
    remove.release()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert dave.lines(job) == ['here']
    warned_of_nothing(kabuto)


def test_kill_at_a_creation_leaves_no_container(kabuto, dave, proxy, engine):
    since = engine.now()
    proxy.hold(CREATE)
    pipeline, job = dave.begin('echo never')
    late = proxy.wait_held(1)
    expect(dave.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    create = proxy.wait_held(2)
    late.release()
    proxy.hold(None)
    create.release()
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error']) == ('failed', 'killed by its owner')
    assert inspect(engine, kabuto.container(job)) is None
    assert engine.starts(kabuto.instance, job, since) == 0
    warned_of_nothing(kabuto)


LIST = r'GET /v[0-9.]+/containers/json'


def damage(kabuto, proxy, container):
    """As Podman after a power cut: neither this container nor all of them can be looked at."""
    kabuto['spooler'].kill()
    kabuto.engine.call('POST', f'/containers/{container}/kill')
    proxy.refuse(rf'{LIST}|GET /v[0-9.]+/containers/{container}/json')
    kabuto['spooler'].start()


@pytest.mark.log_errors
def test_container_that_a_power_cut_has_damaged_is_removed_and_lost(kabuto, dave, proxy, engine):
    pipeline, job = dave.begin(f'echo ready; {WAIT}', retries=1)
    dave.wait_line(job, 'ready')
    kabuto.wait_running(job)
    damage(kabuto, proxy, kabuto.container(job))
    until(lambda: inspect(engine, kabuto.container(job)) is None, 'it is removed', 90)
    proxy.refuse(None)
    until(lambda: dave.state(pipeline, job)['attempt'] == 2, 'the retry runs')
    dave.wait_line(job, 'ready')
    assert 'the engine lost the container while the job ran' in kabuto['spooler'].text()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


@pytest.mark.log_errors
def test_container_that_runs_is_not_removed_though_it_cannot_be_inspected(kabuto, dave, proxy):
    pipeline, job = dave.begin(f'echo ready; {WAIT}; echo whole')
    dave.wait_line(job, 'ready')
    kabuto['spooler'].kill()
    proxy.refuse(INSPECT)
    kabuto['spooler'].start()
    until(lambda: proxy.refusals > 11, 'it was tried more often than a damaged one', 120)
    proxy.refuse(None)
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    assert dave.lines(job) == ['ready', 'whole']


@pytest.mark.log_errors
def test_jobs_run_though_the_engine_cannot_list_its_containers(kabuto, dave, proxy):
    """A damaged container may be none of ours, so that nobody removes it."""
    dave.run('true')
    kabuto['spooler'].kill()
    proxy.refuse(LIST)
    kabuto['spooler'].start()
    assert dave.run('true')['state'] == 'done'
    proxy.refuse(None)


@pytest.mark.log_errors
def test_damaged_sandbox_is_replaced(kabuto, dave, proxy, engine):
    until(lambda: joined(kabuto, dave), 'jobs join the sandbox')
    old, = kabuto.sandboxes()
    name = old['Names'][0].lstrip('/')
    damage(kabuto, proxy, name)
    until(lambda: [c for c in kabuto.sandboxes() if c['Id'] != old['Id']], 'it is replaced')
    proxy.refuse(None)
    until(lambda: joined(kabuto, dave), 'jobs join the new one')


@pytest.mark.log_errors
def test_refusal_of_one_job_is_not_repeated_for_long(kabuto, dave, proxy):
    """The engine fails (HTTP 500) at this job alone: it starts a container of Kabuto's own."""
    proxy.refuse(CREATE)
    job = dave.run('true')
    assert (job['state'], job['error']) == ('failed', 'create the container: refused (HTTP 500)')
    assert proxy.refusals == 3
    assert not [c for c in kabuto.containers() if 'probe' in c['Names'][0]]


@pytest.mark.log_errors
def test_job_waits_while_the_engine_refuses_every_container(kabuto, dave, proxy):
    """It may be shutting down."""
    proxy.refuse(r'POST /v[0-9.]+/containers/create')
    pipeline, job = dave.begin('echo here')
    until(lambda: proxy.refusals >= 8, 'it was tried several times')
    assert dave.state(pipeline, job)['state'] == 'running'
    proxy.refuse(None)
    end = dave.wait_job(pipeline, job)
    assert (end['state'], end['error'], end['attempt']) == ('done', None, 1)


def test_sandbox_that_a_dead_spooler_has_asked_for_is_replaced(own, proxy, engine):
    proxy.hold(SANDBOX)
    kabuto = own({'slots': 1}, engine_socket=proxy.path)
    proxy.wait_held(1).release()  # its image is not there yet
    late = proxy.wait_held(2)
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    create = proxy.wait_held(3)
    late.release()
    unseen, = kabuto.sandboxes()
    proxy.hold(None)
    create.release()
    until(lambda: [c['State'] for c in kabuto.sandboxes()] == ['running'], 'the sandbox runs')
    assert kabuto.sandboxes()[0]['Id'] != unseen['Id']
    kabuto.wait_healthy()


def test_sandbox_without_files_is_not_ready_though_it_cannot_be_removed(own, proxy):
    kabuto = own({'slots': 1}, engine_socket=proxy.path)
    dave = kabuto.user('dave')
    dave.image()
    until(lambda: joined(kabuto, dave), 'jobs join the sandbox')
    kabuto['spooler'].kill()
    shown, = (kabuto.state / 'run/sandboxes').glob('*/hostname')
    shown.unlink()
    old, = kabuto.sandboxes()
    proxy.refuse(REMOVE)
    kabuto['spooler'].start()
    until(lambda: 'jobs start without it' in kabuto['spooler'].text(), 'the spooler says so')
    proxy.refuse(None)
    assert not joined(kabuto, dave)
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    until(lambda: shown.exists() and joined(kabuto, dave), 'jobs join another sandbox')
    assert [c['Id'] for c in kabuto.sandboxes()] != [old['Id']]
