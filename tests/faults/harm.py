"""What is done to a Kabuto and its engine while jobs run."""
import collections
import http.client
import signal
import time

from engine import EngineError
from kabuto import POOLS

FLOOR = 24 << 20  # min_free of the state directory's filesystem

HESITATION_S = 1  # at most, so that a fault comes at any moment of a job's life


class Harm:
    """Faults by name; each leaves everything running again, though perhaps not yet well."""

    def __init__(self, kabuto, engine, state_disk, engine_disk, dice, seconds):
        self.kabuto, self.engine, self.dice, self.seconds = kabuto, engine, dice, seconds
        self.state_disk, self.engine_disk = state_disk, engine_disk
        self.counts, self.removed = collections.Counter(), set()
        self.kinds = {f'kill {name}': (self.kill, name) for name in ('spooler', *POOLS, 'web')}
        self.kinds |= {
            'stop spooler': (self.stop_spooler,),
            'kill engine': (self.kill_engine, False),
            'kill engine, live-restore': (self.kill_engine, True),
            'stop engine': (self.stop_engine, False),
            'stop engine, live-restore': (self.stop_engine, True),
            'freeze engine': (self.freeze_engine,),
            'fill state': (self.fill, self.state_disk, 0),
            'fill state to the floor': (self.fill, self.state_disk, FLOOR // 2),
            'fill engine': (self.fill, self.engine_disk, 0),
            'remove container': (self.remove_container,),
            'kill everything': (self.kill_everything,),
        }

    def plan(self, count):
        """So many names in any order; each is there, and those that cost little more often."""
        names = list(self.kinds)
        cheap = ['remove container', 'kill spooler', *(name for name in names if name.startswith('kill ') and
                                       'engine' not in name)]
        while len(names) < count:
            names.append(self.dice.choice(cheap))
        self.dice.shuffle(names)
        return names

    def do(self, name):
        function, *arguments = self.kinds[name]
        time.sleep(self.dice.uniform(0, HESITATION_S))
        function(*arguments)
        self.counts[name] += 1

    def hold(self):
        """How long a state lasts is the fault's own choice."""
        time.sleep(self.seconds)

    def kill(self, name):
        self.kabuto[name].kill()
        self.kabuto[name].start()

    def kill_everything(self):
        for process in self.kabuto.processes.values():
            process.kill()
        for process in self.kabuto.processes.values():
            process.start()

    def stop_spooler(self):
        assert self.kabuto['spooler'].stop() == 0, self.kabuto['spooler'].text()[-3000:]
        self.kabuto['spooler'].start()

    def restart_engine(self, live_restore):
        self.engine.options = ['--live-restore'] if live_restore else []
        self.engine.start()

    def kill_engine(self, live_restore):
        self.engine.kill()
        self.restart_engine(live_restore)

    def stop_engine(self, live_restore):
        """What it does to its containers is as it was started."""
        self.engine.stop()
        self.hold()
        self.restart_engine(live_restore)

    def freeze_engine(self):
        self.engine.process.send_signal(signal.SIGSTOP)
        try:
            self.hold()
        finally:
            self.engine.process.send_signal(signal.SIGCONT)

    def fill(self, disk, leave):
        disk.fill(leave)
        try:
            self.hold()
        finally:
            disk.free()

    def remove_container(self):
        """docker rm -f of one that runs, if any does."""
        try:
            running = [c for c in self.kabuto.containers() if c['State'] == 'running']
            if running:
                container = self.dice.choice(running)
                self.engine.remove(container['Id'])
                self.removed.add(int(container['Labels']['kabuto.job']))
        except (OSError, EngineError, http.client.HTTPException):
            pass  # the engine is still busy with the last fault
