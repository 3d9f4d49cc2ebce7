"""What a program finds inside its container: what `docker run` or a log-in would give it."""
import json
import os
import resource
import signal
import struct

import pytest

from client import expect, refused
from initrun import InitRun
from wait import until


@pytest.fixture
def init(build, tmp_path):
    """init(*command) runs kabuto-init in a PID namespace of its own, without an engine."""
    runs = []
    shared = tmp_path / 'shared'
    shared.mkdir()

    def init(*command, **kw):
        runs.append(InitRun(build, tmp_path / str(len(runs)), command, **kw))
        return runs[-1]
    init.folder = shared
    yield init
    for run in runs:
        run.end()


def test_every_signal_has_its_default_whatever_the_engine_ignores(init):
    ignored = [n for n in signal.valid_signals() if n not in (signal.SIGKILL, signal.SIGSTOP)]
    run = init('grep', 'Sig[BI]', '/proc/self/status', ignored=ignored)
    assert run.wait() == 0
    assert run.text() == 'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n'


def test_job_ended_by_a_signal_that_the_engine_ignores(init):
    assert init('sh', '-c', 'kill -HUP $$; echo still here', ignored=[signal.SIGHUP]).wait() == 129


def test_python_writes_each_line_at_once_unless_told_otherwise(alice):
    show = 'echo "[${PYTHONUNBUFFERED-unset}]"'
    assert alice.lines(alice.run(show)['id']) == ['[1]']
    assert alice.lines(alice.run(show, env='PYTHONUNBUFFERED=')['id']) == ['[]']
    image = alice.image('FROM busybox\nENV PYTHONUNBUFFERED=image\n')
    assert alice.lines(alice.run(show, image=image)['id']) == ['[image]']


LIMITS = 'for x in -Sn -Hn -Sc -Hc; do ulimit $x; done'


def test_files_limit_and_core_files_are_not_the_engines(alice):
    soft, hard, *core = alice.lines(alice.run(LIMITS)['id'])
    assert soft == '1024' and 1024 <= int(hard) <= 65536 and core == ['0', '0']


@pytest.mark.parametrize('soft, hard, expected', [
    (1 << 20, 1 << 20, ['1024', '65536']), (4096, 16384, ['1024', '16384']),
    (64, 4096, ['1024', '4096']), (512, 512, ['512', '512'])])
def test_files_limit_of_any_engine(init, soft, hard, expected):
    if hard > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
        pytest.skip('this machine does not allow so many files')
    run = init('sh', '-c', LIMITS, limits={resource.RLIMIT_NOFILE: (soft, hard),
                                           resource.RLIMIT_CORE: (0, resource.RLIM_INFINITY)})
    assert run.wait() == 0
    assert run.text().split() == [*expected, '0', '0']


@pytest.mark.parametrize('user, name', [('root', 'root'), ('nobody', 'nobody'), ('1234', '1234')])
def test_user_has_a_name(alice, user, name):
    assert alice.lines(alice.run('echo $USER $LOGNAME', user=user)['id']) == [f'{name} {name}']
    own = alice.run('echo $USER $LOGNAME', user=user, env='USER=me')
    assert alice.lines(own['id']) == [f'me {name}']


def test_job_leads_a_session_of_its_own(alice):
    job = alice.run('set -- $(cut -d" " -f5,6 /proc/$$/stat); [ $1 = $$ ] && [ $2 = $$ ] && echo yes')
    assert alice.lines(job['id']) == ['yes']


def test_stdout_can_be_opened_again_by_another_user(alice):
    job = alice.run("su nobody -s /bin/sh -c 'echo out >/dev/stdout; echo err >/dev/stderr'")
    assert alice.lines(job['id']) == ['out'] and alice.lines(job['id'], 'stderr') == ['err']


def test_stdin_is_at_its_end_and_nothing_else_is_open(alice):
    job = alice.run('readlink /proc/$$/fd/0; cat; ls /proc/$$/fd; true')
    assert alice.lines(job['id']) == ['/dev/null', '0', '1', '2']


def test_umask_and_shared_folders(alice):
    job = alice.run('umask; stat -c %a /tmp /dev/shm; echo $HOME $HOSTNAME; hostname')
    assert alice.lines(job['id']) == ['0022', '1777', '1777', '/root job', 'job']


SHM_SIZE = "df -k /dev/shm | awk 'NR == 2 { print $2 }'"


