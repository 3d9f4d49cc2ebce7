"""An engine and Kabutos for the measurements, by the end-to-end tests' own modules."""
import contextlib
import json
import pathlib
import resource
import shutil
import signal
import sys
import tempfile

import installation

sys.path.insert(0, str(installation.SOURCE / 'tests/e2e'))
import kabuto as kabuto_module  # noqa: E402 (its folder must be in the path first)
from engine import Engine  # noqa: E402
from kabuto import Kabuto  # noqa: E402

FILES_MOST = 20000  # open files: a follower costs the web server two
THREADS = {'api': 32, 'upload': 64, 'follow': 64}  # as kabuto.conf has them
EMPTY_POOL = '''upstream kabuto_empty {{
	server unix:{socket};
}}
'''


def replace_once(text, old, new):
    assert text.count(old) == 1, f'{old!r} does not stand once in nginx.conf'
    return text.replace(old, new)


class BenchKabuto(Kabuto):
    """Behind a web server that takes more connections and has the pool of empty answers, too."""

    def __init__(self, *arguments, empty, **kw):
        self.empty = empty
        super().__init__(*arguments, **kw)

    def lay_out(self):
        super().lay_out()
        path = self.root / 'nginx.conf'
        text = replace_once(path.read_text(), 'worker_connections 512', 'worker_connections 8192')
        text = replace_once(text, 'map "$kabuto_waits$request_method',
                            EMPTY_POOL.format(socket=self.sockets / 'empty.sock') +
                            'map "$kabuto_waits$request_method')
        text = replace_once(text, 'default kabuto_api;',
                            'default kabuto_api;\n\t"GET /bench/empty" kabuto_empty;')
        path.write_text(text)

    def commands(self):
        commands = super().commands()
        commands['empty'] = kabuto_module.as_web(self.empty, self.sockets / 'empty.sock',
                                                 self.settings['threads']['api'])
        return commands

    def start(self):
        self['empty'].start()
        return super().start()


class Testbed:
    """with Testbed(…) as bed: one engine; bed.kabuto(…) starts Kabutos on it.

    folder: for our own programs. build: where Kabuto was built. quick: which sizes bed.full gives.
    """

    def __init__(self, folder, build, quick):
        self.folder, self.build, self.quick = folder, build, quick
        self.stack, self.count, self.compiled = contextlib.ExitStack(), 0, {}

    def __enter__(self):
        try:
            self.set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def set_up(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES_MOST, FILES_MOST))
        # Short, for the sockets' sake, and enterable by all users.
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix='kbb'))
        self.scratch.chmod(0o755)
        self.stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        kabuto_module.make_users()
        (self.scratch / 'engine').mkdir()
        self.engine = Engine(self.scratch / 'engine', name='kbb')
        self.stack.callback(self.engine.destroy)
        self.engine.start()
        self.engine.import_busybox()

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.stack.close()

    def full(self, full, quick):
        """One of two sizes of a measurement."""
        return quick if self.quick else full

    def program(self, name, packages, libraries=()):
        """One of our C programs, compiled when it is first needed."""
        if name not in self.compiled:
            self.compiled[name] = installation.compile_program(self.folder, name, packages,
                                                               libraries)
        return self.compiled[name]

    @contextlib.contextmanager
    def kabuto(self, **settings):
        """One that runs, with these settings; it is gone behind the with."""
        self.count += 1
        settings.setdefault('threads', THREADS)
        one = BenchKabuto(self.build, self.scratch / f'k{self.count}', self.engine,
                          settings=settings, empty=self.program('empty', ['fcgi']))
        try:
            yield one.start()
        except BaseException:
            show_ends(one)
            raise
        finally:
            one.destroy()

    def moments(self, container, since):
        """When the engine created, started and saw the end of a container: {action: ns}."""
        filters = json.dumps({'container': [container], 'type': ['container']})
        events = self.engine.call('GET', '/events', since=since, until=self.engine.now(),
                                  filters=filters)
        events = events if isinstance(events, list) else [events] if events else []
        return {event['Action']: event['timeNano'] for event in events}


def show_ends(kabuto):
    """What its processes said last, for a measurement that failed."""
    for process in kabuto.processes.values():
        lines = [line for line in process.text().splitlines() if not line.startswith('<6>')]
        if lines:
            print(f'-- {process.name}:', *lines[-5:], sep='\n', flush=True)


def cookie(user):
    """The header of a user's session."""
    return 'Cookie: ' + '; '.join(f'{x.name}={x.value}' for x in user.session.cookies)


def log_records(kabuto, job, attempt=1):
    """The index of a log (src/store/joblog_record.h): [(offset, stream, ns)]."""
    data = (kabuto.state / 'logs' / f'{job}.{attempt}.idx').read_bytes()
    return records(data)


def records(data):
    return [(int.from_bytes(data[at:at + 7], 'little'), data[at + 7],
             int.from_bytes(data[at + 8:at + 16], 'little')) for at in range(0, len(data), 16)]
