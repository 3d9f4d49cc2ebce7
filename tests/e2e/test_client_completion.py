"""The completions for bash, zsh and fish: they know each command and option, and the account's jobs."""
import shutil
import subprocess

import pytest

import completions

BASH = '''
. "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_kabuto
printf '%s\\n' "${COMPREPLY[@]}"
'''


@pytest.fixture
def job(cli):
    return cli.user.job(cli.user.pipeline(), 'true')


def surroundings(cli):
    return cli.surroundings({'PATH': f'{cli.program.parent}:/usr/bin:/bin', 'TERM': 'xterm'})


def completed_by_bash(cli, *words):
    done = subprocess.run(['bash', '-c', BASH, 'bash', completions.FOLDER / 'kabuto.bash', *words],
                          env=surroundings(cli), text=True, capture_output=True, check=True)
    assert done.stderr == ''
    return done.stdout.split()


def completed_by_fish(cli, line):
    done = subprocess.run(['fish', '--no-config', '-c', f'source {completions.FOLDER}/kabuto.fish; '
                           f'complete -C "{line}"'], env=surroundings(cli), text=True,
                          capture_output=True, check=True)
    return [row.split('\t')[0] for row in done.stdout.splitlines()]


@pytest.mark.parametrize('shell', completions.SHELLS)
def test_completion_is_made_of_the_present_help(build, shell):
    expected = completions.SHELLS[shell](completions.commands(build))
    assert (completions.FOLDER / f'kabuto.{shell}').read_text() == expected, \
        'run tests/e2e/completions.py'


def test_bash_completes_commands_options_choices_and_jobs(cli, build, job):
    known = completions.commands(build)
    assert completed_by_bash(cli, 'kabuto', '') == ['help', *known]
    assert completed_by_bash(cli, 'kabuto', 'help', 'sh') == ['show']
    for name, command in known.items():
        options = [word for option in command.options for word in option.words]
        assert completed_by_bash(cli, 'kabuto', name, '-') == options
    assert completed_by_bash(cli, 'kabuto', 'ps', '--state', 'r') == ['ready', 'running']
    assert completed_by_bash(cli, 'kabuto', 'ps', '--limit', '') == []
    assert completed_by_bash(cli, 'kabuto', 'show', '') == ['last', str(job)]
    assert completed_by_bash(cli, 'kabuto', 'token', 'd') == ['delete']


def test_fish_completes_commands_options_choices_and_jobs(cli, build, job):
    known = completions.commands(build)
    assert set(completed_by_fish(cli, 'kabuto ')) == {'help', *known}
    for name, command in known.items():
        options = {f'--{option.name}' for option in command.options if option.name}
        assert set(completed_by_fish(cli, f'kabuto {name} --')) == options
    assert completed_by_fish(cli, 'kabuto ps --state r') == ['ready', 'running']
    assert set(completed_by_fish(cli, 'kabuto show ')) == {'last', str(job)}


def test_zsh_completes_commands_options_choices_and_jobs(cli, job):
    functions = cli.folder / 'functions'
    functions.mkdir()
    shutil.copy(completions.FOLDER / 'kabuto.zsh', functions / '_kabuto')
    (cli.folder / 'home/.zshrc').write_text(
        f'fpath=({functions} $fpath); PS1="ready> "; autoload -Uz compinit; compinit -u -D\n'
        'setopt no_list_beep; unsetopt prompt_sp; zle_highlight=(none)\n')
    path = f'{cli.program.parent}:/usr/bin:/bin'
    terminal = cli.terminal(env={'PATH': path, 'ZDOTDIR': cli.folder / 'home'}, program='/usr/bin/zsh')
    try:
        terminal.wait_for('ready> ')
        for typed, shown in (('sho', 'kabuto show '), ('ps --pip', 'kabuto ps --pipeline='),
                             ('ps --state run', 'kabuto ps --state running '),
                             ('show la', 'kabuto show last '),
                             ('token cr', 'kabuto token create '), ('show ', str(job))):
            terminal.raw = b''
            terminal.send(f'kabuto {typed}\t')
            terminal.wait_for(shown)
            terminal.send('\x15')  # Ctrl-U clears the line
    finally:
        terminal.end()
