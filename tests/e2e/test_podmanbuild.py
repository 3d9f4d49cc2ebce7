"""A cancelled build of Podman's, whose RUN goes on."""
import os
import signal

import pytest

from client import expect
from test_buildkit import runs
from wait import until


@pytest.fixture
def podman(request):
    if not request.config.getoption('--engine').startswith('podman-'):
        pytest.skip('Docker ends the RUN at once; Podman 4 forgets its container')


def test_build_that_ended_by_itself_waits_for_no_other(own, podman):
    kabuto = own({'build_slots': 2})
    carol = kabuto.user('carol')
    short = carol.build('FROM busybox\nRUN sleep 3.75\n', nocache='true')
    until(lambda: runs('sleep 3.75'), 'the first RUN runs')
    long = carol.build('FROM busybox\nRUN sleep 86414\n', nocache='true')
    until(lambda: runs('sleep 86414'), 'the second RUN runs')
    carol.wait_build(short, 'SUCCESS')
    carol.wait_build(carol.build('FROM busybox\nRUN echo more\n'), 'SUCCESS')
    assert carol.build_state(long)['state'] == 'PENDING'
    for pid in runs('sleep 86414'):
        os.kill(pid, signal.SIGKILL)
    carol.wait_build(long, 'FAILED')


@pytest.mark.limit(120)
def test_slot_is_taken_until_the_run_of_a_cancelled_build_has_ended(own, podman):
    kabuto = own({'build_slots': 1})
    carol = kabuto.user('carol')
    first = carol.build('FROM busybox\nRUN sleep 12.5\n', nocache='true')
    until(lambda: runs('sleep 12.5'), 'the RUN runs')
    expect(carol.call('DELETE', f'/image/build/{first}'), 200)
    assert carol.wait_build(first, 'FAILED')['error'] == 'cancelled by its owner'
    second = carol.build('FROM busybox\nRUN sleep 5.25\n', nocache='true')
    until(lambda: runs('sleep 5.25'), 'the next build begins')
    assert not runs('sleep 12.5'), 'the former RUN has ended'
    carol.wait_build(second, 'SUCCESS')
