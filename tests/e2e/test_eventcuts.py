"""Streams of events that are cut: whatever dies, the client reads on and has each line once."""
import hashlib
import random
import signal

import pytest

from client import WAIT, expect
from events import Follower, Stream, of
from wait import until

pytestmark = [pytest.mark.both, pytest.mark.limit(570)]
LINES = 500  # between two kills


@pytest.fixture
def kabuto(own):
    return own()


@pytest.fixture
def dave(kabuto):
    return kabuto.user('dave')


def raw(client, job):
    return expect(client.get(f'/execution/{job}/logs?raw'), 200).content


def text_of(lines):
    return ''.join(line['logline'] + '\n' for line in lines).encode()


@pytest.mark.parametrize('kills,ndjson', [(100, False), (10, True)], ids=['sse', 'ndjson'])
def test_100_kills_of_the_pool_lose_and_repeat_no_line(kabuto, dave, kills, ndjson):
    batch = f'until [ -e /outbox/go$i ]; do sleep 0.02; done; seq $((i * 1000 + 1)) $((i * 1000 + {LINES}))'
    _, job = dave.begin(f'for i in $(seq {kills}); do {batch}; done', disk='10m')
    follower = Follower(dave, f'/execution/{job}/events', ndjson)
    follower.start()
    moments = random.Random(12)
    for i in range(kills):
        kabuto.let_go(job, f'go{i + 1}')
        goal = i * LINES + moments.randrange(LINES)
        until(lambda: follower.failure or len(follower.lines()) >= goal, f'line {goal} comes')
        kabuto['follow'].kill()
        kabuto['follow'].start()
    events = follower.finish()
    lines = of(events, 'log')
    assert len(lines) == kills * LINES and follower.opened > kills // 2
    # lighttpd asks a pool that has just refused a call only after a second.
    until(lambda: dave.get(f'/execution/{job}/logs?raw').ok, 'the pool answers again')
    assert hashlib.sha256(text_of(lines)).digest() == hashlib.sha256(raw(dave, job)).digest()
    kabuto.wait_healthy()


@pytest.mark.parametrize('name,number,stays', [
    ('follow', signal.SIGTERM, False), ('follow', signal.SIGKILL, False),
    ('api', signal.SIGKILL, True), ('spooler', signal.SIGKILL, True),
    ('spooler', signal.SIGTERM, True), ('web', signal.SIGKILL, False),
])
def test_restart_of_a_process_leaves_no_gap(kabuto, dave, name, number, stays):
    pipeline, job = dave.begin(f'echo before; {WAIT}; echo after')
    follower, changes = (Follower(dave.again(), path) for path in
                         (f'/execution/{job}/events', '/events'))
    follower.start()
    changes.start()
    until(follower.lines, 'the first line comes')
    if number == signal.SIGKILL:
        kabuto[name].kill()
    else:
        assert kabuto[name].stop() == 0
    kabuto[name].start()
    kabuto.wait_healthy()
    assert until(lambda: follower.opened, 'it is open') == 1 or not stays
    kabuto.let_go(job)
    events = follower.finish()
    assert [x['logline'] for x in of(events, 'log')] == ['before', 'after']
    assert events[-2][2] == dave.state(pipeline, job)
    until(lambda: [x for x in of(changes.events, 'job') if x['state'] == 'done'],
          'the change of state comes')
    changes.over.set()
    kabuto.restart('follow')  # ends the stream
    changes.join(60)
    assert changes.failure is None and (follower.opened == 1) == stays


def test_stop_of_the_pool_ends_streams_at_once_and_cleanly(kabuto, dave):
    with Stream(dave, '/events') as stream:
        assert kabuto['follow'].stop(10) == 0
        list(stream)  # a cut would be an error
    kabuto['follow'].start()
    kabuto.wait_healthy()


def test_slow_reader_gets_all_and_delays_nobody(kabuto, dave):
    """One that reads nothing for a while keeps no line from the others."""
    _, job = dave.begin(f'seq 1000000000001 1000000030000; {WAIT}; echo last')
    with Stream(dave, f'/execution/{job}/events') as slow:
        follower = Follower(dave.again(), f'/execution/{job}/events')
        follower.start()
        until(lambda: len(follower.lines()) >= 30000, 'the other has all lines')
        kabuto.let_go(job)
        follower.finish()
        lines = of(slow, 'log')
    assert lines == follower.lines() and text_of(lines) == raw(dave, job)
