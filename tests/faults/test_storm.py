"""Jobs of three users, and one fault after the other: what was promised is kept."""
import contextlib
import random
import sys

import pytest

from disk import Disk
from engine import Engine
from events import Events
from harm import FLOOR, Harm
from kabuto import Kabuto, make_users
from load import Load
from verdict import Verdict, say
from wait import until

SHORT = {'jobs': 80, 'faults': 40, 'seconds': 6, 'rounds': 1}
LONG = {'jobs': 200, 'faults': 100, 'seconds': 60, 'rounds': 3}


@pytest.fixture
def size(request):
    return LONG if request.config.getoption('--long') else SHORT


@pytest.fixture
def stormy(build, scratch, tmp_path):
    """A Kabuto whose engine and disks are its own: (kabuto, engine, disk of each)."""
    root = scratch / 'storm'
    make_users()
    (root / 'engine').mkdir(parents=True)
    root.chmod(0o755)
    with contextlib.ExitStack() as held:  # each is let go of, also where another one fails to be
        disks = []
        for name, mount, megabytes in (('state', 'k/state', 200), ('engine', 'engine/data', 400)):
            disks.append(Disk(tmp_path / f'{name}.img', root / mount, megabytes))
            held.callback(disks[-1].close)
        engine = Engine(root / 'engine', 'kbts')
        held.callback(engine.destroy)
        engine.start()
        engine.import_busybox()
        kabuto = Kabuto(build, root / 'k', engine, 'nginx',
                        {'min_free': FLOOR, 'min_free_inodes': 100, 'slots': 4})
        held.callback(kabuto.destroy)
        yield kabuto.start(), engine, *disks


@pytest.mark.limit(3600)
@pytest.mark.log_errors
def test_storm(stormy, size, seed, tmp_path, capsys):
    for number in range(size['rounds']):
        storm(stormy, size, seed + number, tmp_path, capsys)


def storm(stormy, size, seed, tmp_path, capsys):
    kabuto, engine, *disks = stormy
    dice = random.Random(seed)
    events = Events(engine, kabuto.instance)
    clients = [kabuto.user(f'user{seed}x{i}') for i in range(3)]
    for client in clients:
        client.image()
    harm = Harm(kabuto, engine, *disks, dice, size['seconds'])
    load, verdict = Load(clients, size['jobs'], dice), Verdict()
    plan = harm.plan(size['faults'])
    try:
        load.start()
        for number, name in enumerate(plan):
            goal = number * load.total // len(plan)
            until(lambda: load.look(kabuto) >= goal, f'{goal} jobs have ended', 300)
            say(capsys, f'{goal} jobs ended: {name}')
            harm.do(name)
        load.finish(kabuto)
        verdict.judge(kabuto, load, events)
    finally:
        load.close()
        events.close()
        say(capsys, verdict.table(
            f'storm of seed {seed}',
            {'logs read meanwhile': load.reads}, load.refused,
            {f'fault: {name}': count for name, count in sorted(harm.counts.items())}))
        if verdict.wrong or sys.exc_info()[0]:
            verdict.keep(kabuto, tmp_path)
    assert not verdict.wrong, f'{verdict.wrong[:20]}; see {tmp_path}/log'
