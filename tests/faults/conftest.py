"""The fixtures of the end-to-end tests, whose modules are used here as they are."""
import importlib.util
import pathlib
import random
import sys

import pytest

USUAL_SEED = 321164
E2E = pathlib.Path(__file__).resolve().parents[1] / 'e2e'
sys.path.insert(0, str(E2E))
spec = importlib.util.spec_from_file_location('end_to_end', E2E / 'conftest.py')
sys.modules['end_to_end'] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules['end_to_end'])

from end_to_end import *  # noqa: E402,F401,F403 # pylint: disable=all


def pytest_addoption(parser):
    sys.modules['end_to_end'].pytest_addoption(parser)
    parser.addoption('--seed', type=int, help='of the storms, as a former run has printed it')


@pytest.fixture
def seed(request):
    """What the dice of a test begin with: in the short form the same each time."""
    given = request.config.getoption('--seed')
    if given is not None:
        return given
    return random.randrange(10**6) if request.config.getoption('--long') else USUAL_SEED
