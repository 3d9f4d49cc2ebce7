"""Network namespaces kept ready: jobs are faster by them, and never depend on them."""
import signal

import pytest

from client import WAIT
from wait import until


@pytest.fixture
def kabuto(own):
    return own({'slots': 2})


@pytest.fixture
def dave(kabuto):
    user = kabuto.user('dave')
    user.image()
    return user


def wait_ready(kabuto, count):
    until(lambda: [c['State'] for c in kabuto.sandboxes()] == ['running'] * count,
          f'{count} sandboxes run')
    until(lambda: len(list((kabuto.state / 'run/sandboxes').glob('*/hostname'))) == count,
          'their files are there')


def joined(kabuto, dave, **options):
    """Runs a job; whether it had the network of a sandbox."""
    pipeline, job = dave.begin(f'echo ready; {WAIT}', **options)
    dave.wait_line(job, 'ready')
    inspected = kabuto.engine.call('GET', f'/containers/{kabuto.container(job)}/json')
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    return inspected['HostConfig']['NetworkMode'].startswith('container:')


def test_jobs_join_the_sandbox_of_their_slot(kabuto, dave):
    wait_ready(kabuto, 2)
    assert joined(kabuto, dave)
    assert {c['Labels']['kabuto.sandbox'] for c in kabuto.sandboxes()} == {'0', '1'}


def test_two_jobs_at_once_have_two_networks(kabuto, dave):
    wait_ready(kabuto, 2)
    pipeline = dave.pipeline(max_parallel=2)
    jobs = [dave.job(pipeline, f'readlink /proc/self/ns/net; {WAIT}') for _ in range(2)]
    dave.submit(pipeline)
    seen = {until(lambda: dave.lines(job), 'the job says its network')[0] for job in jobs}
    assert len(seen) == 2
    for job in jobs:
        kabuto.let_go(job)
        dave.wait_job(pipeline, job)


def test_network_that_nobody_asked_for_is_made_at_its_first_job(kabuto, dave):
    wait_ready(kabuto, 2)
    assert not joined(kabuto, dave, network='bridge')
    wait_ready(kabuto, 4)
    assert joined(kabuto, dave, network='bridge')


@pytest.mark.parametrize('network', ['none', 'bridge'])
def test_what_a_job_writes_of_its_network_is_gone_with_it(own, network):
    """The next job in the same sandbox, perhaps another user's, must not see it."""
    kabuto = own({'slots': 1, 'job': {'network': network}})
    dave, eve = kabuto.user('dave'), kabuto.user('eve')
    dave.image(), eve.image()
    wait_ready(kabuto, 1)
    # Another network has another address.
    show = "grep -v '^10[.].*job' /etc/hosts; cat /etc/resolv.conf /etc/hostname"
    before = dave.lines(dave.run(show)['id'])
    assert any('localhost' in line for line in before) and before[-1] == 'job'
    job = dave.run('for f in hosts resolv.conf hostname; do echo evil >> /etc/$f; done; ' + show)
    assert ' '.join(dave.lines(job['id'])).count('evil') == 3
    assert eve.lines(eve.run(show)['id']) == before


def ready_again(kabuto, old):
    """The sandbox in place of that one, once it is ready."""
    def replaced():
        found = [c for c in kabuto.sandboxes() if c['State'] == 'running' and c['Id'] != old]
        return found and list((kabuto.state / 'run/sandboxes').glob('*/hostname'))
    until(replaced, 'the sandbox is replaced', 120)  # Podman: once the job's container is gone


# What a job can do in its network without privileges, so that it shows afterwards.
TRACES = {
    'connection': '(nc -l -p 4000 >/dev/null &); until nc 127.0.0.1 4000 </dev/null; do :; done',
    'refused': 'nc 127.0.0.1 4001 </dev/null; true',
    'datagram': 'nslookup a.example 127.0.0.1; true',
}


def test_sandbox_of_a_job_that_used_the_bridge_is_replaced(own, engine):
    kabuto = own({'slots': 1, 'job': {'network': 'bridge'}})
    dave = kabuto.user('dave')
    dave.image()
    wait_ready(kabuto, 1)
    old = kabuto.sandboxes()[0]['Id']
    dave.run(f'nc {engine.address} 9 </dev/null; true')
    ready_again(kabuto, old)
    until(lambda: joined(kabuto, dave), 'jobs join it')


