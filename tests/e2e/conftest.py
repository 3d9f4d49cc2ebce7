"""One engine and one Kabuto for the session; Kabutos of their own for tests that need them."""
import contextlib
import functools
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

import kabuto as kabuto_module
import kabutoclient
from engine import Engine, EngineProxy
from holding import HoldingProxy
from otherdebian import OtherDocker, OtherPodman
from podman import Podman

USUAL_SECONDS = 180
CONTAINERD_STORE = ['--feature=containerd-snapshotter=true']
ENGINES = {  # made with a folder and the root of another Debian; its network's name may be given
    'docker': lambda folder, _, **kw: Engine(folder, **kw),
    'podman': lambda folder, _, **kw: Podman(folder, **kw),
    'docker-13': OtherDocker, 'docker-new': OtherDocker,
    'docker-new-containerd': functools.partial(OtherDocker, options=CONTAINERD_STORE),
    'podman-13': OtherPodman, 'podman-new': OtherPodman}


def pytest_addoption(parser):
    parser.addoption('--build', default=os.environ.get('KABUTO_BUILD'), help='build directory')
    parser.addoption('--webserver', default='nginx', choices=('nginx', 'lighttpd'))
    parser.addoption('--engine', default='docker', choices=tuple(ENGINES))
    parser.addoption('--debian', help='root of the Debian whose engine runs: docker-new and so on')
    parser.addoption('--long', action='store_true', help='big things as big as they come')
    parser.addoption('--count-to', help='file for the numbers of tests that passed and failed')
    parser.addoption('--share', help='folder where runs side by side mark modules that they take')


def pytest_make_parametrize_id(val):
    """Names of tests stay short and printable."""
    text = val if isinstance(val, str) else repr(val)
    return ascii(text)[1:-1][:40] + (f'({len(text)})' if len(text) > 40 else '')


def pytest_configure(config):
    config.outcomes = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that fixtures are torn down


def pytest_collection_modifyitems(config, items):
    """With Podman not what it cannot do; behind lighttpd only what is marked for both."""
    for item in items:
        marker = item.get_closest_marker('docker')
        if marker and config.getoption('--engine').startswith('podman'):
            item.add_marker(pytest.mark.skip(reason=marker.args[0]))
    if config.getoption('--webserver') == 'nginx':
        return
    dropped = [item for item in items if not item.get_closest_marker('both')]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item.get_closest_marker('both')]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    setattr(item, 'report_' + report.when, report)
    outcomes = item.config.outcomes
    if report.failed or report.when == 'call' and not report.skipped:
        outcomes[item.nodeid] = outcomes.get(item.nodeid, True) and not report.failed


def pytest_sessionfinish(session):
    path, outcomes = session.config.getoption('--count-to'), session.config.outcomes.values()
    if path:
        pathlib.Path(path).write_text(f'{sum(outcomes)} {len(outcomes) - sum(outcomes)}\n')


def pytest_runtestloop(session):
    """With --share, runs each module that no other run has taken; else pytest's own loop runs."""
    folder = session.config.getoption('--share')
    if not folder or session.config.option.collectonly:
        return None
    if session.testsfailed and not session.config.option.continue_on_collection_errors:
        raise session.Interrupted(f'{session.testsfailed} errors during collection')
    items = taken(session.items, pathlib.Path(folder))
    item = next(items, None)
    while item:
        following = next(items, None)  # the fixtures that it needs too stay
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail or session.shouldstop:
            raise session.Interrupted(session.shouldfail or session.shouldstop)
        item = following
    return True


def taken(items, folder):
    """The tests of the modules of which this run is the first to make the mark."""
    for path, tests in itertools.groupby(items, lambda item: item.path):
        try:
            (folder / path.name).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


@pytest.fixture(scope='session')
def source():
    return pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def build(request):
    folder = request.config.getoption('--build')
    if not folder:
        pytest.exit('give --build DIR, where Kabuto was built', 2)
    return pathlib.Path(folder).resolve()


