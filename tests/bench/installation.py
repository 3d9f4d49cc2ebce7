"""What the measurements need: a release build of Kabuto, and our own small programs."""
import os
import pathlib
import shlex
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BENCH = SOURCE / 'tests/bench'
CFLAGS = '-O2'


def step(name, command, folder, **environment):
    """Runs a command with its output in a file, which is shown when it fails."""
    print('==', name, flush=True)
    log = folder / (name.split()[0] + '.txt')
    with open(log, 'wb') as out:
        status = subprocess.run(command, cwd=folder, stdout=out, stderr=out, check=False,
                                env={**os.environ, **environment}).returncode
    if status != 0:
        raise RuntimeError(f'{name} failed:\n{log.read_text("utf-8", "replace")[-4000:]}')


def source_files():
    """As git sees them, or all of them where they came without git."""
    git = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z', '-co',
                          '--exclude-standard'], cwd=SOURCE, check=False, capture_output=True)
    if git.returncode == 0:
        return [name for name in git.stdout.decode().split('\0') if (SOURCE / name).is_file()]
    return [path.relative_to(SOURCE) for path in SOURCE.rglob('*') if path.is_file()]


def copy_source(to):
    """autoreconf writes beside the sources, which are to stay as they are."""
    for name in source_files():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        if changed(SOURCE / name, to / name):
            shutil.copy2(SOURCE / name, to / name)


def changed(source, copy):
    return not copy.exists() or source.read_bytes() != copy.read_bytes()


def build(folder):
    """Kabuto as it is installed: optimised, without the checks of a test build. Gives its folder."""
    source, tree = folder / 'source', folder / 'build'
    copy_source(source)
    tree.mkdir(exist_ok=True)
    if not (source / 'configure').exists():
        step('autoreconf', ['autoreconf', '-i', source], folder)
    if not (tree / 'config.status').exists():
        step('configure', [source / 'configure'], tree, CFLAGS=CFLAGS)
    step('make', ['make', f'-j{os.cpu_count()}'], tree)
    return tree


def pkg_config(*names):
    words = subprocess.run(['pkg-config', '--cflags', '--libs', *names], check=True,
                           capture_output=True, text=True).stdout
    return shlex.split(words)


def compile_program(folder, name, packages, libraries=()):
    """Builds one of our C programs; libraries: Kabuto's own, linked to it. Gives its path."""
    program = folder / name
    own = [*libraries, *(f'-I{SOURCE}/src/{room}' for room in ('base', 'store', 'domain'))]
    step(f'{name} compiled', ['gcc', *shlex.split(CFLAGS), '-std=gnu11', '-Wall', '-Wextra',
                              '-pthread', BENCH / f'{name}.c', *own, *pkg_config(*packages),
                              '-o', program], folder)
    program.chmod(0o755)
    return program
