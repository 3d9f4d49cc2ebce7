"""kabuto run and rerun: one command from files to results, and nothing runs twice, whatever happens."""
import contextlib
import json
import os
import signal
import subprocess

import pytest

import kabutoclient
from client import WAIT, expect
from cutter import Cutter
from wait import until

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


@pytest.fixture
def cutter(kabuto):
    one = Cutter(kabuto)
    yield one
    one.close()


def through(cutter, cli):
    """The environment that sends kabuto through the cutter."""
    return {'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token}


def jobs(cli):
    """The account's jobs, the oldest first."""
    return list(cli.user.json('/jobs', params={'limit': 1000}).values())


def only_job(cli):
    """The one job that there must be."""
    found = jobs(cli)
    assert len(found) == 1, found
    return found[0]


def begin(cli, *words, **kw):
    """kabuto run of an image that is built, while the test does something."""
    return cli.start('run', '-i', str(cli.user.image()), *words, bufsize=0, **kw)


def run(cli, *words, **kw):
    return cli.run('run', '-i', str(cli.user.image()), *words, **kw)


def wait_job(cli, *states):
    """The only job, once it is in such a state."""
    return until(lambda: [x for x in jobs(cli) if x['state'] in states], f'a job is {states}')[0]


def finish(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out.decode(), err.decode()


def left(job, folder=''):
    """The lines that say how to go on."""
    return [f'kabuto: job {job} goes on without this command:', f'  kabuto logs -f {job}',
            f'  kabuto get {job}{folder}', f'  kabuto kill {job}']


# What runs

@pytest.mark.both
def test_streams_and_exit_code_are_the_jobs_own(cli):
    done = run(cli, '--', 'echo out; echo err >&2; exit 7')
    job = only_job(cli)
    assert (done.returncode, done.stdout) == (7, 'out\n')
    lines = done.stderr.splitlines()
    assert lines[0] == f'kabuto: job {job["id"]}: {cli.kabuto.url}/ui/job/{job["id"]}'
    assert 'err' in lines and lines[-1] == f'kabuto: job {job["id"]} failed: exit code 7'
    done = run(cli, '-q', '--', 'echo out; echo err >&2; exit 7')
    assert (done.returncode, done.stdout, done.stderr) == (7, 'out\n', 'err\n')


@pytest.mark.parametrize('words,printed', [
    (['echo', 'a  b', "it's", '$HOME', '*', '', 'ü', '"'], 'a  b it\'s $HOME *  ü "\n'),
    (['echo $((1 + 1))'], '2\n'),
    (['printf', r'%s\n', '-n', '--', 'a\nb'], '-n\n--\na\nb\n'),
    (['A=1', 'env', '-u', 'HOME', 'sh', '-c', 'echo $A'], '1\n'),
    ([], ''),
])
def test_words_reach_the_job_as_they_were_typed(cli, words, printed):
    done = run(cli, '-q', '--', *words)
    assert (done.returncode, done.stdout) == (0, printed), done


def test_exec_runs_the_words_without_a_shell(cli):
    done = run(cli, '-q', '--exec', '--', 'echo', '$HOME', 'a;b')
    assert (done.returncode, done.stdout) == (0, '$HOME a;b\n')
    assert json.loads(only_job(cli)['command']) == ['echo', '$HOME', 'a;b']


def test_options_are_those_of_the_job(cli):
    done = run(cli, '-q', '-e', 'A=x y', '-e', 'B', '-n', 'my job', '--memory', '64m', '--cpus', '0.5',
               '--pids', '50', '--disk', '1m', '--timeout', '60', '--grace', '1', '--network', 'none',
               '--retries', '1', '--user', 'nobody', '--workdir', '/tmp', '--stderr', 'stdout',
               '--', 'echo "$A/$B"; pwd; id -un; echo err >&2', env={'B': 'from here'})
    assert (done.returncode, done.stdout) == (0, 'x y/from here\n/tmp\nnobody\nerr\n'), done
    job = only_job(cli)
    assert job['env'] == ['A=x y', 'B=from here']
    assert {name: job[name] for name in ('name', 'memory', 'cpus', 'pids', 'disk', 'timeout', 'grace',
                                         'network', 'retries', 'user', 'workdir', 'stderr')} == \
        {'name': 'my job', 'memory': 64 << 20, 'cpus': 0.5, 'pids': 50, 'disk': 1 << 20,
         'timeout': 60, 'grace': 1, 'network': 'none', 'retries': 1, 'user': 'nobody',
         'workdir': '/tmp', 'stderr': 'stdout'}


def test_files_and_folders_are_in_the_inbox(cli):
    (cli.work / 'data').mkdir()
    (cli.work / 'data/a b.csv').write_text('1,2\n')
    (cli.work / 'one.txt').write_text('one\n')
    done = run(cli, '-q', '-f', 'data', '-f', 'one.txt', '--', 'cd /inbox; find . -type f | sort; '
               'cat "data/a b.csv" one.txt')
    assert done.stdout == './data/a b.csv\n./one.txt\n1,2\none\n', done


def test_image_is_found_by_its_name(cli):
    cli.user.image('FROM busybox\nENV X=old\n', name='my image')
    image = cli.user.image('FROM busybox\nENV X=new\n', name='my image')
    done = cli.run('run', '-q', '-i', 'my image', '--', 'echo $X')
    assert (done.stdout, only_job(cli)['image']['id']) == ('new\n', image)
    cli.fails(125, 'run', '-i', 'my imag', '--', 'true', says="no image 'my imag'")
    cli.fails(125, 'run', '-i', '999999', '--', 'true', says='Image not found')


def test_bytes_are_those_of_the_job(cli):
    content = bytes(range(256)) * 300
    (cli.work / 'x').write_bytes(content)
    done = run(cli, '-q', '-f', 'x', '--', 'cat /inbox/x', text=False)
    assert (done.returncode, done.stdout) == (0, content)


@pytest.mark.parametrize('words,status,says', [
    (['true'], 0, ''), (['exit 1'], 1, 'exit code 1'), (['exit 124'], 124, 'exit code 124'),
    (['exit 125'], 125, 'exit code 125'), (['/etc/passwd'], 126, 'exit code 126'),
    (['nothing'], 127, 'exit code 127'), (['kill -9 $$'], 137, 'SIGKILL'),
    (['--memory', '16m', '--', 'tail /dev/zero'], 137, '--memory'),
    (['--timeout', '1', '--grace', '0', '--', 'sleep 100'], 124, 'timed out after 1 s'),
])
def test_exit_code_says_how_the_job_ended(cli, words, status, says):
    done = run(cli, *words)
    assert done.returncode == status and says in done.stderr, done


def test_reason_is_told_once(cli):
    done = run(cli, '--exec', '--', 'nothing')
    assert done.stderr.count('no program') == 1 and 'kabuto logs' not in done.stderr, done
    assert done.stderr.endswith('use an image that has the program.\n')
    done = run(cli, '--user', 'nobody-here', '--', 'true')
    assert done.stderr.count('nobody-here') == 1 and 'kabuto logs' not in done.stderr, done


def test_lost_image_is_told(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    image = cli.user.image('FROM busybox\nENV LOST=1\n', name='lost')
    for tag in kabuto.engine.images():
        if f'-{image}:' in tag and kabuto.instance in tag:
            kabuto.engine.call('DELETE', f'/images/{tag}', force=1)
    done = cli.run('run', '-i', str(image), '--', 'true')
    assert done.returncode == 125 and 'kabuto build' in done.stderr, done


def test_bytes_are_exact_although_the_job_ended_unseen(own, tmp_path):
    """The state of a job that has ended comes after its lines."""
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    image = str(cli.user.image())
    kabuto['follow'].kill()
    process = cli.start('run', '-q', '-i', image, '--', r"printf '\377\n'")
    until(lambda: any(job['state'] == 'done' for job in jobs(cli)), 'the job ends')
    kabuto['follow'].start()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, b'\xff\n'), err


# Detached, and by JSON

def test_detached_run_prints_the_id_alone(cli):
    done = run(cli, '-d', '--', 'exit 3')
    job = only_job(cli)
    assert (done.returncode, done.stdout, done.stderr) == (0, f'{job["id"]}\n', '')
    made = json.loads(run(cli, '-d', '--json', '--', 'true').stdout)
    assert made['job'] == jobs(cli)[-1]['id'] and made['urls']['page'].endswith(str(made['job']))


def test_json_is_the_job_at_its_end(cli):
    done = run(cli, '--json', '--', 'echo out; exit 3')
    shown = json.loads(done.stdout)
    assert done.returncode == 3
    assert shown == cli.user.state(shown['pipeline']['id'], shown['id'])


def test_wrong_use_sends_nothing(cli):
    image = str(cli.user.image())
    (cli.work / 'folder').mkdir()
    (cli.work / 'Dockerfile').write_text('FROM busybox\nCOPY a b\n')
    cli.fails(2, 'run', '--', 'true', says='-i')
    cli.fails(2, 'run', '-i', image, '-d', '-o', 'out', '--', 'true', says='-d')
    cli.fails(2, 'run', '-i', image, '-d', '--kill', '--', 'true', says='-d')
    cli.fails(2, 'run', '-i', image, '-p', 'x', '--', 'true', says='x: a pipeline')
    cli.fails(2, 'run', '-i', image, '-e', '=x', '--', 'true', says='-e')
    cli.fails(2, 'run', '-i', image, '-e', 'UNSET', '--', 'true', says='UNSET')
    cli.fails(2, 'run', '-i', image, '--links', 'maybe', '--', 'true', says='--links')
    cli.fails(2, 'run', '-i', image, '--no-cache', '--', 'true', says='--no-cache')
    cli.fails(2, 'run', '-i', 'folder', '-c', 'folder', '--', 'true', says='-c')
    cli.fails(2, 'run', '-i', image, '--nothing', '--', 'true', says='--nothing')
    cli.fails(125, 'run', '-i', image, '-f', 'missing', '--', 'true', says='missing')
    cli.fails(125, 'run', '-i', 'folder', '--', 'true', says='Dockerfile')
    cli.fails(125, 'run', '-i', 'Dockerfile', '--', 'true', says='-c FOLDER')
    cli.fails(125, 'run', '-i', image, '--memory', 'x', '--', 'true', says='memory')
    cli.fails(125, 'run', '-i', image, '-p', '999999', '--', 'true', says='Pipeline not found')
    assert jobs(cli) == []


# Ctrl-C in each of its moments

@pytest.mark.parametrize('number,status', SIGNALS, ids=lambda x: str(int(x)))
def test_signal_while_files_are_sent_starts_nothing(cli, cutter, number, status):
    image = cli.user.image()
    (cli.work / 'big').write_bytes(bytes(64 << 20))
    cutter.hold()
    process = cli.start('run', '-i', str(image), '-f', 'big', '--', 'true', env=through(cutter, cli))
    until(lambda: cutter.held, 'the upload has begun')
    process.send_signal(number)
    assert finish(process, 10) == (status, '', 'kabuto: interrupted: nothing was started\n')
    cutter.cut()
    assert jobs(cli) == []


def test_signal_while_the_answer_is_awaited_waits_for_it(kabuto, cli, cutter):
    image = cli.user.image()
    cutter.hold_answers()
    process = cli.start('run', '-i', str(image), '--', WAIT, env=through(cutter, cli))
    job = wait_job(cli, 'running')['id']
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    cutter.let_go()
    status, out, err = finish(process, 10)
    assert (status, out, err.splitlines()[-4:]) == (130, '', left(job))
    assert only_job(cli)['state'] == 'running'
    kabuto.let_go(job)


def test_second_signal_while_the_answer_is_awaited_ends_it(kabuto, cli, cutter):
    image = cli.user.image()
    cutter.hold_answers()
    process = cli.start('run', '-i', str(image), '--', WAIT, env=through(cutter, cli))
    job = wait_job(cli, 'running')['id']
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGINT)
    assert finish(process, 10) == (130, '', 'kabuto: interrupted: the job may have started; '
                                   'kabuto ps shows it\n')
    kabuto.let_go(job)


@pytest.mark.both
@pytest.mark.parametrize('number,status', SIGNALS, ids=lambda x: str(int(x)))
def test_signal_while_it_runs_leaves_the_job(kabuto, cli, number, status):
    process = begin(cli, '-o', 'my out', '--', f'echo begin; {WAIT}')
    assert process.stdout.readline() == b'begin\n'
    job = only_job(cli)
    process.send_signal(number)
    code, out, err = finish(process, 10)
    assert (code, out) == (status, '')
    assert err.splitlines()[-4:] == left(job['id'], " -o 'my out'")
    assert only_job(cli)['state'] == 'running' and not (cli.work / 'my out').exists()
    kabuto.let_go(job['id'])


def test_ctrl_c_in_a_terminal_leaves_the_job(kabuto, cli):
    terminal = cli.terminal('run', '-i', cli.user.image(), '--', f'printf begin; {WAIT}')
    terminal.wait_for('begin')
    job = only_job(cli)['id']
    terminal.press_interrupt()
    assert terminal.wait() == 130
    # The job's last line had no end; what kabuto says begins at the margin all the same.
    assert terminal.text.splitlines()[-4:] == left(job)
    kabuto.let_go(job)


def test_signal_while_it_is_queued_leaves_the_job(kabuto, cli):
    pipeline, first = cli.user.begin(WAIT)
    process = begin(cli, '-p', str(pipeline), '--', 'true')
    job = wait_job(cli, 'in_queue')['id']
    until(lambda: b'/ui/job/' in process.stderr.readline(), 'it follows')
    assert process.stderr.readline().decode() == \
        f"kabuto: job {job} waits: 1 of its pipeline's jobs runs; max_parallel allows no more\n"
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process, 10)
    assert (status, err.splitlines()[-4:]) == (130, left(job))
    kabuto.let_go(first)


