"""kabuto run from its files to its results, while whatever it needs is killed: the job runs once."""
import os
import random
import subprocess
import threading
import time

import pytest

import kabutoclient
from kabuto import POOLS
from slowproxy import SlowProxy
from wait import until

ROUNDS, ROUNDS_LONG = 2, 10
AT_ONCE = 3            # commands that each fault hits, in moments of their own
RATE = 16 << 20        # bytes/s of the connection of every second command
SIZE = 12 << 20        # of what is sent, and of what comes back
LONGEST_S = 8          # about how long an undisturbed command takes
KINDS = ('spooler', *POOLS, 'web', 'everything', 'engine', 'engine, live-restore')

DOCKERFILE = '''FROM busybox
ENV X={mark}
RUN echo building; sleep 1
'''
COMMAND = r'''
echo begun >>/outbox/starts
i=0
while [ $i -lt 40 ]; do
    printf '{mark} \377 %d\n' $i
    sleep 0.03
    i=$((i + 1))
done
cp /inbox/big /outbox/copy
exit {code}
'''


class Command:
    """One kabuto run, in a folder of its own, and what it must come to."""

    def __init__(self, kabuto, user, folder, url, dice):
        folder.mkdir()
        self.kabuto, self.user, self.folder = kabuto, user, folder
        self.cli = kabutoclient.Client(kabuto, user, folder)
        self.mark, self.code = f'{dice.getrandbits(64):016x}', dice.choice((0, 3))
        self.content = dice.randbytes(SIZE)
        (self.cli.work / 'big').write_bytes(self.content)
        (self.cli.work / 'Dockerfile').write_text(DOCKERFILE.format(mark=self.mark))
        (folder / 'tmp').mkdir()
        self.environment = {'KABUTO_URL': url, 'KABUTO_TOKEN': self.cli.token,
                            'TMPDIR': folder / 'tmp'}
        self.delay = dice.uniform(0, dice.choice((1, LONGEST_S)))
        self.process = self.out = self.err = None

    def start(self):
        time.sleep(self.delay)
        self.process = self.cli.start(
            'run', '-i', 'Dockerfile', '-f', 'big', '-o', 'out', '-n', self.mark, '--',
            COMMAND.format(mark=self.mark, code=self.code), env=self.environment)
        try:
            self.out, self.err = self.process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.out, self.err = self.process.communicate()
            self.err += b'\nkilled: it did not end\n'

    def problems(self, engine_died):
        """What is not as it must be, in words."""
        jobs = [job for job in self.user.json('/jobs', params={'limit': 1000}).values()
                if job['name'] == self.mark]
        found = self.left_over()
        if len(jobs) != 1:
            # A build that the engine's end has ended leaves no job.
            if jobs or not engine_died or b'the image was not built' not in self.err:
                found.append(f'{len(jobs)} jobs')
            return found + ([] if self.process.returncode == 125 else ['exit code without a job'])
        job = jobs[0]
        starts = self.cli.work / 'out/starts'
        if job['attempt'] != 1:
            found.append(f'{job["attempt"]} attempts')
        if starts.exists() and starts.read_text() != 'begun\n':
            found.append('it was started twice')
        lost = engine_died and (job['error'] or '').startswith('the engine ')
        raw = self.user.get(f'/execution/{job["id"]}/logs?raw').content
        if lost:  # its log ends with that line of Kabuto's own
            raw = raw.replace(f'failed: {job["error"]}\n'.encode(), b'')
        if self.out != raw:
            found.append(f'{len(self.out)} bytes of output, {len(raw)} in the log')
        if lost:
            if self.process.returncode != (job['response'] or 125):
                found.append('exit code of a job that the engine lost')
            return found
        if self.process.returncode != self.code or job['response'] not in (self.code, None):
            found.append(f'exit code is not {self.code}')
        copy = self.cli.work / 'out/copy'
        if not copy.exists() or copy.read_bytes() != self.content or not starts.exists():
            found.append('the results are not whole')
        return found

    def left_over(self):
        known = {'big', 'Dockerfile', 'out'}
        return [f'left over: {path}' for path in
                [*(self.folder / 'cache').rglob('*.*'), *(self.folder / 'tmp').iterdir(),
                 *(path for path in self.cli.work.iterdir() if path.name not in known),
                 *(path for path in (self.cli.work / 'out').rglob('*')
                   if path.name not in ('copy', 'starts'))]]


def kill(kabuto, kind, dice):
    """Kills it, and starts it again after a while."""
    if kind.startswith('engine'):
        engine = kabuto.engine
        engine.options = ['--live-restore'] if 'live' in kind else []
        engine.kill()
        engine.start()
        return
    names = list(kabuto.processes) if kind == 'everything' else [kind]
    for name in names:
        kabuto[name].kill()
    time.sleep(dice.choice((0, dice.uniform(0, 3))))
    for name in names:
        kabuto[name].start()


@pytest.fixture
def stormy(start_engine, start, alive):
    """A Kabuto whose engine is its own, started with what the kind of the fault needs."""
    with start_engine('client') as engine:
        kabuto = start({'slots': 4}, engine=engine)
        alive.remove(kabuto)
        proxy = SlowProxy(kabuto.port, RATE)
        yield kabuto, proxy
        proxy.close()
        kabuto.destroy()


@pytest.mark.limit(1800)
@pytest.mark.log_errors
@pytest.mark.parametrize('kind', KINDS)
def test_run_ends_as_its_job_whatever_is_killed(stormy, seed, tmp_path, request, kind):
    kabuto, proxy = stormy
    print(f'seed {seed}')
    wrong = []
    if 'live' in kind:
        kabuto.engine.stop()
        kabuto.engine.options = ['--live-restore']
        kabuto.engine.start()
    for number in range(ROUNDS_LONG if request.config.getoption('--long') else ROUNDS):
        wrong += a_round(kabuto, proxy, tmp_path / str(number), kind,
                         random.Random(f'{seed} {kind} {number}'))
    assert not wrong, '\n'.join(wrong)


def a_round(kabuto, proxy, folder, kind, dice):
    folder.mkdir()
    user = kabuto.user()
    commands = [Command(kabuto, user, folder / str(i), (proxy.url, kabuto.url)[i % 2], dice)
                for i in range(AT_ONCE)]
    threads = [threading.Thread(target=command.start) for command in commands]
    for thread in threads:
        thread.start()
    time.sleep(dice.uniform(0, LONGEST_S))
    kill(kabuto, kind, dice)
    for thread in threads:
        thread.join()
    until(lambda: not kabuto.at_work(), 'all jobs and builds end')
    kabuto.wait_healthy()
    return [f'{kind}, {command.folder}: {problem}; exit {command.process.returncode}, '
            f'must be {command.code}: {command.err.decode(errors="replace")[-1500:]}'
            for command in commands
            for problem in command.problems(kind.startswith('engine'))]
