"""A worse world for the processes of one Kabuto (worse.c), and somebody who starts them again."""
import os
import signal
import struct
import threading
import time

KINDS = ('fsync', 'rename', 'write', 'connect', 'eintr', 'malloc', 'short')  # as in worse.c
CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
PAUSE_S = 0.1  # of the supervisor, before each start


class World:
    def __init__(self, kabuto, library, kinds, spared=()):
        self.kabuto = kabuto
        self.mark, self.counts = kabuto.root / 'worse', kabuto.root / 'worse-counts'
        self.counts.write_bytes(bytes(8 * len(KINDS)))
        os.chmod(self.counts, 0o666)
        self.exits, self.crashes = {}, []
        environment = {'LD_PRELOAD': str(library), 'KABUTO_WORSE_FROM': str(self.mark),
                       'KABUTO_WORSE': ','.join(f'{kind}={n}' for kind, n in kinds.items()),
                       'KABUTO_WORSE_COUNTS': str(self.counts),
                       'KABUTO_WORSE_SPARED': ':'.join(spared)}
        for name in self.names():
            kabuto[name].environment = environment
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.supervise, daemon=True)

    def names(self):
        return [name for name in self.kabuto.processes if name != 'web']

    def begin(self):
        self.mark.touch()
        self.thread.start()

    def end(self):
        """The usual world, in which everything runs."""
        self.mark.unlink(missing_ok=True)
        self.over.set()
        if self.thread.is_alive():
            self.thread.join()
        self.look()

    def supervise(self):
        """As systemd does with Restart=always."""
        while not self.over.is_set():
            self.look()
            time.sleep(PAUSE_S)

    def look(self):
        for name in self.names():
            process = self.kabuto[name]
            if process.runs():
                continue
            status = process.process.returncode
            if -status in CRASHES:
                self.crashes.append(f'{name}: {signal.Signals(-status).name}: '
                                    f'{process.text()[-500:]}')
            self.exits[name] = self.exits.get(name, 0) + 1
            process.start()

    def failures(self):
        """How many calls of each kind have failed."""
        numbers = struct.unpack(f'{len(KINDS)}Q', self.counts.read_bytes())
        return {f'failed calls: {kind}': n for kind, n in zip(KINDS, numbers) if n}
