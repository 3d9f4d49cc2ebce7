"""The fixtures of the end-to-end tests, whose modules are used here as they are."""
import importlib.util
import pathlib
import sys

E2E = pathlib.Path(__file__).resolve().parents[1] / 'e2e'
sys.path.insert(0, str(E2E))
spec = importlib.util.spec_from_file_location('end_to_end', E2E / 'conftest.py')
sys.modules['end_to_end'] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules['end_to_end'])

from end_to_end import *  # noqa: E402,F401,F403 # pylint: disable=all


def pytest_addoption(parser):
    sys.modules['end_to_end'].pytest_addoption(parser)
    parser.addoption('--seed', type=int, help='of the storms, as a former run has printed it')
