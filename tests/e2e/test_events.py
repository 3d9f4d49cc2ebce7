"""Streams of events: one job's, and the account's; resumed at each place, cut in each way."""
import pytest

from client import WAIT, expect, refused
from events import Stream, follow, of
from wait import until

pytestmark = [pytest.mark.both, pytest.mark.limit(300)]
FORMATS = pytest.mark.parametrize('ndjson', [False, True], ids=['sse', 'ndjson'])


@pytest.fixture(scope='module')
def ten(alice):
    """A job that printed ten lines, to both streams."""
    return alice.run('for i in 0 1 2 3 4 5 6 7 8 9; do echo line $i; echo err >&2; done')['id']


@FORMATS
def test_ended_job_gives_its_log_then_its_state_then_end(alice, ten, ndjson):
    events = follow(alice, f'/execution/{ten}/events', ndjson=ndjson)
    log = alice.log(ten)
    assert of(events, 'log') == log
    assert [number for name, number, _ in events if name == 'log'] == [x['id'] for x in log]
    (name, number, state), end = events[-2:]
    assert (name, number) == ('state', None)
    assert state == alice.json(f'/pipeline/{state["pipeline"]["id"]}/job/{ten}')[str(ten)]
    assert end == ('end', log[-1]['id'] + 1, {'state': 'done', 'response': 0})
    assert len(events) == len(log) + 2


@FORMATS
def test_stream_resumes_after_each_id_and_is_204_after_the_end(alice, ten, ndjson):
    log = alice.log(ten)
    path = f'/execution/{ten}/events'
    for i, line in enumerate(log):
        for where in ({'after': line['id']}, {'last_id': line['id']},
                      {'after': 7, 'last_id': line['id']}):
            events = follow(alice, path, ndjson=ndjson, **where)
            assert of(events, 'log') == log[i + 1:] and events[-1][0] == 'end'
    for after in (log[-1]['id'] + 1, 1 << 40):
        answer = expect(alice.get(path, headers={'Last-Event-ID': str(after)}), 204)
        assert answer.content == b''


def test_head_of_a_stream(alice, ten):
    with Stream(alice, f'/execution/{ten}/events') as stream:
        headers = stream.answer.headers
        assert headers['Content-Type'] == 'text/event-stream; charset=utf-8'
        assert headers['Cache-Control'] == 'no-store'
        list(stream)
        assert stream.retry == 2000
    with Stream(alice, f'/execution/{ten}/events', ndjson=True) as stream:
        assert stream.answer.headers['Content-Type'] == 'application/x-ndjson'


@pytest.mark.parametrize('after', ['x', '-1', '1.5', '1a', '99999999999999999999'])
@pytest.mark.parametrize('path', ['/events', '/execution/{ten}/events'])
def test_malformed_id(alice, ten, path, after):
    path = path.format(ten=ten)
    refused(alice.get(path, params={'after': after}), 400, 'after')
    refused(alice.get(path, headers={'Last-Event-ID': after}), 400, 'Last-Event-ID')


def test_others_and_unknown_jobs_have_no_stream(alice, bob, ten):
    for client, job in ((bob, ten), (alice, 10**9), (alice, 'x')):
        refused(client.get(f'/execution/{job}/events'), 404, 'Job not found')
    expect(alice.kabuto.client().get('/events'), 401)


@FORMATS
def test_running_job_is_followed_to_its_end(alice, ndjson):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, f'echo begin; {WAIT}; echo last; exit 3')
    with Stream(alice, f'/execution/{job}/events', ndjson=ndjson) as stream:
        events = stream.until(lambda name, _, data: name == 'state')
        assert events[0][2]['state'] == 'ready'
        alice.submit(pipeline)
        events += stream.until(lambda name, _, data: name == 'log' and data['logline'] == 'begin')
        alice.kabuto.let_go(job)
        events += list(stream)
    states = [state['state'] for state in of(events, 'state')]
    # States that follow each other quickly may come as one.
    order = ['ready', 'in_queue', 'running', 'failed']
    assert states == sorted(states, key=order.index) and (states[0], states[-1]) == \
        ('ready', 'failed')
    assert of(events, 'log') == alice.log(job)
    assert events[-1][2] == {'state': 'failed', 'response': 3}
    assert events[-2][0] == 'state', 'the last state comes after the log'


def test_log_goes_on_in_a_retry(alice):
    pipeline, job = alice.begin('echo try; exit 1', retries=1)
    events = follow(alice, f'/execution/{job}/events')
    assert [x['logline'] for x in of(events, 'log') if x['stream'] == 'stdout'] == ['try', 'try']
    assert of(events, 'log') == alice.log(job)
    assert alice.state(pipeline, job)['attempt'] == 2
    first = of(events, 'log')[0]['id']
    assert of(follow(alice, f'/execution/{job}/events', after=first), 'log') == \
        of(events, 'log')[1:]


def test_job_that_is_submitted_again_begins_at_its_first_line(alice):
    pipeline, job = alice.begin('echo once')
    end = follow(alice, f'/execution/{job}/events')[-1][1]
    alice.submit(pipeline)
    events = follow(alice, f'/execution/{job}/events', last_id=end + 1000)
    assert 'once' in [x['logline'] for x in of(events, 'log')] and events[-1][0] == 'end'


