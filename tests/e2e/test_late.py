"""Calls that the engine refuses, or carries out late."""
import pytest

from holding import HoldingProxy
from test_sandboxes import joined
from wait import until

REMOVE = r'DELETE /v[0-9.]+/containers/'


@pytest.fixture
def proxy(engine, scratch):
    """What is between Kabuto and the engine."""
    one = HoldingProxy(engine, scratch / 'holding.sock')
    yield one
    one.release_all()


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
