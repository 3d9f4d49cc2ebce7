"""Limits that hold: memory, time, processes, disk, log, sizes and numbers."""
from concurrent.futures import ThreadPoolExecutor

import pytest

import multipart
from client import WAIT, expect, refused
from wait import until


def test_out_of_memory(alice):
    job = alice.run('echo before; exec tail -c 200000000 /dev/zero', memory='32m')
    assert (job['state'], job['error']) == ('failed', 'out of memory (limit 32 MiB)')
    assert alice.lines(job['id']) == ['before']
    assert any('out of memory' in line for line in alice.lines(job['id'], 'system'))


def test_exit_code_137_alone_is_not_out_of_memory(alice):
    job = alice.run('exit 137')
    assert job['response'] == 137 and 'memory' not in job['error']


def test_timeout(alice):
    job = alice.run('echo begun; sleep 1000', timeout=1, grace=5)
    assert (job['state'], job['error']) == ('failed', 'timed out after 1 s')
    assert alice.lines(job['id']) == ['begun']


def test_timeout_gives_grace_to_end_well(alice):
    job = alice.run('trap "echo saved > /outbox/state; exit 0" TERM; while :; do sleep 0.05; done',
                    timeout=1, grace=60)
    assert (job['state'], job['error']) == ('failed', 'timed out after 1 s')
    assert alice.results(job).read('state') == b'saved\n'


def test_timeout_ends_a_job_that_ignores_sigterm(alice):
    job = alice.run('trap "" TERM; while :; do sleep 0.05; done', timeout=1, grace=1)
    assert (job['state'], job['error']) == ('failed', 'timed out after 1 s')


def test_no_grace_kills_at_once(alice):
    job = alice.run('trap "" TERM; while :; do sleep 0.05; done', timeout=1, grace=0)
    assert job['error'] == 'timed out after 1 s'


def test_fork_bomb_meets_its_limit(alice):
    job = alice.run('b() { b | b & b; }; b; sleep 1000', pids=32, timeout=2, grace=1, memory='256m')
    assert job['state'] == 'failed'
    assert alice.run('true')['state'] == 'done'


def test_pids_limit_counts_the_job(alice):
    job = alice.run('for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; wait', pids=6, timeout=2,
                    grace=1)
    assert job['state'] == 'failed'
    assert any('fork' in line for line in alice.lines(job['id'], 'stderr'))


def test_disk_limit(alice):
    job = alice.run('dd if=/dev/zero of=/outbox/big bs=1M count=64; sleep 1000',
                    disk='4m', timeout=60)
    assert job['state'] == 'failed' and '4 MiB' in job['error'], job['error']


def test_disk_limit_holds_for_a_job_that_ended_first(alice):
    job = alice.run('dd if=/dev/zero of=/outbox/big bs=1M count=16 2>/dev/null', disk='4m')
    assert job['state'] == 'failed' and '4 MiB' in job['error']


def test_sparse_file_counts_as_it_is_read(alice):
    """It takes no disk here, but all of its size in the results' zip and at who unpacks it."""
    job = alice.run('truncate -s 100M /outbox/sparse', disk='4m')
    assert job['state'] == 'failed' and '4 MiB' in job['error']
    assert alice.results(job).namelist() == []


@pytest.fixture(scope='module')
def small(lasting):
    """A user of a Kabuto with low limits."""
    return lasting({'log_limit': '100k', 'request_limit': '1m', 'attachments_max': 10,
                    'queued_max': 3, 'build': {'context_limit': '512k', 'output_limit': '64k'}}
                   ).user('dave')


def test_log_over_its_limit_keeps_its_head(small):
    job = small.run('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i + 1)); done')
    assert job['state'] == 'done'
    written = sum(len(f'line {i}\n') for i in range(20000))
    last = small.lines(job['id'], 'system')[-1]
    dropped = int(''.join(x if x.isdigit() else ' ' for x in last).split()[0])
    raw = small.get(f'/execution/{job["id"]}/logs?raw').content
    kept = raw[:raw.index(last.encode())] if last.encode() in raw else raw
    assert kept.startswith(b'line 0\n') and 90 << 10 < len(kept) <= 100 << 10
    assert dropped == written - len(kept), last


@pytest.mark.parametrize('file, size', [('/run/kabuto/log', '101k'), ('/run/kabuto/idx', '2M'),
                                        ('/run/kabuto/usage', '100k'), ('/etc/hosts', '100k'),
                                        ('/run/kabuto/samples', '15k')])
def test_files_that_kabuto_mounts_are_no_way_past_the_limits(small, file, size):
    job = small.run(f'truncate -s {size} {file}; sleep 1000', timeout=100, grace=100)
    assert job['state'] == 'failed' and "Kabuto's own files" in job['error'], job['error']


