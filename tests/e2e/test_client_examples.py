"""kabuto(1): its examples do what they say, and it tells of each command and option."""
import re
import subprocess

import pytest

import completions
from client import WAIT

MANUAL = completions.SOURCE / 'src/client/kabuto.1'
EXAMPLES = re.findall(r'^\.Bd -literal -offset indent\n(.*?)^\.Ed$', MANUAL.read_text(),
                      re.M | re.S)


def commands_of(example):
    return re.findall(r'\bkabuto (\w+)', example)


@pytest.fixture
def world(cli):
    """What the manual says is there: a job (done; for kill it runs), the newest job (failed), a
    pipeline with a job that is ready, the image tools, a folder with files."""
    user = cli.user
    tools = user.image(name='tools')
    pipeline = user.pipeline('nightly')
    user.job(pipeline, 'echo ready', image=tools)
    job = user.run('echo a line; echo result >/outbox/result.txt', image=tools)
    user.run('echo oh no; exit 3', image=tools)
    (cli.work / 'data').mkdir()
    (cli.work / 'data/a.csv').write_text('x,y\n1,2\n')
    (cli.work / 'Dockerfile').write_text('FROM busybox\n')
    (cli.work / 'token.txt').write_text(cli.token + '\n')
    cli.job, cli.pipeline = job['id'], pipeline
    return cli


@pytest.mark.parametrize('example', EXAMPLES, ids=lambda text: '-'.join(commands_of(text)))
def test_example_of_the_manual_works(world, example):
    job = world.job
    if 'kill' in commands_of(example):
        pipeline, job = world.user.begin(WAIT, grace=0)
        world.user.wait_state(pipeline, job, 'running')
    script = re.sub(r'\b12\b', str(job), re.sub(r'\b7\b', str(world.pipeline), example))
    script = script.replace('https://kabuto.example', world.kabuto.url).replace('\\e', '\\')
    path = f'{world.program.parent}:/usr/bin:/bin'
    done = subprocess.run(['bash', '-eo', 'pipefail', '-c', script], cwd=world.work, text=True,
                          env=world.surroundings({'PATH': path}), stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=100)
    assert done.returncode == 0, (script, done)
    if 'kill' in commands_of(example):
        world.user.wait_job(pipeline, job)


def test_each_command_has_an_example(build):
    shown = {command for example in EXAMPLES for command in commands_of(example)}
    assert set(completions.commands(build)) - shown == set()


def test_manual_has_each_command_and_option(build):
    entries = re.split(r'^(?=\.It Cm |\.S[sh] )', MANUAL.read_text(), flags=re.M)

    def told(name):
        return ''.join(entry for entry in entries if re.match(rf'\.It Cm {name}\b', entry))
    for name, command in completions.commands(build).items():
        text = told(name)
        assert text, f'kabuto(1) does not tell of {name}'
        if 'Ar option ...' in text and name != 'run':  # it takes those of run
            text += told('run')
        letters = ''.join(re.findall(r'\bFl (\w+)\b', text))
        for option in command.options:
            if option.name != 'help':
                assert option.letter and option.letter in letters or \
                    re.search(rf'\bFl (\w , )?-{option.name}\b', text), (name, option.words)


def test_manual_is_sound():
    done = subprocess.run(['mandoc', '-Tlint', '-Wwarning', MANUAL], text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