@pytest.mark.both
@pytest.mark.parametrize('number,status', SIGNALS, ids=lambda x: str(int(x)))
def test_kill_ends_the_running_job(cli, number, status):
    process = begin(cli, '--kill', '--grace', '1', '--', f"trap 'echo bye; exit 9' TERM; echo begin; {WAIT}")
    assert process.stdout.readline() == b'begin\n'
    process.send_signal(number)
    code, out, err = finish(process, 30)
    assert (code, out) == (status, 'bye\n'), err
    assert only_job(cli)['error'] == 'killed by its owner'


def test_kill_takes_a_queued_job_out_of_the_queue(own, tmp_path):
    kabuto = own({'slots': 1})
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    _, first = cli.user.begin(WAIT)
    cli.user.wait_state(_, first, 'running')
    process = begin(cli, '--kill', '--', 'true')
    until(lambda: b'/ui/job/' in process.stderr.readline(), 'it follows')
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process, 20)
    assert status == 130 and 'taken out of the queue' in err
    assert jobs(cli)[-1]['state'] == 'ready'
    kabuto.let_go(first)


def test_second_ctrl_c_leaves_a_job_that_is_being_killed(cli):
    process = begin(cli, '--kill', '--grace', '3', '--', f"trap '' TERM; echo begin; {WAIT}")
    assert process.stdout.readline() == b'begin\n'
    job = only_job(cli)['id']
    process.send_signal(signal.SIGINT)
    until(lambda: cli.kabuto.sql('SELECT cancel_requested FROM job WHERE id = ?', job)[0][0],
          'it is being killed')
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process, 10)
    assert (status, err.splitlines()[-4:]) == (130, left(job))