@pytest.mark.parametrize('network', ['none', 'bridge'])
def test_shared_memory_is_as_large_as_the_memory(alice, network):
    job = alice.run(SHM_SIZE, memory='200m', network=network)
    assert alice.lines(job['id']) == [str(200 << 10)]


def test_shared_memory_can_be_filled(alice):
    job = alice.run('head -c 80m /dev/zero > /dev/shm/x && stat -c %s /dev/shm/x', memory='128m')
    assert alice.lines(job['id']) == [str(80 << 20)], job


def test_shared_memory_counts_as_memory(alice):
    job = alice.run('head -c 80m /dev/zero > /dev/shm/x', memory='32m')
    assert job['state'] == 'failed' and 'memory' in job['error']


@pytest.mark.docker('the builder of Podman takes its size from containers.conf')
def test_shared_memory_of_a_build_is_as_large_as_its_memory(own):
    dave = own({'build': {'memory': '300m'}}).user('dave')
    build = dave.build(f'FROM busybox\nRUN {SHM_SIZE}\n')
    output = dave.wait_build(build, 'SUCCESS')['output']
    assert f'{300 << 10}\n' in ''.join(x.get('stream', '') for x in output)


@pytest.mark.parametrize('sandboxes', [True, False])
@pytest.mark.parametrize('network', ['none', 'bridge'])
def test_own_host_name_has_an_address(own, network, sandboxes):
    """As MPI, Java, Spark and R's makeCluster need it: gethostbyname(gethostname())."""
    dave = own({'sandboxes': sandboxes}).user('dave')
    job = dave.run('hostname -i', network=network)
    assert job['state'] == 'done', dave.log(job['id'])
    assert (dave.lines(job['id']) == ['127.0.0.1']) == (network == 'none')


# Usage

CGROUPS = {
    'version 1': {'cpuacct/cpuacct.usage': '1234567000\n',
                  'memory/memory.usage_in_bytes': '7654321\n'},
    'version 1, CPU together': {'cpu,cpuacct/cpuacct.usage': '1234567000\n',
                                'memory/memory.usage_in_bytes': '7654321\n'},
    'version 2': {'cgroup.controllers': 'cpu memory\n', 'memory.current': '7654321\n',
                  'cpu.stat': 'nr_periods 5\nusage_usec 1234567\nuser_usec 3\n'},
}


@pytest.mark.parametrize('version', CGROUPS, ids=lambda x: x.replace(' ', '_'))
def test_sample_has_the_usage_of_either_version_of_cgroups(init, tmp_path, version):
    for name, text in CGROUPS[version].items():
        path = tmp_path / 'cgroup' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run = init('true', cgroup=tmp_path / 'cgroup')
    assert run.wait() == 0
    (_, cpu_ns, memory), = run.samples()
    assert (cpu_ns, memory) == (1234567000, 7654321)
    assert run.usage()['cpu_ns'] == '1234567000'


def test_sample_comes_each_second_while_the_program_is_silent(init):
    run = init('sh', '-c', f'until [ -e {init.folder}/go ]; do sleep 0.1; done')
    until(lambda: len(run.samples()) >= 3, 'three samples')
    (init.folder / 'go').touch()
    assert run.wait() == 0
    times = [time for time, _, _ in run.samples()]
    assert len(times) >= 4 and times == sorted(set(times))


# The order of stdout and stderr

@pytest.mark.parametrize('command, expected', [
    ('echo err >&2; echo out', 'err\nout\n'), ('echo out; echo err >&2', 'out\nerr\n'),
    ('printf err >&2; printf out', 'errout'), ('printf out; printf err >&2', 'outerr')])
def test_the_pipe_that_became_readable_first_is_read_first(init, command, expected):
    """Although both are readable when kabuto-init looks."""
    run = init('sh', '-c', 'cd "$0"; touch ready; until [ -e go ]; do sleep 0.05; done; '
                           f'{command}; touch said; until [ -e end ]; do sleep 0.05; done',
               init.folder)
    until((init.folder / 'ready').exists, 'the program runs')
    pid = run.pid()
    os.kill(pid, signal.SIGSTOP)
    (init.folder / 'go').touch()
    until((init.folder / 'said').exists, 'the program has spoken')
    os.kill(pid, signal.SIGCONT)
    (init.folder / 'end').touch()
    assert run.wait() == 0 and run.text() == expected


