"""
Engines of another Debian: its root is a folder that mmdebstrap made, and its engine runs in a mount
namespace of its own with that root. /tmp is the same folder inside and outside.
"""
import contextlib
import os
import pathlib
import signal
import subprocess

from engine import Engine
from podman import Podman
from wait import until

# A plain chroot does not do: there / is no mount, and an import of an image fails.
ENTER = '''
set -e
mount --bind "$1" "$1"
for folder in proc sys dev tmp; do mount --rbind "/$folder" "$1/$folder"; done
mount -t tmpfs tmpfs "$1/run"
cd "$1"
mkdir -p mnt/old
pivot_root . mnt/old
umount -l /mnt/old
cd /
echo entered
exec sleep infinity
'''


class Namespace:
    """A process that holds the mount namespace open, and commands that run in it."""

    def __init__(self, root):
        root = pathlib.Path(root)
        if not (root / 'usr').is_dir():
            raise RuntimeError(f'{root} holds no Debian: tests/run --engine makes one')
        self.holder = subprocess.Popen(
            ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', root],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        if self.holder.stdout.readline() != b'entered\n':
            self.holder.wait()
            raise RuntimeError(f'{root} could not become the root of a mount namespace')

    def command(self, *words):
        return ['nsenter', '-t', str(self.holder.pid), '-m', '-r', '-w', '--', *words]

    def processes(self):
        """Those of the namespace, but for its holder."""
        mine, found = os.readlink(f'/proc/{self.holder.pid}/ns/mnt'), []
        for entry in os.listdir('/proc'):
            with contextlib.suppress(OSError):
                if entry.isdigit() and os.readlink(f'/proc/{entry}/ns/mnt') == mine:
                    found.append(int(entry))
        return [pid for pid in found if pid != self.holder.pid]

    def close(self):
        """Ends what is left in it: its mounts go with the last process."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not self.processes(), 'the processes of the other Debian are gone', 20)
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()


class Inside:
    """Makes an engine run in another Debian's root; goes before the engine among the bases."""

    def __init__(self, folder, name, debian):
        super().__init__(folder, name)
        self.inside = Namespace(debian)

    def command(self, *words):
        return self.inside.command(*super().command(*words))

    def clear_away(self):
        self.inside.close()
        super().clear_away()


class OtherDocker(Inside, Engine):
    def __init__(self, folder, debian, name='kbtd', options=()):
        super().__init__(folder, name, debian)
        self.options = list(options)


class OtherPodman(Inside, Podman):
    network_backend = 'netavark'

    def __init__(self, folder, debian, name='kbtn'):
        super().__init__(folder, name, debian)

    def network(self):
        """Netavark's form, which is not that of CNI."""
        return 'podman.json', {
            'name': 'podman', 'id': '2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9',
            'driver': 'bridge', 'network_interface': self.bridge,
            'created': '2026-01-01T00:00:00Z', 'ipv6_enabled': False, 'internal': False,
            'dns_enabled': False, 'ipam_options': {'driver': 'host-local'},
            'subnets': [{'subnet': self.address[:-1] + '0/24', 'gateway': self.address}]}