@pytest.fixture(scope='session')
def scratch():
    """A folder with a short name (unix sockets have 108 bytes) that all users may enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='kbt'))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='session')
def start_engine(request, scratch):
    """start_engine(folder) is a context with a new engine of the kind that the tests run with."""
    @contextlib.contextmanager
    def start(folder, **kw):
        (scratch / folder).mkdir()
        make = ENGINES[request.config.getoption('--engine')]
        engine = make(scratch / folder, request.config.getoption('--debian'), **kw)
        try:
            engine.start()
            engine.import_busybox()
            yield engine
        finally:
            engine.destroy()
    return start


@pytest.fixture(scope='session')
def engine(start_engine):
    kabuto_module.make_users()
    with start_engine('engine') as engine:
        yield engine


@pytest.fixture(scope='session')
def alive():
    """The Kabutos that run and are to be checked after each test."""
    return []


@pytest.fixture(scope='session')
def start(request, build, scratch, engine, alive):
    """Starts a Kabuto with these settings; the caller destroys it."""
    count = [0]

    def start(settings=None, begin=True, engine=engine, **kw):
        count[0] += 1
        server = request.config.getoption('--webserver')
        one = kabuto_module.Kabuto(build, scratch / f'k{count[0]}', engine, server, settings, **kw)
        alive.append(one)
        try:
            return one.start() if begin else one
        except BaseException:
            alive.remove(one)
            one.destroy()
            raise
    return start


@pytest.fixture(scope='session')
def kabuto(start, alive):
    """The Kabuto that tests share."""
    one = start()
    yield one
    if one in alive:
        alive.remove(one)
    one.destroy()


def start_several(request, start, alive):
    """A function that starts a Kabuto with these settings, and with those of the module's SETTINGS
    that they leave out; all of them are destroyed afterwards."""
    mine = []

    def begin(settings=None, **kw):
        mine.append(start({**getattr(request.module, 'SETTINGS', {}), **(settings or {})}, **kw))
        return mine[-1]
    yield begin
    for one in mine:
        if one in alive:
            alive.remove(one)
        one.destroy()


@pytest.fixture
def own(request, start, alive):
    """own(settings) gives a Kabuto for this test alone."""
    yield from start_several(request, start, alive)


@pytest.fixture(scope='module')
def lasting(request, start, alive):
    """lasting(settings) gives a Kabuto for all tests of the module."""
    yield from start_several(request, start, alive)


@pytest.fixture
def fresh(own, alive):
    """A Kabuto that has not begun, with an empty state directory; it is not looked at afterwards."""
    one = own(begin=False)
    alive.remove(one)
    return one


@pytest.fixture
def proxied(own, engine, scratch):
    """A Kabuto whose engine can be taken away from it: (kabuto, proxy)."""
    proxy = EngineProxy(engine, scratch / 'proxy.sock')
    return own(engine_socket=proxy.path), proxy


@pytest.fixture
def proxy(engine, scratch):
    """What is between Kabuto and the engine."""
    one = HoldingProxy(engine, scratch / 'holding.sock')
    yield one
    one.release_all()


@pytest.fixture(scope='session')
def later(scratch, source):
    """later(seconds) gives what makes kabutoctl believe that it is so much later."""
    library = scratch / 'later.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-o', library, source / 'tests/e2e/later.c'],
                   check=True)

    def later(seconds):
        return {'env': {**os.environ, 'LD_PRELOAD': str(library), 'LATER_S': str(seconds)}}
    return later


@pytest.fixture(scope='session')
def alice(kabuto):
    return kabuto.user('alice')


@pytest.fixture(scope='session')
def bob(kabuto):
    return kabuto.user('bob')


@pytest.fixture
def carol(kabuto):
    """A new account each time."""
    return kabuto.user()


@pytest.fixture
def cli(kabuto, carol, tmp_path):
    """The program kabuto of a new account, with a config file that has its token."""
    return kabutoclient.Client(kabuto, carol, tmp_path)


@pytest.fixture
def listener():
    """listener(bytes, …) gives the URL of a server that answers with them, and what it was sent."""
    begun = []

    def begin(*answers, **kw):
        begun.append(kabutoclient.Listener(*answers, **kw))
        return begun[-1].url, begun[-1].requests
    yield begin
    for one in begun:
        one.close()


@pytest.fixture(autouse=True)
def time_limit(request):
    """Ends a test that hangs."""
    marker = request.node.get_closest_marker('limit')
    seconds = marker.args[0] if marker else USUAL_SECONDS

    def over(*_):
        raise TimeoutError(f'the test took more than {seconds} s')
    signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    yield
    signal.alarm(0)


@pytest.fixture(autouse=True)
def nothing_left_behind(request, time_limit, alive, own):
    """After each test: no container, no stray file, a sound database, no error in the logs."""
    yield
    check_all(request, alive)


def check_all(request, alive):
    """Checks all Kabutos that run; after a test that failed, only so that the next one can run."""
    call = getattr(request.node, 'report_call', None)
    failed = call is not None and call.failed
    problems = []
    for one in list(alive):
        try:
            one.check(failed, bool(request.node.get_closest_marker('log_errors')))
        except Exception as error:  # each must be looked at
            problems.append(str(error))
            if not all(process.runs() for process in one.processes.values()):
                revive(one)
    assert failed or not problems, '\n'.join(problems)


def revive(one):
    """So that one crash does not fail every test after it."""
    for process in one.processes.values():
        if not process.runs():
            process.start()
    one.wait_healthy()
