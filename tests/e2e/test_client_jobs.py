"""kabuto ps, show, images, kill, why and open."""
import json
import subprocess

import pytest

import kabutoclient
from client import WAIT
from wait import until


@pytest.fixture
def jobs(cli):
    """Three jobs of one pipeline: done, failed, ready; gives their ids."""
    user = cli.user
    pipeline = user.pipeline('three')
    ids = [user.job(pipeline, 'echo a', name='first'), user.job(pipeline, 'echo oh no; exit 3')]
    user.submit(pipeline)
    for job in ids:
        user.wait_job(pipeline, job)
    ids.append(user.job(pipeline, 'echo late\tb\necho c', name='a\tb'))
    return ids


def rows(text):
    return [line.split('\t') for line in text.splitlines()]


# ps

@pytest.mark.both
def test_ps_in_a_pipe_is_tab_separated_and_exact(cli, jobs):
    listed = rows(cli.say('ps'))
    assert [row[0] for row in listed] == [str(job) for job in reversed(jobs)]
    assert all(len(row) == 9 for row in listed), listed
    ready, failed, done = listed
    shown = [cli.user.json('/jobs')[str(job)] for job in jobs]
    assert ready[1] == 'ready' and ready[2] == '' and ready[4] == ''
    assert ready[5] == 'a b' and ready[8] == 'echo late b echo c'
    assert failed[1:3] == ['failed', '3'] and failed[7] == 'exit code 3'
    assert done[1:4] == ['done', '0', shown[0]['creation_date']] and done[5:7] == ['first', 'test']
    assert float(done[4]) > 0


def test_ps_in_a_terminal_is_a_table_with_colours(cli, jobs):
    terminal = cli.terminal('ps')
    assert terminal.wait() == 0
    lines = terminal.text.splitlines()
    assert lines[0].startswith('\x1b[1m') and 'STATE' in lines[0] and 'COMMAND' in lines[0]
    assert len(lines) == 4 and '\t' not in terminal.text
    assert '\x1b[31mfailed\x1b[0m' in terminal.text and '\x1b[32mdone' in terminal.text
    assert [line.split()[0] for line in lines[1:]] == [str(job) for job in reversed(jobs)]


@pytest.mark.parametrize('env', [{'NO_COLOR': '1'}, {'TERM': 'dumb'}, {'TERM': None}])
def test_ps_has_no_colours_where_they_are_not_wanted(cli, jobs, env):
    terminal = cli.terminal('ps', env=env)
    assert terminal.wait() == 0
    assert '\x1b' not in terminal.text and 'failed' in terminal.text


def test_ps_fits_the_terminal(cli):
    user = cli.user
    user.job(user.pipeline(), 'x' * 500, name='日本語' * 10)
    for columns in (60, 80, 200):
        terminal = cli.terminal('ps', columns=columns, env={'NO_COLOR': '1'})
        assert terminal.wait() == 0
        for line in terminal.text.splitlines():
            wide = sum(2 if 0x3000 < ord(c) < 0xa000 else 1 for c in line)
            assert wide <= columns, (columns, line)
        assert '…' in terminal.text


def test_ps_filters(cli, jobs):
    done, failed, ready = map(str, jobs)
    pipeline = cli.user.json('/jobs')[done]['pipeline']['id']
    other = cli.user.pipeline('other')
    late = str(cli.user.job(other, 'true', name='first of others'))
    image = str(cli.user.image())
    for words, ids in (((), [late, ready, failed, done]),
                       (('--limit', 2), [late, ready]), (('--limit=1',), [late]),
                       (('--state', 'failed'), [failed]), (('-p', pipeline), [ready, failed, done]),
                       (('-n', 'first'), [late, done]), (('-i', image, '--state', 'done'), [done]),
                       (('-i', 'test', '-n', 'first of'), [late]),
                       (('-a', '-p', other), [late]), (('-n', 'nothing'), [])):
        assert cli.say('ps', '-q', *words).split() == ids, words
        assert list(cli.json('ps', '--json', *words)) == ids, words
    listed = cli.json('ps', '--json')
    assert listed == cli.user.json('/jobs', params={'limit': 20})


def test_ps_shows_20_jobs_and_with_a_all(cli):
    pipeline = cli.user.pipeline()
    ids = [str(cli.user.job(pipeline, 'true')) for _ in range(23)]
    assert cli.say('ps', '-q').split() == ids[:2:-1]
    assert cli.say('ps', '-qa').split() == ids[::-1]


@pytest.mark.parametrize('words', [
    ('--state', 'lost'), ('-i', 'no such'), ('-i', '999999')])
def test_ps_says_what_is_wrong_with_a_filter(cli, words):
    done = cli.run('ps', *words)
    if words == ('-i', '999999'):  # as the API: a list without jobs
        assert (done.returncode, done.stdout) == (0, '')
    else:
        assert done.returncode == 1 and done.stderr.startswith('kabuto: '), done


