"""The engine's calls that Kabuto makes for a job, made without Kabuto, by calls.c."""
import json
import os

import programs
from client import WAIT
from wait import until

# Of what the engine tells of Kabuto's container, what its create call had said.
CONFIG = ('Image', 'Entrypoint', 'Env', 'WorkingDir', 'User', 'StopSignal', 'Healthcheck')
HOST_CONFIG = ('Memory', 'MemorySwap', 'NanoCpus', 'PidsLimit', 'CapDrop', 'CapAdd', 'SecurityOpt',
               'LogConfig', 'RestartPolicy', 'Privileged', 'Init')
CALLS = ('create', 'start', 'wait', 'inspect', 'remove')
NUMBER = '@NUMBER@'  # calls.c puts the container's there
OWN, JOINED = 'own network namespace', 'joined to a sandbox'


def describe_job(bed, kabuto, user, **options):
    """Runs a job, and gives what the engine says of its container, and which mounts are files."""
    _, job = user.begin(WAIT, **options)
    until(lambda: kabuto.sql('SELECT start_marked_at FROM job WHERE id = ?', job)[0][0],
          'the job has a container')
    container = bed.engine.call('GET', f'/containers/{kabuto.container(job)}/json')
    files = {mount['Target'] for mount in container['HostConfig']['Mounts']
             if os.path.isfile(mount['Source'])}
    kabuto.let_go(job)
    until(lambda: not kabuto.containers(), 'the job and its container are gone')
    return container, files


class BareCalls:
    """with BareCalls(…) as bare: containers like Kabuto's, for a command, at most so many at once."""

    def __init__(self, bed, kabuto, user, network, most):
        self.bed, self.network = bed, network
        self.folder = bed.scratch / f'bare{bed.count}-{network}-{most}'
        self.pattern, self.files = describe_job(bed, kabuto, user, network=network)
        self.sandboxes = [f'bench-sandbox-{network}-{i}' for i in range(most)]
        self.runs = 0

    def __enter__(self):
        self.folder.mkdir()
        for name in self.sandboxes:
            self.bed.engine.call('POST', '/containers/create', {
                'Image': 'busybox', 'Cmd': ['sleep', '100000'],
                'HostConfig': {'NetworkMode': self.network}}, name=name)
            self.bed.engine.call('POST', f'/containers/{name}/start')
        return self

    def __exit__(self, *_):
        for name in self.sandboxes:
            self.bed.engine.remove(name)

    def shared(self, mount):
        """Whether all jobs have the same; the others are a job's own."""
        return mount.get('ReadOnly') and os.path.exists(mount['Source'])

    def make_sources(self, folder):
        """What a job has of its own, made anew for each, as Kabuto does."""
        folder.mkdir(parents=True)
        for mount in self.pattern['HostConfig']['Mounts']:
            source = folder / source_name(mount)
            if self.shared(mount):
                continue
            if mount['Target'] in self.files:
                source.touch()
                os.chmod(source, 0o666)
            else:
                source.mkdir()
                os.chmod(source, 0o777)

    def body(self, command, flavour, i):
        """Of the thread's create calls, which put the container's number in."""
        config, host = self.pattern['Config'], self.pattern['HostConfig']
        mode = f'container:{self.sandboxes[i]}' if flavour == JOINED else self.network
        mounts = [mount if self.shared(mount) else
                  {**mount, 'Source': str(self.folder / self.name / NUMBER / source_name(mount))}
                  for mount in host['Mounts']]
        return {**{key: config[key] for key in CONFIG if config.get(key)},
                'Cmd': ['/bin/sh', '-c', command],
                'HostConfig': {**{key: host[key] for key in HOST_CONFIG}, 'Mounts': mounts,
                               'NetworkMode': mode}}

    def run(self, command, flavour, count, at_once=1):
        """Gives a dict for each container: begun and ended in ns, and the calls in ms."""
        self.runs += 1
        for number in range(count):
            self.make_sources(self.folder / self.name / str(number))
        files = []
        for i in range(at_once):
            files.append(self.folder / f'body{i}')
            files[-1].write_text(json.dumps(self.body(command, flavour, i)))
        said = programs.output(self.bed.program('calls', ['libcurl']), self.bed.engine.socket,
                               count, self.name, *files)
        runs = [read_line(line) for line in said.splitlines()]
        assert len(runs) == count, f'{len(runs)} of {count} containers ran'
        return runs

    @property
    def name(self):
        """What the containers of the last run were called, before their numbers."""
        return f'bench-{self.network}-{self.runs}'

    def index(self, number=0):
        """The log's index that a container of the last run wrote."""
        return (self.folder / self.name / str(number) / '-run-kabuto-idx').read_bytes()


def source_name(mount):
    return mount['Target'].replace('/', '-')


def read_line(line):
    words = line.split()
    return {'begun': int(words[0]), 'ended': int(words[1]),
            **dict(zip(CALLS, map(float, words[2:])))}
