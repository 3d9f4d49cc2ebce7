"""One Chromium for the session, beside the fixtures of the end-to-end tests, used as they are."""
import importlib.util
import pathlib
import sys

import pytest

E2E = pathlib.Path(__file__).resolve().parents[1] / 'e2e'
sys.path.insert(0, str(E2E))
spec = importlib.util.spec_from_file_location('end_to_end', E2E / 'conftest.py')
end_to_end = sys.modules['end_to_end'] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(end_to_end)

from end_to_end import *  # noqa: E402,F401,F403 # pylint: disable=all
from chromium import Browser  # noqa: E402
from modules import EMPTY, ModuleServer  # noqa: E402
from world import World  # noqa: E402

# Chromium asks for an icon by itself where a page names none. It cuts all calls when an engine, also
# one that is not of these tests, makes or removes a network.
ALLOWED = ['/favicon.ico', 'net::ERR_NETWORK_CHANGED']


def pytest_addoption(parser):
    end_to_end.pytest_addoption(parser)
    parser.addoption('--axe', help="axe-core's axe.min.js")
    parser.addoption('--pictures', help='a folder for pictures of all pages')


@pytest.fixture(scope='session')
def chromium(scratch):
    """Started once; a test uses `browser`."""
    (scratch / 'chromium').mkdir()
    one = Browser(scratch / 'chromium')
    yield one
    one.quit()


def as_new(request, chromium, url):
    """The browser for one test: empty before it, free of errors and foreign requests after it."""
    chromium.reset(url)
    yield chromium
    call = getattr(request.node, 'report_call', None)
    if call is not None and call.failed:
        show_failure(request, chromium)
        return
    allowed = [marker.args[0] for marker in request.node.iter_markers('console')]
    problems = chromium.problems([*ALLOWED, *allowed])
    assert not problems, '\n'.join(problems)


def show_failure(request, chromium):
    """Leaves a picture of each tab in the test's folder, and prints what the console has."""
    folder = request.getfixturevalue('tmp_path')
    for number, handle in enumerate(chromium.driver.window_handles):
        chromium.driver.switch_to.window(handle)
        chromium.screenshot(folder / f'tab{number}.png')
        print(f'{folder}/tab{number}.png shows {chromium.driver.current_url}')
    for entry in chromium.collect().messages:
        print(f'console: {entry["level"]} {entry["message"]}')


@pytest.fixture
def browser(request, tmp_path, kabuto, chromium):
    """Nobody is logged in. It has the shared Kabuto; browser.reset(url) gives it another one."""
    yield from as_new(request, chromium, kabuto.url)


@pytest.fixture(scope='session')
def world(kabuto):
    """An account that has one of everything. Tests leave it as it is."""
    return World(kabuto)


@pytest.fixture(scope='session')
def nobody_yet(kabuto):
    """An account that has nothing."""
    return kabuto.user('beginner')


@pytest.fixture(scope='session')
def module_server(source):
    with ModuleServer(source / 'fcgi/www') as server:
        yield server


@pytest.fixture
def module(request, tmp_path, chromium, module_server):
    """module(path) imports a module of fcgi/www in an empty page, without Kabuto and engine. It
    gives a function(expression, *args): evaluates the expression of the module `m` and of `args`,
    awaits its value, and gives that. The value must be one that JSON can have.

        ansi = module('log/ansi.js')
        assert ansi('m.segments(args[0])', 'plain') == [{'text': 'plain'}]
    """
    def load(path):
        if module_server.url + EMPTY != chromium.driver.current_url:
            chromium.driver.get(module_server.url + EMPTY)

        def evaluate(expression, *args):
            return chromium.run_async(
                f'const m = await import("/ui/{path}"); return await ({expression});', *args)
        return evaluate
    for _ in as_new(request, chromium, module_server.url):
        yield load


@pytest.fixture(autouse=True)
def nothing_left_behind(request, time_limit):
    """As in the end-to-end tests. Tests of modules start neither an engine nor a Kabuto."""
    if 'start' not in request.fixturenames:
        yield
        return
    alive = request.getfixturevalue('alive')
    request.getfixturevalue('own')  # its Kabutos are checked before they end
    yield
    end_to_end.check_all(request, alive)