@pytest.mark.parametrize('words', [
    ('ps', 'x'), ('ps', '--limit', '0'), ('ps', '--limit', 'many'), ('ps', '-q', '--json'),
    ('ps', '-p', '0'), ('ps', '-p', '-1'), ('images', 'x'), ('images', '--limit', '0'), ('show',),
    ('show', '1', '2'), ('kill',), ('why',), ('why', '1', '2'), ('open', '1', '2')])
def test_wrong_use_of_the_lists_is_2(cli, words):
    cli.fails(2, *words)


# show, why

def test_show_in_a_pipe_has_a_line_for_each_fact(cli, jobs):
    facts = dict(rows(cli.say('show', jobs[1])))
    assert facts['job'] == str(jobs[1]) and facts['state'] == 'failed'
    assert facts['exit code'] == '3' and facts['command'] == 'echo oh no; exit 3'
    assert facts['page'] == f'{cli.kabuto.url}/ui/job/{jobs[1]}'
    assert 'exit code 3' in facts['why'] and f'kabuto logs {jobs[1]}' in facts['next']
    assert facts['started'].endswith('Z') and 'limit' not in facts['memory']
    assert cli.json('show', '--json', jobs[1]) == cli.user.json('/jobs')[str(jobs[1])]


def test_show_in_a_terminal_keeps_the_lines_of_a_command(cli, jobs):
    terminal = cli.terminal('show', jobs[2])
    assert terminal.wait() == 0
    assert '\x1b[2mcommand     \x1b[0mecho late?b\n            echo c\n' in terminal.text


def test_last_is_the_own_newest_job(cli, jobs, bob):
    bob.job(bob.pipeline(), 'true')
    assert cli.json('show', '--json', 'last')['id'] == jobs[-1]


def test_job_that_is_not_mine_is_told_as_one_that_is_not_there(cli, bob):
    other = bob.job(bob.pipeline(), 'true')
    texts = {cli.fails(1, command, job, says='kabuto ps').replace(str(job), 'N')
             for command in ('show', 'why', 'kill', 'open') for job in (other, 99999999)}
    assert len(texts) == 1, texts


@pytest.mark.parametrize('job', ['', 'x', '-1', '0', '1x', '99999999999999999999', 'LAST'])
def test_job_that_is_no_number_is_refused(cli, job):
    cli.fails(1, 'show', '--', job, says='last')


def test_last_without_any_job(cli):
    cli.fails(1, 'show', 'last', says='kabuto run')


@pytest.mark.parametrize('command, options, reason, following', [
    ('exit 7', {}, 'exit code 7', 'kabuto logs {}'),
    ('no-such-program', {}, 'exit code 127', 'was not found'),
    ('sleep 100', {'timeout': 1}, 'timed out after 1 s', 'kabuto rerun {} --timeout 2'),
    ('x=a; while :; do x=$x$x$x; done', {'memory': '16m'}, 'out of memory',
     'kabuto rerun {} --memory 64m'),
    ('true', {}, 'exit code 0', '')])
def test_why_names_the_reason_and_the_next_step(cli, command, options, reason, following):
    job = cli.user.run(command, **options)['id']
    said = cli.say('why', job)
    assert reason in said and following.format(job) in said, said
    answer = cli.json('why', '--json', job)
    assert answer['id'] == job and reason in answer['reason']
    assert following.format(job) in answer['next'] if following else answer['next'] == ''


def test_why_shows_the_end_of_the_log_of_a_failed_job(cli):
    job = cli.user.run(r'for i in 1 2 3 4 5 6 7; do echo line $i; done; printf "\033[31mred\n"; exit 1')
    said = cli.say('why', job['id'])
    assert '    line 4\n' in said and 'line 3' not in said
    assert '    ?[31mred\n' in said and '\x1b' not in said


def test_why_of_jobs_that_wait(cli):
    user, pipeline = cli.user, cli.user.pipeline()
    first, second = user.job(pipeline, WAIT), user.job(pipeline, 'true')
    ready = user.job(user.pipeline(), 'true')
    assert f'kabuto submit' in cli.say('why', ready)
    user.submit(pipeline)
    user.wait_state(pipeline, first, 'running')
    assert 'It has been running for' in cli.say('why', first)
    said = cli.say('why', second)
    assert 'place 1 of its pipeline' in said and 'max_parallel' in said
    cli.kabuto.let_go(first)
    user.wait_job(pipeline, second)


# kill, images, open

def test_kill_ends_jobs_that_run(cli):
    begun = [cli.user.begin('sleep 1000', grace=0) for _ in range(2)]
    for pipeline, job in begun:
        cli.user.wait_state(pipeline, job, 'running')
    ids = [job for _, job in begun]
    assert cli.say('kill', *ids).split() == [str(job) for job in ids]
    for pipeline, job in begun:
        assert cli.user.wait_job(pipeline, job)['error'] == 'killed by its owner'
    done = cli.run('kill', ids[0], 'x', 99999999)
    assert done.returncode == 1 and done.stdout == ''
    assert len(done.stderr.splitlines()) == 3
    assert f'job {ids[0]}: Cannot kill a job that is not running' in done.stderr