@pytest.mark.parametrize('trace', TRACES)
def test_next_account_finds_no_traces_in_its_network(own, trace):
    """Neither counters nor ports in TIME_WAIT; it may have another sandbox's network, or its own."""
    kabuto = own({'slots': 1})
    dave, eve = kabuto.user('dave'), kabuto.user('eve')
    dave.image(), eve.image()
    wait_ready(kabuto, 1)
    old = kabuto.sandboxes()[0]['Id']
    show = 'cd /proc/net; grep . dev snmp snmp6 netstat tcp tcp6 udp udp6 raw icmp unix arp 2>&1'
    before = eve.lines(eve.run(show)['id'])
    assert kabuto.sandboxes()[0]['Id'] == old
    dave.run(TRACES[trace])
    assert eve.lines(eve.run(show)['id']) == before
    ready_again(kabuto, old)
    assert eve.lines(eve.run(show)['id']) == before
    assert joined(kabuto, eve)


@pytest.mark.parametrize('network', ['none', 'bridge'])
def test_jobs_without_traces_share_a_sandbox(own, network):
    """Reading what is there, and sockets that end with the job, are none."""
    kabuto = own({'slots': 1, 'job': {'network': network}})
    dave = kabuto.user('dave')
    dave.image()
    wait_ready(kabuto, 1)
    api = kabuto.engine.call('GET', '/version')['ApiVersion']
    if network == 'bridge' and (api >= '1.48' or 'Podman' in type(kabuto.engine).__name__):
        pytest.skip('with Docker 28 and Podman the bridge has traffic that no job causes')
    before = {c['Id'] for c in kabuto.sandboxes()}
    for command in ('true', 'cat /proc/net/*', 'ls -l /sys/class/net; ip addr; ip route; netstat -an',
                    '(nc -l -p 4000 &); until grep -q :0FA0 /proc/net/tcp*; do :; done'):
        assert dave.run(command)['id']
    assert joined(kabuto, dave)
    assert {c['Id'] for c in kabuto.sandboxes()} == before


def test_sandbox_with_traces_is_not_taken_over_from_a_killed_spooler(own):
    kabuto = own({'slots': 1})
    dave = kabuto.user('dave')
    dave.image()
    wait_ready(kabuto, 1)
    old = kabuto.sandboxes()[0]['Id']
    pipeline, job = dave.begin(f'{TRACES["refused"]}; echo ready; {WAIT}')
    dave.wait_line(job, 'ready')
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    kabuto.wait_healthy()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    ready_again(kabuto, old)
    until(lambda: joined(kabuto, dave), 'jobs join it')


@pytest.mark.parametrize('write', [
    'echo 1024 2000 > /proc/sys/net/ipv4/ip_local_port_range', 'ip route add 10.1.1.1/32 dev lo',
    'ip addr add 10.1.1.1/32 dev lo', 'ip link add d0 type dummy', 'iptables -N evil',
    'echo evil > /proc/sys/kernel/hostname', 'hostname evil'])
def test_job_cannot_configure_the_network_that_others_use(kabuto, dave, write):
    wait_ready(kabuto, 2)
    assert dave.run(f'if {write}; then echo evil; fi')['state'] == 'done'
    job = dave.run(f'if {write} 2>/dev/null; then echo evil; fi; cat /proc/sys/kernel/hostname')
    assert dave.lines(job['id'], 'stdout') == ['job']


def test_job_in_a_sandbox_has_no_more_than_one_outside(kabuto, dave):
    wait_ready(kabuto, 2)
    job = dave.run('ip -o link | wc -l; ls /run/kabuto; ps | wc -l')
    lines = dave.lines(job['id'])
    assert lines[0] == '1', 'only loopback'
    assert set(lines[1:-1]) == {'idx', 'init', 'log', 'samples', 'usage'}