BOTH = 'for i in $(seq 500); do echo out $i; echo err $i >&2; done'


def test_stderr_can_be_the_same_pipe_as_stdout(alice):
    job = alice.run(BOTH, stderr='stdout')
    assert job['stderr'] == 'stdout'
    assert alice.lines(job['id']) == [f'{x} {i}' for i in range(1, 501) for x in ('out', 'err')]
    assert alice.lines(job['id'], 'stderr') == []


def test_stderr_is_separate_unless_asked_for_and_can_be_changed(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, BOTH)
    assert alice.state(pipeline, job)['stderr'] == 'separate'
    expect(alice.call('PUT', f'/pipeline/{pipeline}/job/{job}', data={'stderr': 'stdout'}), 200)
    expect(alice.call('PUT', f'/pipeline/{pipeline}/job/{job}', data={'name': 'x'}), 200)
    assert alice.state(pipeline, job)['stderr'] == 'stdout'
    expect(alice.call('PUT', f'/pipeline/{pipeline}/job/{job}', data={'stderr': 'separate'}), 200)
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    assert alice.lines(job, 'stderr') == [f'err {i}' for i in range(1, 501)]
    refused(alice.post_job(pipeline, 'true', stderr='both'), 400, 'stderr', 'separate')


# Programs that cannot be started: the error says why, and what to do