def test_build_output_over_its_limit(small):
    build = small.build('FROM busybox\nRUN yes 0123456789 | head -n 30000\n', nocache='true')
    state = small.wait_build(build)
    assert state['state'] in ('SUCCESS', 'FAILED')
    assert len(str(state['output'])) < 1 << 20


@pytest.mark.parametrize('files', [[('big', bytes(2 << 20))],
                                   [(f'{i}', bytes(200000)) for i in range(9)]])
def test_request_over_its_limit(small, files):
    pipeline = small.pipeline()
    refused(small.post_job(pipeline, 'true', files), 413, '1 MiB')
    assert small.pipeline_state(pipeline)['jobs'] == []


def test_request_over_its_limit_is_told_before_it_is_sent(small):
    head = multipart.body([multipart.field('command', 'true')])
    status, body = multipart.send(small, f'/pipeline/{small.pipeline()}/job', head, length=1 << 40)
    assert (status, body) == (0, b'') or status == 413


def test_form_over_its_limit(small):
    refused(small.post('/pipeline', {'name': 'x' * (2 << 20)}), 413)


def test_too_many_attachments(small):
    pipeline = small.pipeline()
    refused(small.post_job(pipeline, 'true', [(f'{i}', b'') for i in range(11)]), 413, '10')
    expect(small.post_job(pipeline, 'true', [(f'{i}', b'') for i in range(10)]), 200)


def test_build_context_over_its_limit(small):
    files = [('attachments', ('big', bytes(700 << 10)))]
    answer = small.post('/image', {'name': 'x', 'dockerfile': 'FROM busybox\n'}, files=files)
    refused(answer, 413, '512 KiB')


def test_more_queued_than_allowed(small):
    waiting = small.begin(WAIT)
    small.wait_state(*waiting, 'running')
    pipeline = small.pipeline()
    jobs = [small.job(pipeline, WAIT) for _ in range(5)]
    answer = small.post(f'/pipeline/{pipeline}/submit')
    refused(answer, 429, '3')
    assert int(answer.headers['Retry-After']) > 0
    states = {job['state'] for job in small.json(f'/pipeline/{pipeline}/job').values()}
    assert states == {'ready'} and len(jobs) == 5
    small.kabuto.let_go(waiting[1])
    small.wait_job(*waiting)


@pytest.fixture
def full_disk(own):
    """A Kabuto whose disk has less room than its configured floor, and a user of it."""
    kabuto = own()
    user = kabuto.user('dave')
    user.image()
    pipeline = user.pipeline()
    user.stored = (pipeline, user.job(pipeline, 'true'))
    kabuto.configure(min_free='1000000g')
    for name in ('spooler', 'api', 'upload'):
        kabuto[name].stop()
        kabuto[name].start()
    until(lambda: 'disk' in kabuto.health()[1], 'healthz tells of the disk')
    until(kabuto.pools_answer, 'the pools are back')
    return user


@pytest.mark.log_errors
def test_full_disk(full_disk):
    pipeline, job = full_disk.stored
    refused(full_disk.post_job(pipeline, 'true', [('a', b'x')]), 507)
    refused(full_disk.post('/image', {'name': 'x', 'dockerfile': 'FROM busybox\n'}), 507)
    assert full_disk.pipeline_state(pipeline)['jobs'] == [{'id': job}]
    assert full_disk.kabuto.health()[0] == 503
    answer = full_disk.post(f'/pipeline/{pipeline}/submit')
    if answer.status_code == 200:
        def reason():
            state = full_disk.state(pipeline, job)
            assert state['state'] == 'in_queue'
            return 'disk' in state['queue']['reason']
        until(reason, 'the queue says that the disk is full')
    else:
        refused(answer, 507)
    full_disk.kabuto.configure(min_free='1k')
    for name in ('spooler', 'api', 'upload'):
        full_disk.kabuto[name].stop()
        full_disk.kabuto[name].start()
    full_disk.kabuto.wait_healthy()
    if answer.status_code == 200:
        assert full_disk.wait_job(pipeline, job)['state'] == 'done'


def test_password_hashing_is_bounded(kabuto):
    """Forty log-ins at once are all answered, and the pool's memory stays that of a few hashes."""
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda i: kabuto.client().log_in(f'flood{i}'), range(40)))
    assert {answer.status_code for answer in answers} <= {401, 429, 503}
    with open(f'/proc/{kabuto["api"].pid}/status', encoding='ascii') as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith('VmHWM'))
    assert peak < 400 << 10
