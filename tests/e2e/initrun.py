"""kabuto-init as PID 1 of a namespace of its own, without an engine."""
import pathlib
import resource
import signal
import struct
import subprocess

from wait import until

SCRIPT = ('mount -t tmpfs none /run && mkdir /run/kabuto && mount --bind "$1" /run/kabuto && '
          '{ [ -z "$2" ] || mount --bind "$2" /sys/fs/cgroup; } && shift 2 && exec "$@"')
SAMPLE = struct.Struct('<qqq')  # time in ms, CPU time in ns, memory in bytes


class InitRun:
    """One run, with the folder cgroup as /sys/fs/cgroup if it is given. The files of the attempt are in folder: log, idx, samples and usage."""

    def __init__(self, build, folder, command, options=(), ignored=(), limits=None,
                 cgroup=''):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        for name in ('log', 'idx', 'samples', 'usage'):
            (self.folder / name).touch()

        def prepare():
            for number in ignored:
                if number < 32 or number > 34:  # the C library's own
                    signal.signal(number, signal.SIG_IGN)
            for number, limit in (limits or {}).items():
                resource.setrlimit(number, limit)
        self.process = subprocess.Popen(
            ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc',
             'sh', '-c', SCRIPT, 'sh', self.folder, cgroup, pathlib.Path(build) / 'daemon/init/kabuto-init',
             *options, '--', *command],
            stdin=subprocess.DEVNULL, preexec_fn=prepare)

    def text(self):
        return (self.folder / 'log').read_text('utf-8', 'replace')

    def samples(self):
        """[(time in ms, CPU time in ns, memory in bytes)]."""
        return list(SAMPLE.iter_unpack((self.folder / 'samples').read_bytes()))

    def usage(self):
        """The report: {key: value}."""
        lines = (self.folder / 'usage').read_text().splitlines()
        return dict(line.partition(' ')[::2] for line in lines)

    def wait(self):
        """Until it has ended; gives its exit status."""
        return self.process.wait(60)

    def pid(self):
        """That of kabuto-init, as this namespace numbers it."""
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children')

        def begun():
            return (self.folder / 'usage').read_text().startswith('begun') and \
                [int(pid) for pid in children.read_text().split()]
        return until(begun, 'kabuto-init has begun')[0]

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
