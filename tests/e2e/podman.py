"""The same for Podman: its service speaks Docker's API on a socket of its own."""
import json
import os
import pathlib
import subprocess
import time

from engine import Engine, group_id
from wait import until

# Its own default of limits is more than a machine may allow that has no CAP_SYS_RESOURCE for us.
CONTAINERS_CONF = '''[containers]
default_ulimits = ["nofile=4096:4096", "nproc=8192:8192"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
runtime = "runc"
[network]
network_backend = "{backend}"
{firewall}network_config_dir = "{root}/net"
default_network = "podman"
cni_plugin_dirs = ["/usr/lib/cni"]
'''
REGISTRIES_CONF = '''unqualified-search-registries = []
[[registry]]
location = "127.0.0.1:{port}"
insecure = true
'''
STORAGE_CONF = '''[storage]
driver = "overlay"
graphroot = "{root}/data"
runroot = "{root}/run"
'''
LOCAL = 'docker.io/'


def remove_if_empty(folder):
    """Other Podmans of this machine may use it too."""
    for child in (*sorted(folder.glob('*/')), folder):
        try:
            child.rmdir()
        except OSError:
            pass


class Podman(Engine):
    """
    All that it keeps is in its folder. Each container belongs to a conmon of its own, so the
    service may end and begin again as it likes.
    """

    keeps_containers = True
    starts_joined = True
    takes_outward_links = False
    network_backend = 'cni'

    def __init__(self, root, name='kbtp'):
        super().__init__(root, name)
        self.socket = self.root / 'podman.sock'
        for folder in ('net', 'tmp'):
            (self.root / folder).mkdir()
        self.write_configuration()

    def write_configuration(self):
        firewall = '' if self.network_backend == 'cni' else 'firewall_driver = "none"\n'
        containers = CONTAINERS_CONF.format(root=self.root, backend=self.network_backend,
                                            firewall=firewall)
        for name, text in (('containers.conf', containers),
                           ('registries.conf', REGISTRIES_CONF.format(port=self.registry_port)),
                           ('storage.conf', STORAGE_CONF.format(root=self.root))):
            (self.root / name).write_text(text)
        name, network = self.network()
        (self.root / 'net' / name).write_text(json.dumps(network))

    def network(self):
        """The name and the content of the file that describes the default network."""
        return 'podman.conflist', {
            'cniVersion': '0.4.0', 'name': 'podman', 'plugins': [{
                'type': 'bridge', 'bridge': self.bridge, 'isGateway': True, 'ipMasq': False,
                'ipam': {'type': 'host-local', 'dataDir': str(self.root / 'ipam'),
                         'routes': [{'dst': '0.0.0.0/0'}],
                         'ranges': [[{'subnet': self.address[:-1] + '0/24',
                                      'gateway': self.address}]]}}]}

    def command(self, *words):
        return super().command('podman', '--tmpdir', self.root / 'libpod', *words)

    def environment(self):
        return {**os.environ, 'TMPDIR': str(self.root / 'tmp'), 'DISABLE_HC_SYSTEMD': 'true',
                'CONTAINERS_CONF': str(self.root / 'containers.conf'),
                'CONTAINERS_STORAGE_CONF': str(self.root / 'storage.conf'),
                'CONTAINERS_REGISTRIES_CONF': str(self.root / 'registries.conf')}

    def start(self):
        self.make_bridge()
        with open(self.root / 'log', 'ab') as log:
            self.process = subprocess.Popen(
                self.command('system', 'service', '--time=0', f'unix://{self.socket}'),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                cwd=self.root)  # conmon leaves a file there when a job is out of memory
        until(self.answers, f'the engine answers (log: {self.root}/log)')
        os.chown(self.socket, 0, group_id('docker'))
        os.chmod(self.socket, 0o660)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def destroy(self):
        if self.process and self.process.poll() is None:
            self.stop()
        for words in (('rm', '-fa', '-t', '0'), ('rmi', '-fa')):
            subprocess.run(self.command(*words), env=self.environment(), check=False,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        self.end_remaining(b'conmon')  # of containers that a killed service forgot
        self.clear_away()
        for folder in (*pathlib.Path('/sys/fs/cgroup').glob('*/libpod_parent'),
                       pathlib.Path('/sys/fs/cgroup/libpod_parent'),
                       pathlib.Path('/var/lib/cni/results'), pathlib.Path('/var/lib/cni')):
            remove_if_empty(folder)

    def images(self):
        """Their tags as Docker has them: what has no registry is Docker's to Podman."""
        return [tag.removeprefix(LOCAL).removeprefix('library/') for tag in super().images()]

    def pids(self, name):
        """Its own format of ps has a column for the host's numbers."""
        top = json.loads(self.call('GET', f'/containers/{name}/top', stream=0, ps_args='hpid'))
        return [row[top['Titles'].index('HPID')] for row in top['Processes']]

    def starts(self, instance, job, since):
        """It knows whole seconds only, and wants any of several labels where Docker wants all."""
        events = self.call('GET', '/events', since=int(float(since)), until=int(time.time()) + 1,
                           filters=json.dumps({'event': ['start']}))
        events = events if isinstance(events, list) else [events] if events else []
        labels = [event['Actor']['Attributes'] for event in events]
        return sum((x.get('kabuto.instance'), x.get('kabuto.job')) == (instance, str(job))
                   for x in labels)