def test_ignored_signals_stay_ignored(kabuto, cli):
    """As under nohup, and for what a shell runs in the background."""
    process = begin(cli, '-q', '--', f'echo begin; {WAIT}', preexec_fn=lambda: [
        signal.signal(x, signal.SIG_IGN) for x in (signal.SIGINT, signal.SIGHUP)])
    assert process.stdout.readline() == b'begin\n'
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGHUP)
    kabuto.let_go(only_job(cli)['id'])
    assert finish(process) == (0, '', '')


# Faults

def test_reader_that_goes_away_leaves_the_job(kabuto, cli):
    process = begin(cli, '-q', '--', f'echo begin; {WAIT}; seq 10; echo end')
    assert process.stdout.readline() == b'begin\n'
    process.stdout.close()
    job = only_job(cli)['id']
    kabuto.let_go(job)
    assert process.wait(60) == 141
    err = process.stderr.read().decode().splitlines()
    assert err == ['kabuto: nobody reads the output any more', *left(job)]
    process.stderr.close()
    assert cli.user.wait_job(only_job(cli)['pipeline']['id'], job)['state'] == 'done'


def test_full_disk_of_the_output_leaves_the_job(cli):
    with open('/dev/full', 'wb') as full:
        process = begin(cli, '-q', '--', 'seq 10', stdout=full)
        err = process.communicate(timeout=60)[1].decode().splitlines()
    assert process.returncode == 125 and 'No space left' in err[0]
    assert err[1:] == left(only_job(cli)['id'])


