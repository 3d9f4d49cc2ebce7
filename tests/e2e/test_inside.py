"""What a program finds inside its container: what `docker run` or a log-in would give it."""
import resource
import signal

import pytest

from initrun import InitRun


@pytest.fixture
def init(build, tmp_path):
    """init(*command) runs kabuto-init in a PID namespace of its own, without an engine."""
    runs = []

    def init(*command, **kw):
        runs.append(InitRun(build, tmp_path / str(len(runs)), command, **kw))
        return runs[-1]
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
    assert f'{300 << 10}\n' in [x.get('stream') for x in output]


@pytest.mark.parametrize('sandboxes', [True, False])
@pytest.mark.parametrize('network', ['none', 'bridge'])
def test_own_host_name_has_an_address(own, network, sandboxes):
    """As MPI, Java, Spark and R's makeCluster need it: gethostbyname(gethostname())."""
    dave = own({'sandboxes': sandboxes}).user('dave')
    job = dave.run('hostname -i', network=network)
    assert job['state'] == 'done', dave.log(job['id'])
    assert (dave.lines(job['id']) == ['127.0.0.1']) == (network == 'none')