def test_dead_sandbox_is_made_again_and_no_job_fails(kabuto, dave):
    wait_ready(kabuto, 2)
    old = {c['Id'] for c in kabuto.sandboxes()}
    for container in old:
        kabuto.engine.call('POST', f'/containers/{container}/kill')
    job = dave.run('echo through')
    assert (job['state'], job['error'], job['attempt']) == ('done', None, 1)

    def healed():
        running = {c['Id'] for c in kabuto.sandboxes() if c['State'] == 'running'}
        healthy = running if kabuto.engine.starts_joined else running - old
        if not healthy:
            dave.run('true')
        return healthy
    until(healed, 'a sandbox runs again')


def test_removed_sandbox_is_made_again_and_no_job_fails(kabuto, dave):
    wait_ready(kabuto, 2)
    for container in kabuto.sandboxes():
        kabuto.engine.remove(container['Id'])
    job = dave.run('echo through')
    assert (job['state'], job['attempt']) == ('done', 1)
    until(lambda: kabuto.sandboxes() or dave.run('true') and False, 'a new sandbox is there')


def test_sandboxes_survive_a_killed_spooler(kabuto, dave):
    wait_ready(kabuto, 2)
    before = {c['Id'] for c in kabuto.sandboxes()}
    kabuto['spooler'].kill()
    kabuto['spooler'].start()
    kabuto.wait_healthy()
    until(lambda: joined(kabuto, dave), 'jobs join them again')
    assert {c['Id'] for c in kabuto.sandboxes()} == before


def test_no_sandbox_is_left_after_a_stop(kabuto, dave):
    wait_ready(kabuto, 2)
    dave.run('true')
    assert kabuto['spooler'].stop() == 0
    assert kabuto.sandboxes() == []
    kabuto['spooler'].start()
    kabuto.wait_healthy()


def test_sandbox_of_a_running_job_outlives_a_stop(own):
    """A job that goes on while the spooler is stopped keeps its network."""
    kabuto = own({'slots': 1, 'job': {'network': 'bridge'}})
    dave = kabuto.user('dave')
    dave.image()
    wait_ready(kabuto, 1)
    address = "ip -o -4 addr show dev eth0 | sed 's/.*inet //; s/ .*//'"
    pipeline, job = dave.begin(f'{address}; {WAIT}; {address}')
    first = until(lambda: dave.lines(job), 'it has an address')[0]
    kabuto['spooler'].stop()
    assert len(kabuto.sandboxes()) == 1
    kabuto['spooler'].start()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'
    assert dave.lines(job) == [first, first] and '/' in first


def test_image_with_a_label_of_sandboxes_makes_none_of_its_jobs(kabuto, dave):
    """A container inherits its image's labels; a stop removes sandboxes in which no job runs."""
    image = dave.image('FROM busybox\nLABEL kabuto.sandbox=999\n', name='trap')
    pipeline, job = dave.begin(f'echo ready; {WAIT}', image=image)
    dave.wait_line(job, 'ready')
    kabuto.wait_running(job)
    kabuto['spooler'].stop()
    assert [c['State'] for c in kabuto.containers()] == ['running']
    kabuto['spooler'].start()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


def test_there_are_some_where_jobs_start_faster_by_them(own, engine):
    """By default: not with Docker 28 and later, whose API is 1.48."""
    kabuto = own({'slots': 1, 'sandboxes': 'auto'})
    dave = kabuto.user('dave')
    dave.image()
    version = engine.call('GET', '/version')
    if 'Podman' in str(version) or version['ApiVersion'] < '1.48':
        wait_ready(kabuto, 1)
        assert joined(kabuto, dave)
    else:
        assert not joined(kabuto, dave) and kabuto.sandboxes() == []


def test_switched_off_there_are_none(own):
    kabuto = own({'slots': 2})
    dave = kabuto.user('dave')
    dave.image()
    wait_ready(kabuto, 2)
    kabuto['spooler'].send(signal.SIGKILL)
    kabuto['spooler'].process.wait()
    kabuto.configure(sandboxes=False)
    kabuto['spooler'].start()
    until(lambda: not kabuto.sandboxes(), 'those of the former spooler are removed')
    assert not joined(kabuto, dave) and kabuto.sandboxes() == []
