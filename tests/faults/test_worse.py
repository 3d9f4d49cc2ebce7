"""Jobs, builds, uploads and deletions while calls of the C library fail now and then."""
import random
import subprocess
import sys

import pytest

from events import Events
from load import Load
from verdict import Verdict, say
from world import World

JOBS = 40
# Every n-th call; of writes not more often than once in the largest zip, which would never be made.
WORLDS = {
    'flushes fail': {'fsync': 9},
    'renames fail': {'rename': 3},
    'writes fail': {'write': 97},
    'half is read and written': {'short': 3},
    'the engine refuses connections': {'connect': 3},
    'calls are interrupted': {'eintr': 40},
    'memory is short': {'malloc': 5000},
    'everything fails': {'fsync': 40, 'rename': 20, 'write': 197, 'short': 9, 'connect': 20,
                         'eintr': 80, 'malloc': 20000},
}


@pytest.fixture(scope='session')
def library(source, scratch):
    path = scratch / 'worse.so'
    subprocess.run(['cc', '-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', path,
                    source / 'tests/faults/worse.c', '-ldl'], check=True)
    return path


@pytest.mark.limit(600)
@pytest.mark.log_errors
@pytest.mark.parametrize('name', WORLDS)
def test_promises_hold_in_a_worse_world(own, engine, library, name, tmp_path, capsys):
    kabuto = own({'slots': 3}, begin=False)
    world = World(kabuto, library, WORLDS[name])
    kabuto.start()
    events, verdict = Events(engine, kabuto.instance), Verdict()
    clients = [kabuto.user(f'user{i}') for i in range(3)]
    for client in clients:
        client.image()
    load = Load(clients, JOBS, random.Random(name))
    load.short_of_memory = 'malloc' in WORLDS[name]
    world.begin()
    try:
        load.start()
        load.finish(kabuto)
        world.end()
        kabuto.wait_healthy()
        verdict.judge(kabuto, load, events)
        for crash in world.crashes:
            verdict.check(False, crash)
    finally:
        world.end()
        load.close()
        events.close()
        if verdict.wrong or sys.exc_info()[0]:
            verdict.keep(kabuto, tmp_path)
        say(capsys, verdict.table(
            name, {'logs read meanwhile': load.reads}, load.refused, world.failures(),
            {f'exits: {process}': count for process, count in world.exits.items()}))
    assert not verdict.wrong, f'{verdict.wrong[:20]}; see {tmp_path}/log'
