"""What a job has used over time."""
import pytest

from client import WAIT, expect, refused
from ctl import again, maintain
from wait import until

HOLD = 'x=$(head -c 40000000 /dev/zero | tr "\\0" x); echo held; '
BUSY = 'i=0; until [ -e /outbox/go ]; do i=$((i + 1)); done'


def usage(client, job, **params):
    return client.json(f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/usage', params=params)


def check_order(samples):
    assert len(samples) <= 600
    assert [x['time'] for x in samples] == sorted({x['time'] for x in samples})
    assert [x['cpu_s'] for x in samples] == sorted(x['cpu_s'] for x in samples)


def test_job_that_ends_at_once_has_the_sample_at_its_end(alice):
    job = alice.run('true')
    sample, = usage(alice, job)
    assert job['started_at'] <= sample['time'] <= job['finished_at']
    assert 0 < sample['cpu_s'] <= job['used_cpu'] + 0.001
    assert 0 < sample['memory'] <= job['used_memory'] + (1 << 20)


def test_running_job_shows_its_memory_and_its_cpu_time(kabuto, alice):
    pipeline, job = alice.begin(HOLD + BUSY, memory='256m')
    running = {'id': job, 'pipeline': {'id': pipeline}}
    alice.wait_line(job, 'held')

    def seen():
        samples = usage(alice, running)
        return len(samples) >= 3 and samples[-1]['memory'] > 40_000_000 and samples
    samples = until(seen, 'three samples, the last with the memory', 60)
    check_order(samples)
    assert samples[-1]['cpu_s'] > samples[0]['cpu_s']
    kabuto.let_go(job)
    ended = alice.wait_job(pipeline, job)
    after = usage(alice, ended)
    check_order(after)
    assert after[:len(samples)] == samples and len(after) > len(samples)
    assert after[-1]['cpu_s'] == pytest.approx(ended['used_cpu'], abs=0.5)
    assert max(x['memory'] for x in after) <= ended['used_memory']


def test_each_attempt_has_samples_of_its_own(alice):
    job = alice.run('exit 1', retries=1)
    assert job['attempt'] == 2
    first, second = (usage(alice, job, attempt=n) for n in (1, 2))
    assert usage(alice, job) == second and len(first) == len(second) == 1
    assert first[0]['time'] < second[0]['time']
    path = f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/usage'
    refused(alice.get(f'{path}?attempt=3'), 404, 'only 2 attempts')
    for wrong in ('0', '-1', 'x', ''):
        refused(alice.get(f'{path}?attempt={wrong}'), 400, 'attempt')


def test_usage_of_a_job_that_never_ran_or_is_anothers(alice, bob):
    pipeline = alice.pipeline()
    ready = {'id': alice.job(pipeline, 'true'), 'pipeline': {'id': pipeline}}
    assert usage(alice, ready) == []
    path = f'/pipeline/{pipeline}/job/{ready["id"]}/usage'
    refused(alice.get(path + '?attempt=1'), 404, 'only 0 attempts')
    refused(bob.get(path), 404, 'Job not found')


def test_program_that_cannot_be_started_has_a_sample(alice):
    job = alice.run('["/nothing"]')
    assert job['state'] == 'failed' and len(usage(alice, job)) == 1


DEEDS = {
    'noise': 'head -c 14400 /dev/urandom > $f',
    'ones': 'head -c 14400 /dev/zero | tr "\\0" "\\377" > $f',
    'zeros': 'head -c 14400 /dev/zero > $f',
    'half a record': 'printf 1234567 >> $f',
    'cut': ': > $f',
    'removed': 'rm -f $f',
    'hidden': 'chmod 0 $f; chown 4242:4242 $f',
    'huge': 'truncate -s 5G $f',
}


@pytest.mark.parametrize('deed', DEEDS, ids=lambda x: x.replace(' ', '_'))
def test_job_that_writes_to_the_file_harms_only_its_samples(kabuto, alice, deed):
    pipeline, job = alice.begin(f'f=/run/kabuto/samples; ({DEEDS[deed]}) 2>/dev/null; echo done; '
                                f'{WAIT}; exit 0')
    alice.wait_line(job, 'done')
    running = {'id': job, 'pipeline': {'id': pipeline}}
    check_order(usage(alice, running))
    if deed != 'huge':  # the spooler ends it
        kabuto.let_go(job)
    ended = alice.wait_job(pipeline, job)
    assert ended['state'] == ('failed' if deed == 'huge' else 'done'), ended['error']
    check_order(usage(alice, ended))
    assert alice.lines(job) == ['done']
    assert (kabuto.state / f'logs/{job}.1.usage').stat().st_size <= 600 * 24
    expect(alice.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)


def test_usage_counts_as_log_and_goes_with_it(own, later):
    kabuto = own({'retention': {'logs_days': 20}})
    dave = kabuto.user('dave')
    job = dave.run('true')
    sizes = sum(file.stat().st_size for file in kabuto.state.glob(f'logs/{job["id"]}.1.*'))
    assert kabuto.sql('SELECT log_size FROM job') == [(sizes,)]
    assert (kabuto.state / f'logs/{job["id"]}.1.usage').stat().st_size == 24
    maintain(kabuto, **later(21 * 86400))
    assert not list(kabuto.state.glob('logs/*'))
    refused(dave.get(f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/usage'), 410, 'removed')
    assert len(usage(dave, again(dave, job))) == 1


def test_attempt_of_a_former_version_has_no_samples(kabuto, alice):
    """Its container has no such file, and neither has the state directory."""
    job = alice.run('true')
    (kabuto.state / f'logs/{job["id"]}.1.usage').unlink()
    assert usage(alice, job) == []
    expect(alice.call('DELETE', f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}'), 200)