def test_stream_of_a_deleted_job_ends(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true')
    with Stream(alice, f'/execution/{job}/events') as stream:
        stream.until(lambda name, *_: name == 'state')
        expect(alice.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
        assert [name for name, *_ in stream] == []
    refused(alice.get(f'/execution/{job}/events'), 404)


@FORMATS
def test_changes_of_all_kinds_come_as_get_answers_them(kabuto, ndjson):
    user = kabuto.user()
    with Stream(user, '/events', ndjson=ndjson, after='now') as stream:
        assert stream.until(lambda name, *_: name == 'now')[0][2] == {}
        image = user.image()
        pipeline = user.pipeline('one')
        job = user.job(pipeline, 'true', image=image)
        user.submit(pipeline)
        events = stream.until(lambda name, _, data: name == 'job' and data['state'] == 'done')
        expect(user.call('DELETE', f'/pipeline/{pipeline}'), 200)
        gone = stream.until(lambda name, _, data: name == 'pipeline' and 'deleted' in data)
    builds = of(events, 'build')
    assert builds[-1]['state'] == 'SUCCESS' and builds[0]['state'] == 'PENDING'
    build = user.json(f'/image/build/{builds[-1]["build_id"]}')
    del build['output']
    assert builds[-1] == {**build, 'build_id': builds[-1]['build_id'], 'image': {'id': image},
                          'name': 'test'}
    assert of(events, 'pipeline')[-1]['jobs'] == [{'id': job}]
    assert {x['id'] for x in of(events, 'job')} == {job}
    assert {'id': job, 'deleted': True} in of(gone, 'job')
    numbers = [number for _, number, _ in events + gone]
    assert numbers == sorted(set(numbers))


def test_client_that_was_away_gets_each_object_once_as_it_is(kabuto):
    user = kabuto.user()
    image = user.image()
    pipeline = user.pipeline()
    jobs = [user.job(pipeline, 'true', image=image) for _ in range(3)]
    gone = user.job(pipeline, 'true', image=image)
    expect(user.call('DELETE', f'/pipeline/{pipeline}/job/{gone}'), 200)
    user.submit(pipeline)
    for job in jobs:
        user.wait_job(pipeline, job)

    def read(after, **kw):
        with Stream(user, '/events', after=after, **kw) as stream:
            marker = user.pipeline('marker')
            return stream.until(lambda name, _, data: (name, data.get('id')) ==
                                ('pipeline', marker))[:-1]
    events = read(0)
    assert sorted((name, data.get('build_id', data.get('id'))) for name, _, data in events) == \
        sorted([('pipeline', pipeline), ('build', of(events, 'build')[0]['build_id'])] +
               [('job', job) for job in jobs])
    assert {x['state'] for x in of(events, 'job')} == {'done'}
    for i, (_, number, _) in enumerate(events):
        later = [event for event in read(number) if event[1] <= events[-1][1]]
        assert [event[:2] for event in later if 'deleted' not in event[2]] == \
            [event[:2] for event in events[i + 1:]]


def test_id_from_before_a_restore_gives_all(kabuto):
    user = kabuto.user()
    pipeline = user.pipeline()
    with Stream(user, '/events', after=1 << 50) as stream:
        assert stream.until(lambda name, *_: name == 'pipeline')[0][2]['id'] == pipeline


def test_events_are_the_accounts_own(kabuto):
    carol, dave = kabuto.user(), kabuto.user()
    pipeline = dave.pipeline()
    other = carol.pipeline()
    with Stream(carol, '/events', after=0) as stream:
        dave.pipeline()
        last = carol.pipeline('last')
        events = stream.until(lambda name, _, data: data['id'] == last)
    assert [data['id'] for _, _, data in events] == [other, last]
    kabuto.sql('UPDATE account SET admin = 1 WHERE login = ?', carol.login)
    with Stream(carol, '/events', after=0) as stream:
        events = stream.until(lambda name, _, data: name == 'pipeline' and
                              data.get('id') == last)
    assert pipeline in [data['id'] for data in of(events, 'pipeline')]
    with Stream(carol, '/events', after=0, own='true') as stream:
        events = stream.until(lambda name, _, data: name == 'pipeline' and
                              data.get('id') == last)
    assert [data['id'] for _, _, data in events] == [other, last]


@FORMATS
def test_silent_stream_has_a_heartbeat(kabuto, ndjson):
    with Stream(kabuto.user(), '/events', ndjson=ndjson, after='now') as stream:
        stream.until(lambda name, *_: name == 'now')
        stream.wait_heartbeat()


@pytest.mark.parametrize('path', ['/events', '/execution/{job}/events'])
def test_logout_ends_a_stream(kabuto, path):
    user = kabuto.user()
    job = user.job(user.pipeline(), 'true')
    other = user.again()
    with Stream(other, path.format(job=job)) as stream:
        next(iter(stream))
        expect(user.again().post('/logout'), 200)
        expect(other.post('/logout'), 200)
        assert list(stream) is not None  # it ends at the next heartbeat
    expect(user.get('/account'), 200)


def test_streams_of_an_account_are_limited(own):
    kabuto = own({'streams_max': 2})
    user, other = kabuto.user('a'), kabuto.user('b')
    with Stream(user, '/events'), Stream(user, '/events') as second:
        answer = user.get('/events')
        refused(answer, 429, '2 streams')
        assert answer.headers['Retry-After']
        with Stream(other, '/events'):
            pass
        second.answer.close()
        until(lambda: Stream(user, '/events').status == 200, 'a closed stream makes room')