def elf(machine=0x3e, loader=b'/lib64/ld-linux-x86-64.so.2'):
    """The head of a 64-bit program that needs a loader."""
    header = struct.pack('<4s5B7xHHIQQQIHHHHHH', b'\x7fELF', 2, 1, 1, 0, 0, 2, machine, 1, 0x400000,
                         64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack('<IIQQQQQQ', 3, 4, 120, 0, 0, len(loader) + 1, len(loader) + 1, 1) + \
        loader + b'\0'


PROGRAMS = {
    'crlf.sh': b'#!/bin/sh\r\necho hello\r\n',
    'env-crlf.sh': b'#!/usr/bin/env sh\r\necho hello\r\n',
    'bash.sh': b'#!/bin/bash\necho hello\n',
    'python.py': b'#! /usr/bin/python3 -u\nprint()\n',
    'bare.sh': b'echo hello\n',
    'bom.sh': b'\xef\xbb\xbf#!/bin/sh\necho hello\n',
    'empty': b'',
    'glibc': elf(),
    'arm': elf(0xb7),
    'program.exe': b'MZ\x90\0',
    'nested.sh': b'#!/p/bash.sh\n',
}
DOCKERFILE = '\n'.join((
    'FROM busybox', *(f'COPY {name} /p/{name}' for name in PROGRAMS), 'RUN chmod 755 /p/*', '',
    'COPY crlf.sh /p/mode.sh', 'RUN chmod 644 /p/mode.sh; chmod 700 /root; cp /bin/true /root/secret',
    'RUN ln -s /opt/nothing /p/link; mkdir -p /lib; touch /lib/ld-musl-x86_64.so.1', 'WORKDIR /work'))
REASONS = [
    ('/p/crlf.sh', ['/p/crlf.sh', 'Windows line ends', '/bin/sh\\r', 'dos2unix']),
    ('/p/env-crlf.sh', ['/p/env-crlf.sh', 'Windows line ends', "'sh\\r'"]),
    ('/p/bash.sh', ['first line', "'/bin/bash'", 'install it']),
    ('/p/python.py', ["'/usr/bin/python3'"]),
    ('/p/nested.sh', ["'/p/bash.sh'", "'/bin/bash'"]),
    ('/p/glibc', ['/lib64/ld-linux-x86-64.so.2', 'glibc', 'musl']),
    ('/p/arm', ['aarch64', 'x86_64']),
    ('/p/program.exe', ['Windows']),
    ('/p/mode.sh', ['may not execute', 'chmod +x']),
    ('/p/link', ["'/opt/nothing'"]),
    ('/p', ['is a folder']),
    ('/P/crlf.sh', []),
    ('/p/Bash.sh', ["it has '/p/bash.sh'"]),
]
ONLY_EXECUTED = [  # a shell says these itself, or runs the file
    ('/p/bare.sh', ['names no interpreter', '#!/bin/sh']),
    ('/p/bom.sh', ['byte order mark']),
    ('/p/empty', ['is an empty file']),
    ('/p/nothing', ["has no program '/p/nothing'"]),
    ('./nothing', ["no program './nothing'", "'/work'"]),
    ('nothing', ["has no program 'nothing'"]),
]


@pytest.fixture(scope='module')
def programs(alice):
    files = [('attachments', (name, content)) for name, content in PROGRAMS.items()]
    return alice.image(DOCKERFILE, files=files)


def is_explained(client, job, words):
    assert job['state'] == 'failed'
    assert 'failed: ' + job['error'] in client.lines(job['id'], 'system')
    for word in words:
        assert word in job['error'], job['error']


@pytest.mark.parametrize('program, words', REASONS + ONLY_EXECUTED)
def test_program_that_cannot_start_is_explained(alice, programs, program, words):
    is_explained(alice, alice.run(json.dumps([program]), image=programs), words)


@pytest.mark.parametrize('program, words', [row for row in REASONS if row[1]])
def test_program_of_a_shell_line_is_explained(alice, programs, program, words):
    """The shell says "not found", although the file is there."""
    job = alice.run(f'true && A=1 {program} --option', image=programs)
    is_explained(alice, job, words)
    assert job['error'].startswith(f'exit code {job["response"]}: ')


@pytest.mark.docker('Podman lets every user keep the capabilities of the configuration')
def test_folder_that_the_user_may_not_enter_is_named(alice, programs):
    job = alice.run('["/root/secret"]', image=programs, user='nobody')
    is_explained(alice, job, ["'/root/secret'", 'may not enter', "'/root'"])


@pytest.mark.parametrize('command', [
    'exit 127', 'nothing', '/p/nothing', 'cat /p/crlf.sh; exit 127', 'sh /p/bare.sh; exit 126',
    'echo "/p/crlf.sh"; exit 127', 'A=/p/crlf.sh; exit 127'])
def test_shell_line_without_such_a_program_is_not_explained(alice, programs, command):
    job = alice.run(command, image=programs)
    assert job['error'] == f'exit code {job["response"]}'


# Inputs that a program wants to change

@pytest.mark.parametrize('command, files, step', [
    ('echo x >> /inbox/my.db', ['my.db', 'b'], 'cp /inbox/my.db .'),
    ('mkdir /inbox/new', ['a.csv'], 'cp /inbox/a.csv .'),
    ('echo "Error: unable to open database file" >&2; exit 1', ['a.sqlite'], 'cp /inbox/a.sqlite .'),
    ('echo "sqlite3.OperationalError: attempt to write a readonly database"; exit 1', ['a', 'b'],
     'cp /inbox/... .'),
    ("echo \"OSError: [Errno 30] Read-only file system: '/inbox/d/x'\"; exit 1", ['d/x'],
     'cp /inbox/d/x .')])
def test_next_step_says_to_copy_an_input_that_cannot_be_changed(alice, command, files, step):
    job = alice.run(command, [(name, b'x') for name in files])
    assert job['state'] == 'failed'
    assert [line for line in alice.lines(job['id'], 'system') if line.endswith(step)], alice.log(job['id'])


@pytest.mark.parametrize('command', [
    'sh /inbox/run.sh', 'cd /inbox && sh run.sh', '["/bin/sh", "/inbox/run.sh"]'])
def test_next_step_names_a_script_with_windows_line_ends(alice, command):
    """The shell finds a wrong syntax in it, or a program whose name ends in CR."""
    script = b'for i in 1 2; do\r\necho $i\r\ndone\r\n'
    job = alice.run(command, [('run.sh', script)])
    assert job['state'] == 'failed'
    line, = [line for line in alice.lines(job['id'], 'system') if 'next step' in line]
    assert '/inbox/run.sh has Windows line ends' in line
    job = alice.run(command, [('run.sh', script.replace(b'\r', b'') + b'exit 3\n')])
    assert not [line for line in alice.lines(job['id'], 'system') if 'next step' in line]


@pytest.mark.parametrize('command, files', [
    ('echo x >> /inbox/a; true', ['a']), ('exit 1', ['a']), ('echo 1 > /proc/sys/kernel/sysrq', ['a']),
    ('echo "unable to open database file"; exit 1', []),
    ('echo "Read-only file system"; seq 30; exit 1', ['a'])])
def test_next_step_is_not_said_without_a_reason(alice, command, files):
    job = alice.run(command, [(name, b'x') for name in files])
    assert not [line for line in alice.lines(job['id'], 'system') if 'next step' in line]