def test_kill_takes_a_job_out_of_the_queue(own, tmp_path):
    kabuto = own({'slots': 1})
    user = kabuto.user()
    cli = kabutoclient.Client(kabuto, user, tmp_path)
    pipeline, first = user.begin(WAIT)
    user.wait_state(pipeline, first, 'running')
    alone, waits = user.begin('true')
    assert cli.say('kill', waits) == f'{waits}\n'
    assert user.state(alone, waits)['state'] == 'ready'
    two = user.pipeline()
    second = [user.job(two, 'true') for _ in range(2)][0]
    user.submit(two)
    cli.fails(1, 'kill', second, says=f'kabuto api POST /pipeline/{two}/cancel')
    cli.say('api', 'POST', f'/pipeline/{two}/cancel')
    kabuto.let_go(first)
    user.wait_job(pipeline, first)


def test_kill_prints_the_answers_as_json(cli):
    pipeline, job = cli.user.begin('sleep 1000', grace=0)
    cli.user.wait_state(pipeline, job, 'running')
    assert cli.json('kill', '--json', job) == {str(job): {'message': 'Success'}}
    cli.user.wait_job(pipeline, job)


def test_images_lists_the_newest_first(cli):
    user = cli.user
    ids = [str(user.image('# a comment\n  from busybox AS x\n', name=name))
           for name in ('one', 'two', 'a\tb')]
    listed = rows(cli.say('images'))
    assert [row[0] for row in listed] == ids[::-1]
    assert [row[2] for row in listed] == ['a b', 'two', 'one'] and listed[0][3] == 'busybox AS x'
    assert cli.say('images', '-q', '-n', 'tw').split() == [ids[1]]
    assert cli.say('images', '-q', '--limit', '2').split() == ids[:0:-1]
    assert cli.json('images', '--json') == user.json('/image')


def test_open_prints_the_page(cli, jobs):
    assert cli.say('open') == cli.kabuto.url + '/ui/\n'
    assert cli.say('open', jobs[0]) == f'{cli.kabuto.url}/ui/job/{jobs[0]}\n'


def test_open_starts_the_browser_of_a_desktop(cli, jobs):
    script = cli.folder / 'bin/xdg-open'
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$1" >{cli.folder}/part\nmv {cli.folder}/part {cli.folder}/opened\n')
    script.chmod(0o755)
    env = {'PATH': f'{script.parent}:/usr/bin:/bin', 'DISPLAY': ':0'}
    opened = cli.folder / 'opened'
    terminal = cli.terminal('open', '-p', jobs[0], env=env)
    assert terminal.wait() == 0 and not opened.exists()
    cli.say('open', jobs[0], env=env)
    assert not opened.exists()
    terminal = cli.terminal('open', jobs[0], env=env)
    assert terminal.wait() == 0
    until(opened.exists, 'the browser is opened')
    assert opened.read_text() == f'{cli.kabuto.url}/ui/job/{jobs[0]}\n'


# Many jobs

def frugal(cli, *words):
    """Runs it with 70 MB of address space, libraries included, and its output in a file."""
    with open(cli.folder / 'out', 'wb') as out:
        done = subprocess.run(['bash', '-c', 'ulimit -v 70000; exec "$0" "$@"', cli.program, *words],
                              env=cli.surroundings({}), stdout=out, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ''), done
    return (cli.folder / 'out').read_text()


def test_ps_of_30000_jobs_needs_little_memory(own, tmp_path):
    kabuto = own()
    user = kabuto.user()
    cli = kabutoclient.Client(kabuto, user, tmp_path)
    job = user.run('true')
    columns = ', '.join(row[1] for row in kabuto.sql('PRAGMA table_info(job)')
                        if row[1] not in ('id', 'results_token', 'attachment_token', 'position'))
    kabuto.sql(f"INSERT INTO job (attachment_token, position, {columns}) WITH RECURSIVE n (i) AS"
               f" (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)"
               f" SELECT '', i + 10, {columns} FROM job, n WHERE id = ?", job['id'])
    for words in (('ps', '-a'), ('ps', '-aq'), ('ps', '-a', '--json')):
        text = frugal(cli, *words)
        if words[-1] == '--json':
            assert len(json.loads(text)) == 30_000
        else:
            ids = [line.split('\t')[0] for line in text.splitlines()]
            assert len(ids) == 30_000 and sorted(ids, key=int, reverse=True) == ids
    done = subprocess.run(['bash', '-c', 'set -o pipefail; "$0" ps -a | head -1', cli.program],
                          env=cli.surroundings({}), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.count('\n') == 1