@pytest.mark.both
@pytest.mark.limit(400)
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM], ids=['kill', 'term'])
def test_restart_of_all_processes_while_it_runs(own, tmp_path, number):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    process = begin(cli, '--', f'echo begin; {WAIT}; echo end; exit 3')
    assert process.stdout.readline() == b'begin\n'
    for one in kabuto.processes.values():
        if number == signal.SIGKILL:
            one.kill()
        else:
            one.stop()
    kabuto.start()
    job = only_job(cli)['id']
    kabuto.let_go(job)
    status, out, err = finish(process)
    assert (status, out) == (3, 'end\n'), err
    assert only_job(cli)['attempt'] == 1


@pytest.mark.limit(400)
def test_answer_that_is_lost_starts_nothing_twice(cli, cutter):
    """Cut after the server has made the job: the call is repeated with its key."""
    image = cli.user.image()
    cutter.hold_answers()
    process = cli.start('run', '-i', str(image), '--', 'echo once', env=through(cutter, cli))
    wait_job(cli, 'in_queue', 'running', 'done')
    cutter.cut()
    cutter.let_go()
    status, out, err = finish(process)
    assert (status, out) == (0, 'once\n'), err
    only_job(cli)


@pytest.mark.both
@pytest.mark.limit(400)
def test_restart_of_all_processes_while_files_are_sent(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    cutter = Cutter(kabuto)
    image = cli.user.image()
    (cli.work / 'big').write_bytes(bytes(64 << 20))
    cutter.hold()
    process = cli.start('run', '-i', str(image), '-f', 'big', '--', 'ls -s /inbox/big',
                        env=through(cutter, cli))
    until(lambda: cutter.held, 'the upload has begun')
    for one in kabuto.processes.values():
        one.kill()
    cutter.cut()
    cutter.let_go()
    kabuto.start()
    status, out, err = finish(process)
    cutter.close()
    assert status == 0 and '/inbox/big' in out, err
    only_job(cli)


@pytest.mark.limit(400)
def test_network_that_is_cut_for_20_seconds_while_it_runs(kabuto, cli, cutter):
    image = cli.user.image()
    process = cli.start('run', '-i', str(image), '--', f'echo begin; {WAIT}; seq 1000',
                        env=through(cutter, cli), bufsize=0)
    assert process.stdout.readline() == b'begin\n'
    cutter.hold()
    kabuto.let_go(only_job(cli)['id'])
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(20)
    cutter.let_go()
    status, out, err = finish(process)
    assert (status, out.split()) == (0, [str(i) for i in range(1, 1001)]), err


def test_revoked_token_leaves_the_job(kabuto, cli, cutter):
    image = cli.user.image()
    process = cli.start('run', '-q', '-i', str(image), '--', f'echo begin; {WAIT}',
                        env=through(cutter, cli), bufsize=0)
    assert process.stdout.readline() == b'begin\n'
    for token in cli.user.json('/account/token'):
        expect(cli.user.call('DELETE', f'/account/token/{token}'), 200)
    cutter.cut()
    status, _, err = finish(process)
    job = only_job(cli)['id']
    assert (status, err.splitlines()[-4:]) == (125, left(job))
    assert 'KABUTO_TOKEN is not' in err
    kabuto.let_go(job)


def test_token_that_is_revoked_while_the_answer_is_lost_leaves_it_open(cli, cutter):
    """The server may have made the job, and does not say so any more: do not run it twice."""
    image = cli.user.image()
    cutter.hold_answers()
    process = cli.start('run', '-q', '-i', str(image), '--', 'true', env=through(cutter, cli))
    wait_job(cli, 'in_queue', 'running', 'done')
    for token in cli.user.json('/account/token'):
        expect(cli.user.call('DELETE', f'/account/token/{token}'), 200)
    cutter.cut()
    cutter.let_go()
    status, _, err = finish(process)
    assert status == 125 and 'KABUTO_TOKEN is not' in err.splitlines()[-1]
    assert err.splitlines()[-2] == 'kabuto: the job may have started; kabuto ps shows it'
    again = cli.run('run', '-q', '-i', str(image), '--', 'true', env=through(cutter, cli))
    assert again.returncode == 125 and 'may have started' not in again.stderr, again
    only_job(cli)


def test_deleted_job_ends_it(cli):
    process = begin(cli, '-q', '--', f'echo begin; {WAIT}')
    assert process.stdout.readline() == b'begin\n'
    job = only_job(cli)
    expect(cli.user.call('DELETE', f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}'), 200)
    assert finish(process) == (125, '', f'kabuto: job {job["id"]} was deleted while it was followed\n')


def test_job_that_is_taken_out_of_the_queue_ends_it(kabuto, cli):
    pipeline, first = cli.user.begin(WAIT)
    process = begin(cli, '-p', str(pipeline), '--', 'true')
    until(lambda: b'/ui/job/' in process.stderr.readline(), 'it follows')
    cli.user.wait_state(pipeline, first, 'running')
    expect(cli.user.post(f'/pipeline/{pipeline}/cancel'), 200)
    status, _, err = finish(process)
    assert status == 125 and 'taken out of the queue' in err


def test_token_is_in_no_process_list_and_no_output(kabuto, cli):
    process = begin(cli, '--', f'echo begin; {WAIT}')
    assert process.stdout.readline() == b'begin\n'
    with open(f'/proc/{process.pid}/cmdline', 'rb') as file:
        shown = file.read()
    kabuto.let_go(only_job(cli)['id'])
    status, out, err = finish(process)
    assert status == 0 and cli.token not in shown.decode() + out + err


# kabuto rerun

@pytest.mark.both
def test_rerun_is_a_new_job_with_changes(cli):
    (cli.work / 'a').write_text('a\n')
    (cli.work / 'b').write_text('b\n')
    job = cli.user.run('cat /inbox/*; echo $X; exit 4', [('a', b'old\n')], env='X=1')
    done = cli.run('rerun', '-q', job['id'])
    assert (done.returncode, done.stdout) == (4, 'old\n1\n'), done
    assert jobs(cli)[-1]['rerun_of'] == job['id']
    done = cli.run('rerun', '-q', job['id'], '-f', 'a', '-f', 'b', '-e', 'X=2')
    assert (done.returncode, done.stdout) == (4, 'a\nb\n2\n'), done
    done = cli.run('rerun', '-q', job['id'], '--remove', 'a', '-n', 'other', '--', 'ls', '/inbox')
    assert (done.returncode, done.stdout, jobs(cli)[-1]['name']) == (0, '', 'other'), done
    done = cli.run('rerun', '-d', 'last')
    assert done.stdout == f'{jobs(cli)[-1]["id"]}\n' and jobs(cli)[-1]['name'] == 'other'


def test_failed_jobs_of_a_pipeline_run_again(cli):
    pipeline = cli.user.pipeline()
    failing = cli.user.job(pipeline, 'exit 1')
    hungry = cli.user.job(pipeline, 'tail /dev/zero', memory='16m')
    cli.user.job(pipeline, 'true')
    cli.fails(125, 'wait', failing)
    assert cli.run('submit', '--wait', pipeline).returncode == 1
    done = cli.run('rerun', '-p', pipeline, '--oom', '--memory', '32m')
    copy = jobs(cli)[-1]
    assert (done.returncode, done.stdout) == (0, f'{copy["id"]}\n')
    assert (copy['rerun_of'], copy['memory']) == (hungry, 32 << 20)
    done = cli.run('rerun', '-p', pipeline)
    assert done.returncode == 0 and jobs(cli)[-1]['rerun_of'] in (failing, copy['id'])
    cli.run('wait', *[job['id'] for job in jobs(cli)])


def test_wrong_use_of_rerun_is_told(cli):
    cli.fails(2, 'rerun')
    cli.fails(2, 'rerun', '1', '--oom', says='-p')
    cli.fails(2, 'rerun', '-p', 'x', says='x: a pipeline')
    cli.fails(2, 'rerun', '-p', '1', '--failed', '--oom')
    cli.fails(2, 'rerun', '-p', '1', '-o', 'out', says='-o')
    cli.fails(125, 'rerun', '999999', says='does not exist')
    cli.fails(125, 'rerun', '-p', '999999', says='Pipeline not found')


# kabuto submit

def test_submit_queues_and_waits(cli):
    pipeline = cli.user.pipeline()
    ids = [cli.user.job(pipeline, command) for command in ('true', 'exit 6')]
    assert cli.say('submit', pipeline) == ''.join(f'{id}\tin_queue\n' for id in ids)
    cli.run('wait', *ids)
    done = cli.run('submit', '-w', pipeline)
    assert (done.returncode, done.stdout) == (6, f'{ids[0]}\tdone\n{ids[1]}\tfailed\texit code 6\n')
    assert [job['attempt'] for job in jobs(cli)] == [2, 2]
    assert list(cli.json('submit', '--json', pipeline)) == [str(id) for id in ids]
    cli.run('wait', *ids)
    cli.fails(2, 'submit', 'x')
    cli.fails(1, 'submit', '999999', says='Pipeline not found')


@pytest.mark.parametrize('signals', [1, 2])
def test_submit_interrupted_says_what_is_known(cli, cutter, signals):
    pipeline = cli.user.pipeline() if signals == 2 else 999999
    cutter.hold_answers()
    process = cli.start('submit', pipeline, env=through(cutter, cli))
    until(lambda: cutter.held, 'the answer is held')
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
    cutter.let_go()
    status, _, said = finish(process, 10)
    if signals == 2:
        assert (status, said) == (130, 'kabuto: interrupted: the jobs may be in the queue; '
                                  'kabuto ps shows them\n')
    else:
        assert (status, said) == (1, 'kabuto: Pipeline not found\n')


# Images that the run builds

def project(cli, dockerfile='FROM busybox\nCOPY a.txt /a.txt\nRUN echo built\n'):
    """A folder with a Dockerfile and what it copies."""
    folder = cli.work / 'project'
    folder.mkdir(exist_ok=True)
    (folder / 'Dockerfile').write_text(dockerfile)
    (folder / 'a.txt').write_text('from the context\n')
    return folder


def builds(cli):
    return list(cli.user.json('/image/build').values())


@pytest.mark.both
def test_folder_becomes_its_results_by_one_command(cli):
    project(cli)
    (cli.work / 'in.txt').write_text('input\n')
    done = cli.run('run', '-i', 'project', '-f', 'in.txt', '-o', 'out/of it', '--',
                   'cat /a.txt /inbox/in.txt | tee /outbox/both.txt; mkdir /outbox/d; echo x >/outbox/d/y')
    assert (done.returncode, done.stdout) == (0, 'from the context\ninput\n'), done
    assert 'built\n' in done.stderr and 'COPY a.txt' in done.stderr
    assert (cli.work / 'out/of it/both.txt').read_text() == 'from the context\ninput\n'
    assert (cli.work / 'out/of it/d/y').read_text() == 'x\n'


@pytest.mark.parametrize('words', [
    ['-i', 'project'], ['-i', 'project/'], ['-c', 'project'], ['-i', 'project/Dockerfile', '-c', 'project'],
    ['-i', 'other', '-c', 'project', '--build-arg', 'A=1', '--no-cache']])
def test_image_of_a_run_is_a_dockerfile_a_folder_or_both(cli, words):
    project(cli)
    (cli.work / 'other').write_text('FROM busybox\nARG A\nCOPY a.txt /a.txt\n')
    done = cli.run('run', '-q', *words, '--', 'cat', '/a.txt')
    assert (done.returncode, done.stdout, done.stderr) == (0, 'from the context\n', '')


def test_unchanged_image_is_not_built_again(cli):
    (cli.work / 'Dockerfile').write_text('FROM busybox\nENV A=b\n')
    for _ in range(2):
        assert cli.run('run', '-q', '-i', 'Dockerfile', '--', 'echo $A').stdout == 'b\n'
    assert len(builds(cli)) == 1 and len(jobs(cli)) == 2


def test_failed_build_is_told_and_leaves_no_job(cli):
    project(cli, 'FROM busybox\nRUN echo why; exit 4\n')
    done = cli.run('run', '-i', 'project', '-o', 'out', '--', 'true')
    assert done.returncode == 125 and done.stdout == ''
    assert 'why\n' in done.stderr
    assert done.stderr.splitlines()[-1].startswith('kabuto: the image was not built, so no job runs: ')
    assert jobs(cli) == [] and not (cli.work / 'out').exists()


def test_colours_of_a_build_are_for_terminals(cli):
    project(cli, 'FROM busybox\nRUN echo reason >&2; exit 4\n')
    red = '\x1b[91mreason'  # by Docker's classic builder
    terminal = cli.terminal('build', 'project')
    assert terminal.wait() == 1
    done = cli.run('build', 'project')
    assert 'reason\n' in done.stderr and '\x1b' not in done.stderr
    if red in terminal.text:
        terminal = cli.terminal('build', 'project', env={'NO_COLOR': '1'})
        assert terminal.wait() == 1
        assert 'reason' in terminal.text and '\x1b' not in terminal.text


def slow(seconds):
    """A Dockerfile whose build takes so long, and is in no cache."""
    return f'FROM busybox\nENV X={os.urandom(8).hex()}\nRUN echo building; sleep {seconds}\n'


@pytest.mark.parametrize('number,status', SIGNALS, ids=lambda x: str(int(x)))
def test_signal_while_it_is_built_leaves_the_job(cli, number, status):
    project(cli, slow(5))
    process = cli.start('run', '-i', 'project', '--', 'echo ran', bufsize=0)
    until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
    process.send_signal(number)
    code, _, err = finish(process, 10)
    job = only_job(cli)
    assert (code, err.splitlines()[-4:]) == (status, left(job['id']))
    assert cli.run('logs', '-f', job['id']).stdout == 'ran\n'


def test_kill_while_it_is_built_cancels_the_build(cli):
    project(cli, slow(100))
    process = cli.start('run', '--kill', '-i', 'project', '--', 'true', bufsize=0)
    until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
    process.send_signal(signal.SIGINT)
    status, _, err = finish(process, 60)
    assert status == 130 and 'no job runs' in err and 'FROM busybox' not in err
    assert jobs(cli) == [] and builds(cli)[0]['state'] != 'PENDING'


@pytest.mark.both
@pytest.mark.limit(400)
def test_restart_of_all_processes_while_it_is_built(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    project(cli, slow(3))
    process = cli.start('run', '-i', 'project', '--', 'echo ran', bufsize=0)
    until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
    for one in kabuto.processes.values():
        one.kill()
    kabuto.start()
    status, out, err = finish(process)
    assert (status, out) == (0, 'ran\n'), err
    assert only_job(cli)['attempt'] == 1 and len(builds(cli)) == 1


# Results

def test_folder_that_is_not_empty_is_refused_before_anything_is_sent(cli):
    (cli.work / 'out').mkdir()
    (cli.work / 'out/mine').write_text('mine\n')
    image = cli.user.image()
    cli.fails(125, 'run', '-i', image, '-o', 'out', '--', 'true', says='--force')
    assert jobs(cli) == []
    done = run(cli, '-q', '-o', 'out', '--force', '--', 'echo new >/outbox/new')
    assert done.returncode == 0
    assert sorted(x.name for x in (cli.work / 'out').iterdir()) == ['mine', 'new']


def test_results_of_a_failed_job_are_fetched(cli):
    done = run(cli, '-q', '-o', 'out', '--', 'echo x >/outbox/x; exit 5')
    assert done.returncode == 5 and (cli.work / 'out/x').read_text() == 'x\n'


@pytest.mark.parametrize('env', [{}, {'TMPDIR': '/tmp'}], ids=['usual', 'TMPDIR'])
def test_results_need_no_home(cli, env):
    env = {'HOME': '/proc/none', 'XDG_CACHE_HOME': None, **env}
    done = run(cli, '-o', 'out', '--', 'echo x >/outbox/x', env=env)
    assert done.returncode == 0 and (cli.work / 'out/x').read_text() == 'x\n', done
    assert done.stderr.splitlines()[-1] == 'kabuto: 1 file in out'
    cli.run('get', 'last', 'x', '-o', 'single', env=env)
    assert (cli.work / 'single/x').read_text() == 'x\n'
    cli.fails(1, 'get', 'last', '-o', 'set', env={'XDG_CACHE_HOME': '/proc/none'},
              says=['XDG_CACHE_HOME', '/proc/none'])


def test_full_disk_of_the_results_is_told_and_leaves_nothing(cli):
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', cli.work], check=True)
    try:
        done = run(cli, '-q', '-o', 'out', '--', 'head -c 3000000 /dev/urandom >/outbox/x', cwd=cli.work)
        job = only_job(cli)['id']
        assert done.returncode == 125, done
        assert f'  kabuto get {job} -o out' in done.stderr.splitlines()
        assert list(cli.work.iterdir()) == []
    finally:
        subprocess.run(['umount', cli.work], check=True)
    assert cli.run('get', job, '-o', 'out').returncode == 0
    assert (cli.work / 'out/x').stat().st_size == 3000000


def test_limit_of_file_sizes_is_told_and_leaves_the_results(cli):
    """As batch systems set it: the kernel would send SIGXFSZ."""
    image = str(cli.user.image())
    command = ['bash', '-c', 'ulimit -f 64; exec "$@"', 'bash', cli.program, 'run', '-q', '-i', image,
               '-o', 'out', '--', 'head -c 200000 /dev/urandom >/outbox/x; exit 7']
    done = subprocess.run(command, env=cli.surroundings({}), cwd=cli.work, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 7 and 'File too large' in done.stderr, done
    assert list(cli.work.iterdir()) == []
    assert cli.run('get', 'last', '-o', 'out').returncode == 0
    assert (cli.work / 'out/x').stat().st_size == 200000


@pytest.mark.limit(400)
def test_signal_while_results_are_fetched_leaves_them(cli, cutter):
    image = cli.user.image()
    process = cli.start('run', '-i', str(image), '-o', 'out', '--',
                        f'echo begin; {WAIT}; head -c 20000000 /dev/urandom >/outbox/x',
                        env=through(cutter, cli), bufsize=0)
    assert process.stdout.readline() == b'begin\n'
    job = only_job(cli)
    cutter.throttle(1 << 20)  # the log's end comes, most of the results do not
    cli.kabuto.let_go(job['id'])
    until(lambda: cutter.held, 'the results are on their way')
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process, 10)
    cutter.let_go()
    assert (status, err.splitlines()[-1]) == (130, f'  kabuto get {job["id"]} -o out'), err
    assert not (cli.work / 'out').exists()
    assert cli.run('get', job['id'], '-o', 'out').returncode == 0
    assert (cli.work / 'out/x').stat().st_size == 20000000


@pytest.mark.both
@pytest.mark.limit(400)
def test_restart_of_all_processes_while_results_are_fetched(own, tmp_path):
    kabuto = own()
    cli, cutter = kabutoclient.Client(kabuto, kabuto.user(), tmp_path), Cutter(kabuto)
    image = cli.user.image()
    process = cli.start('run', '-i', str(image), '-o', 'out', '--',
                        f'echo begin; {WAIT}; head -c 20000000 /dev/urandom >/outbox/x; exit 6',
                        env=through(cutter, cli), bufsize=0)
    assert process.stdout.readline() == b'begin\n'
    cutter.throttle(1 << 20)
    kabuto.let_go(only_job(cli)['id'])
    until(lambda: cutter.held, 'the results are on their way')
    for one in kabuto.processes.values():
        one.kill()
    cutter.cut()
    cutter.let_go()
    kabuto.start()
    status, out, err = finish(process)
    cutter.close()
    assert status == 6 and (cli.work / 'out/x').stat().st_size == 20000000, err
    assert only_job(cli)['attempt'] == 1


# The same faults in the other moments

@pytest.mark.both
@pytest.mark.limit(400)
def test_restart_of_all_processes_while_the_answer_is_awaited(own, tmp_path):
    kabuto = own()
    cli, cutter = kabutoclient.Client(kabuto, kabuto.user(), tmp_path), Cutter(kabuto)
    image = cli.user.image()
    cutter.hold_answers()
    process = cli.start('run', '-i', str(image), '--', 'echo once', env=through(cutter, cli))
    wait_job(cli, 'in_queue', 'running', 'done')
    for one in kabuto.processes.values():
        one.kill()
    cutter.cut()
    cutter.let_go()
    kabuto.start()
    status, out, err = finish(process)
    cutter.close()
    assert (status, out) == (0, 'once\n'), err
    assert only_job(cli)['attempt'] == 1


@pytest.mark.both
@pytest.mark.limit(400)
def test_restart_of_all_processes_while_it_is_queued(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    pipeline, first = cli.user.begin(f'echo begin; {WAIT}')
    process = begin(cli, '-p', str(pipeline), '--', 'echo ran')
    until(lambda: b'/ui/job/' in process.stderr.readline(), 'it follows')
    cli.user.wait_line(first, 'begin')
    for one in kabuto.processes.values():
        one.kill()
    kabuto.start()
    kabuto.let_go(first)
    status, out, err = finish(process)
    assert (status, out) == (0, 'ran\n'), err
    assert [job['attempt'] for job in jobs(cli)] == [1, 1]


@pytest.mark.limit(400)
@pytest.mark.parametrize('moment', ['sent', 'awaited', 'built', 'fetched'])
def test_network_that_is_cut_for_20_seconds(cli, cutter, moment):
    project(cli, f'FROM busybox\nENV X={os.urandom(8).hex()}\nRUN echo building; sleep 5\n')
    (cli.work / 'big').write_bytes(bytes(32 << 20))
    if moment == 'sent':
        cutter.hold()
    elif moment == 'awaited':
        cutter.hold_answers()
    process = cli.start('run', '-i', 'project', '-f', 'big', '-o', 'out', '--',
                        'echo ran; head -c 20000000 /dev/urandom >/outbox/x', env=through(cutter, cli),
                        bufsize=0)
    if moment == 'built':
        until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
        cutter.hold()
    if moment == 'fetched':
        cutter.throttle(4 << 20)
        until(lambda: cutter.held, 'the results are on their way')
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(20)
    cutter.let_go()
    status, out, err = finish(process)
    assert (status, out) == (0, 'ran\n'), err
    assert (cli.work / 'out/x').stat().st_size == 20000000
    assert only_job(cli)['attempt'] == 1


def test_server_that_is_not_there_is_told_with_one_line(cli):
    url = {'KABUTO_URL': 'http://127.0.0.1:9', 'KABUTO_TOKEN': 'x'}
    done = cli.run('run', '-i', '1', '--', 'true', env=url)
    assert done.returncode == 125 and done.stdout == ''
    assert all(line.startswith('kabuto: no server answers at http://127.0.0.1:9')
               for line in done.stderr.splitlines()), done


def test_retry_is_followed_to_its_end(cli):
    done = run(cli, '-q', '--retries', '1', '--', 'echo try; exit 8')
    assert (done.returncode, done.stdout) == (8, 'try\ntry\n')
    assert only_job(cli)['attempt'] == 2


def test_pipe_that_nobody_reads_holds_nothing_but_this_command(cli):
    process = begin(cli, '-q', '--disk', '10m', '--', 'seq 100000; echo end >&2')
    job = wait_job(cli, 'done')['id']
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 143
    assert process.stderr.read().decode().splitlines()[-4:] == left(job)
    process.stdout.close()
    process.stderr.close()


def test_signal_before_anything_is_sent_starts_nothing(cli, cutter):
    """While the image is looked up by its name."""
    cutter.hold()
    process = cli.start('run', '-i', 'some name', '--', 'true', env=through(cutter, cli))
    until(lambda: cutter.held, 'it asks for the image')
    process.send_signal(signal.SIGINT)
    assert finish(process, 10) == (130, '', 'kabuto: interrupted: nothing was started\n')


def test_closed_output_is_told_and_nothing_else_is_written_to(cli):
    process = cli.start('run', '-q', '-i', str(cli.user.image()), '--', 'echo x',
                        preexec_fn=lambda: os.close(1))
    err = process.communicate(timeout=60)[1].decode()
    job = only_job(cli)['id']
    assert process.returncode == 125
    assert err.splitlines() == ['kabuto: write to stdout: Bad file descriptor', *left(job)]
