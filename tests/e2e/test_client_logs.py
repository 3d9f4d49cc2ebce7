"""kabuto logs and kabuto wait: whatever happens, each line comes once, and the exit code is right."""
import hashlib
import json
import os
import signal
import subprocess

import pytest

import kabutoclient
from client import WAIT, expect
from cutter import Cutter
from gateproxy import GateProxy
from wait import until

# What a job prints that is hard to print again: no newline at the end, \r, \r\n, NUL, not UTF-8.
ODD = r"printf 'a\r\nb\rc\n\000d\n\377\376e\n\n\303\n\303\244\357\277\275\nlast'"


@pytest.fixture
def cutter(kabuto):
    one = Cutter(kabuto)
    yield one
    one.close()


def raw(client, job):
    return expect(client.get(f'/execution/{job}/logs?raw'), 200).content


def follow(cli, job, *words, **kw):
    """kabuto logs -f, which runs while the test does something."""
    return cli.start('logs', '-f', *words, str(job), bufsize=0, **kw)


def read_line(process):
    return process.stdout.readline()


def finish(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err.decode()


# What is printed

@pytest.mark.both
def test_streams_go_where_the_job_wrote_them(cli):
    _, job = cli.user.begin('echo out; echo err >&2; echo again; exit 3')
    cli.user.wait_line(job, 'again')
    done = cli.run('logs', '-f', job)
    assert (done.returncode, done.stdout) == (0, 'out\nagain\n')
    assert 'err\n' in done.stderr.splitlines(keepends=True)
    assert cli.run('logs', job).stdout == 'out\nagain\n'


def test_bytes_on_stdout_are_those_that_the_job_printed(cli):
    job = cli.user.run(ODD)['id']
    expected = b'a\r\nb\rc\n\0d\n\xff\xfee\n\n\xc3\n\xc3\xa4\xef\xbf\xbd\nlast'
    assert raw(cli.user, job).endswith(expected)
    for words in (['-f'], [], ['-n', '100']):
        assert cli.run('logs', *words, job, text=False).stdout == expected, words
    assert cli.run('logs', '--raw', job, text=False).stdout == raw(cli.user, job)


def test_binary_output_of_a_megabyte_comes_whole(cli):
    content = os.urandom(1 << 20)
    job = cli.user.run('cat /inbox/x', [('x', content)])['id']
    assert cli.run('logs', '-f', job, text=False).stdout == content


@pytest.mark.limit(570)
def test_200000_lines_are_those_of_the_raw_log(cli):
    job = cli.user.run('seq 200000', disk='10m')['id']
    expected = hashlib.sha256(raw(cli.user, job)).digest()
    for words in (['-f'], [], ['--raw']):
        done = cli.run('logs', *words, job, text=False)
        assert hashlib.sha256(done.stdout + done.stderr).digest() == expected, words


def test_tail_gives_the_last_lines_and_follows_from_there(kabuto, cli):
    _, job = cli.user.begin(f'seq 10; {WAIT}; echo after')
    cli.user.wait_line(job, '10')
    assert cli.say('logs', '-n', 2, job) == '9\n10\n'
    assert cli.say('logs', '-n', 0, job) == ''
    process = follow(cli, job, '-n', '3')
    assert [read_line(process) for _ in range(3)] == [b'8\n', b'9\n', b'10\n']
    gate = GateProxy(kabuto)
    nothing = follow(cli, job, '-n', '0', env={'KABUTO_URL': gate.url, 'KABUTO_TOKEN': cli.token})
    until(lambda: any(b'/events' in head for head in gate.heads), 'it knows where the log ends')
    kabuto.let_go(job)
    assert finish(process)[:2] == (0, b'after\n')
    assert finish(nothing)[:2] == (0, b'after\n')
    gate.close()


def test_time_and_json_are_those_of_the_server(cli):
    job = cli.user.run('echo a; echo b')['id']
    lines = cli.user.log(job)
    done = cli.run('logs', '--json', job)
    assert [json.loads(line) for line in done.stdout.splitlines()] == lines
    done = cli.run('logs', '-t', job)
    assert done.stdout == ''.join(f'{x["time"]} {x["logline"]}\n' for x in lines
                                  if x['stream'] == 'stdout')


def test_log_of_all_attempts_is_followed_through_a_retry(cli):
    _, job = cli.user.begin('echo try; exit 1', retries=1)
    status, out, _ = finish(follow(cli, job))
    assert (status, out) == (0, b'try\ntry\n')


def test_last_is_the_newest_job(cli):
    cli.user.run('echo first')
    cli.user.run('echo second')
    assert cli.run('logs', 'last').stdout == 'second\n'


def test_job_that_is_not_in_the_queue_is_no_reason_to_wait(cli):
    pipeline = cli.user.pipeline()
    job = cli.user.job(pipeline, 'true')
    done = cli.run('logs', '-f', job)
    assert (done.returncode, done.stdout) == (0, '')
    assert f'kabuto submit {pipeline}' in done.stderr
    cli.fails(125, 'wait', job, says=f'kabuto submit {pipeline}')


def test_wrong_use_is_told(cli):
    cli.fails(2, 'logs')
    cli.fails(2, 'logs', '1', '2')
    cli.fails(2, 'logs', '--raw', '-f', '1', says='--raw')
    cli.fails(2, 'logs', '-t', '--json', '1')
    cli.fails(2, 'logs', '--tail', '100001', '1')
    cli.fails(1, 'logs', '-f', '999999', says='does not exist')
    cli.fails(125, 'wait', '999999', says='does not exist')


# Faults

@pytest.mark.both
@pytest.mark.limit(300)
def test_kill_of_each_process_while_a_job_is_followed(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    _, job = cli.user.begin(f'echo 0; for i in 1 2 3 4 5; do until [ -e /outbox/go$i ]; do '
                            f'sleep 0.02; done; seq $i 10 1000; done')
    process = follow(cli, job)
    waiting = cli.start('wait', '-q', job)
    assert read_line(process) == b'0\n'
    for i, name in enumerate(('follow', 'api', 'web', 'spooler', 'upload'), 1):
        kabuto[name].kill()
        kabuto[name].start()
        kabuto.wait_healthy()
        kabuto.let_go(job, f'go{i}')
    status, out, err = finish(process)
    assert status == 0, err
    expected = raw(cli.user, job)
    assert b'0\n' + out + err.encode() == expected or (b'0\n' + out) in expected, err
    assert out.count(b'\n') == 500 and finish(waiting)[:2] == (0, b'')


@pytest.mark.limit(300)
def test_cut_of_20_seconds_loses_and_repeats_nothing(kabuto, cli, cutter):
    _, job = cli.user.begin(f'echo begin; {WAIT}; seq 1000')
    process = follow(cli, job, env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    assert read_line(process) == b'begin\n'
    cutter.hold()
    kabuto.let_go(job)
    cli.user.wait_line(job, '1000')
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(20)
    cutter.let_go()
    status, out, err = finish(process)
    assert (status, out.decode().split()) == (0, [str(i + 1) for i in range(1000)]), err


def test_connection_that_is_cut_at_any_byte_loses_and_repeats_nothing(cli, cutter):
    _, job = cli.user.begin('seq 30000; echo end')
    cli.user.wait_line(job, 'end')
    cutter.throttle(200_000)
    process = follow(cli, job, env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    for _ in range(5):
        until(lambda: cutter.held, 'the log is on its way')
        cutter.cut()
        cutter.let_go()
        cutter.throttle(200_000)
    until(lambda: cutter.held, 'it goes on')
    cutter.let_go()
    status, out, err = finish(process)
    assert (status, err) == (0, '')
    assert out.split() == [b'%d' % i for i in range(1, 30001)] + [b'end']
    assert cutter.accepted > 5


def test_idle_job_keeps_its_stream_for_longer_than_the_silence_limit(kabuto, cli, cutter):
    """A heartbeat each 15 s keeps it: it is not cut after 40 s."""
    _, job = cli.user.begin(f'echo begin; {WAIT}')
    process = follow(cli, job, env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    assert read_line(process) == b'begin\n'
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(50)
    kabuto.let_go(job)
    assert finish(process) == (0, b'', '')
    assert cutter.accepted == 1


def test_token_that_is_revoked_ends_it_with_one_line(kabuto, cli, cutter):
    _, job = cli.user.begin(f'echo begin; {WAIT}')
    process = follow(cli, job, env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    assert read_line(process) == b'begin\n'
    for token in cli.user.json('/account/token'):
        expect(cli.user.call('DELETE', f'/account/token/{token}'), 200)
    cutter.cut()
    status, out, err = finish(process)
    assert (status, out) == (1, b'')
    assert len(err.splitlines()) == 1 and 'KABUTO_TOKEN is not' in err
    kabuto.let_go(job)


def test_deleted_job_ends_it_with_one_line(cli):
    pipeline, job = cli.user.begin(f'echo begin; {WAIT}')
    process, waiting = follow(cli, job), cli.start('wait', job)
    assert read_line(process) == b'begin\n'
    expect(cli.user.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    status, _, err = finish(process)
    assert (status, err) == (1, f'kabuto: job {job} was deleted while it was followed\n')
    assert finish(waiting) == (125, b'', f'kabuto: job {job}: Job not found\n')


def test_job_that_is_submitted_again_is_followed_from_its_new_beginning(kabuto, cli, cutter):
    pipeline, job = cli.user.begin(f'echo begin; {WAIT}; seq 100')
    process = follow(cli, job, env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    assert read_line(process) == b'begin\n'
    cutter.hold()
    kabuto.let_go(job)
    cli.user.wait_job(pipeline, job)
    kabuto['follow'].kill()  # so that what the stream has sent is lost
    kabuto['follow'].start()
    kabuto.wait_healthy()
    cli.user.submit(pipeline)
    cli.user.wait_line(job, 'begin')
    kabuto.let_go(job)
    cli.user.wait_job(pipeline, job)
    cutter.cut()
    cutter.let_go()
    status, out, err = finish(process)
    assert status == 0, err
    # The old run's lines may have come or not; the new run's come all.
    assert out.endswith(b'begin\n' + b''.join(b'%d\n' % i for i in range(1, 101)))
    assert 'was submitted again' in err or out.count(b'begin') == 0


# The reader of the output

def test_reader_that_goes_away_is_no_error(cli):
    job = cli.user.run('seq 100000', disk='10m')['id']
    for words in (['-f'], [], ['--raw']):
        process = cli.start('logs', *words, job)
        read_line(process)
        process.stdout.close()
        assert process.wait(60) == 0
        assert b'kabuto:' not in process.stderr.read()
        process.stderr.close()


def test_reader_that_does_not_read_delays_nothing_but_the_output(kabuto, cli):
    _, job = cli.user.begin(f'seq 100000; {WAIT}; echo end', disk='10m')
    process = follow(cli, job)
    cli.user.wait_line(job, '100000')
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.send_signal(signal.SIGINT)  # also while it waits for the reader
    assert process.wait(10) == 130
    process.communicate()
    again = follow(cli, job)
    kabuto.let_go(job)
    cli.user.wait_line(job, 'end')
    status, out, _ = finish(again)
    assert (status, out.count(b'\n')) == (0, 100001)


def test_full_disk_of_the_output_is_told(cli):
    job = cli.user.run('seq 100000', disk='10m')['id']
    with open('/dev/full', 'wb') as full:
        for words in (['-f'], [], ['--raw']):
            process = cli.start('logs', *words, job, stdout=full)
            err = process.communicate(timeout=60)[1].decode()
            assert process.returncode == 1 and 'No space left' in err.splitlines()[-1], err


@pytest.mark.parametrize('number,status', [(signal.SIGINT, 130), (signal.SIGTERM, 143),
                                           (signal.SIGHUP, 129)], ids=lambda x: str(int(x)))
def test_signal_ends_it_at_once_and_leaves_the_job(kabuto, cli, number, status):
    pipeline, job = cli.user.begin(f'echo begin; {WAIT}')
    process, waiting = follow(cli, job), cli.start('wait', job)
    assert read_line(process) == b'begin\n'
    process.send_signal(number)
    assert process.wait(5) == status
    process.communicate()
    waiting.send_signal(number)
    assert waiting.wait(5) == status
    waiting.communicate()
    assert cli.user.state(pipeline, job)['state'] == 'running'
    kabuto.let_go(job)


# kabuto wait

@pytest.mark.both
@pytest.mark.parametrize('command,status,kw', [
    ('true', 0, {}), ('exit 1', 1, {}), ('exit 7', 7, {}), ('exit 124', 124, {}),
    ('exit 125', 125, {}), ('/etc/passwd', 126, {}), ('nothing', 127, {}),
    ('kill -9 $$', 137, {}), ('tail /dev/zero', 137, {'memory': '16m'}),
    ('sleep 100', 124, {'timeout': 1, 'grace': 0}),
    ("trap 'exit 0' TERM; while :; do sleep 0.1; done", 124, {'timeout': 1}),
    ('truncate -s 0 /outbox/a; head -c 3000000 /dev/zero >/outbox/b', 125, {'disk': '1m'}),
])
def test_exit_code_is_the_jobs_own(cli, command, status, kw):
    pipeline, job = cli.user.begin(command, **kw)
    done = cli.run('wait', job)
    assert done.returncode == status, (done, cli.user.state(pipeline, job))
    shown = cli.user.state(pipeline, job)
    fields = [str(job), shown['state']] + ([shown['error']] if shown['error'] else [])
    assert done.stdout == '\t'.join(fields) + '\n'


def test_first_job_that_failed_gives_the_exit_code(cli):
    jobs = [cli.user.run(command)['id'] for command in ('true', 'exit 3', 'exit 4')]
    done = cli.run('wait', *jobs)
    assert (done.returncode, done.stdout.count('\n')) == (3, 3)
    done = cli.run('wait', '--json', *jobs)
    assert [job['id'] for job in json.loads(done.stdout)] == jobs


def test_killed_job_has_its_own_exit_code(kabuto, cli):
    pipeline, job = cli.user.begin(f'echo begin; {WAIT}', grace=0)
    waiting = cli.start('wait', '-q', job)
    cli.user.wait_line(job, 'begin')
    expect(cli.user.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    status = finish(waiting)[0]
    assert status in (137, 143) and status == cli.user.state(pipeline, job)['response']
