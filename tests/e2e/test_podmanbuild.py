"""A cancelled build of Podman's, whose RUN goes on."""
import pytest

from client import expect
from test_buildkit import runs
from wait import until


@pytest.mark.limit(120)
def test_slot_is_taken_until_the_run_of_a_cancelled_build_has_ended(own, request):
    if not request.config.getoption('--engine').startswith('podman'):
        pytest.skip('Docker ends the RUN at once')
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
