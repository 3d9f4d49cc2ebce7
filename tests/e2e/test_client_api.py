"""kabuto api, and how kabuto speaks with servers that are good, bad, or not there."""
import json
import pathlib
import re
import subprocess

import pytest
import requests

import certificates
from client import expect
from kabutoclient import answer_bytes
from wait import until


# kabuto api

@pytest.mark.both
def test_api_prints_the_answer_as_it_came(cli):
    assert cli.json('api', 'GET', '/account') == cli.user.json('/account')
    assert cli.run('api', 'GET', '/account', text=False).stdout == \
        cli.user.get('/account').content


def test_api_sends_parameters_in_query_or_form(cli):
    made = cli.json('api', 'POST', '/pipeline', '-d', 'name=a b&c=ü', '-d', 'max_parallel=3')
    shown = cli.user.pipeline_state(made['id'])
    assert (shown['name'], shown['max_parallel']) == ('a b&c=ü', 3)
    assert list(cli.json('api', 'GET', '/pipeline', '-d', 'name=b&c')) == [str(made['id'])]
    assert cli.json('api', 'GET', '/pipeline', '-d', 'name=nothing') == {}
    assert list(cli.json('api', 'GET', '/pipeline?limit=5', '-d', 'name=nothing')) == []
    assert 'Success' in cli.say('api', 'DELETE', f'/pipeline/{made["id"]}')


def test_api_sends_a_json_file(cli):
    (cli.work / 'p.json').write_text(json.dumps({'name': 'by json', 'max_parallel': 2}))
    made = cli.json('api', 'POST', '/pipeline', '--json', 'p.json')
    assert cli.user.pipeline_state(made['id'])['name'] == 'by json'
    made = cli.json('api', '--json', '-', 'POST', '/pipeline', input='{"name": "by pipe"}')
    assert cli.user.pipeline_state(made['id'])['name'] == 'by pipe'


def test_api_sends_files_in_a_multipart_form(cli):
    (cli.work / 'a b.csv').write_text('1')
    (cli.work / 'folder').mkdir()
    (cli.work / 'folder/c.csv').write_text('23')
    (cli.work / 'Dockerfile').write_text('FROM busybox\n')
    made = cli.json('api', 'POST', '/image', '-F', 'name=x', '-F', 'dockerfile=@Dockerfile')
    image = cli.user.wait_build(made['build_id'], 'SUCCESS')['id']
    pipeline = cli.user.pipeline()
    job = cli.json('api', 'POST', f'/pipeline/{pipeline}/job', '-F', f'image_id={image}',
                   '-F', 'attachments=@a b.csv', '-F', 'attachments=@folder')['id']
    assert cli.user.state(pipeline, job)['attachments'] == \
        [{'name': 'a b.csv', 'size': 1}, {'name': 'folder/c.csv', 'size': 2}]
    cli.fails(1, 'api', 'POST', '/image', '-F', 'dockerfile=@missing', says='missing')
    cli.fails(1, 'api', 'POST', '/image', '-F', 'dockerfile', says='NAME=@FILE')


def test_api_shows_an_error_and_fails(cli):
    done = cli.run('api', 'GET', '/pipeline/1/job/999999')
    assert done.returncode == 1 and json.loads(done.stdout) == {'error': 'Job not found'}
    assert done.stderr == 'kabuto: Job not found\n'


def test_api_includes_the_head(cli):
    head, _, body = cli.run('api', '-i', 'GET', '/account', text=False).stdout \
        .partition(b'\r\n\r\n')
    assert head.startswith(b'HTTP/1.1 200') and json.loads(body)['login'] == cli.user.login
    assert cli.token.encode() not in head


@pytest.mark.parametrize('words', [
    ('api',), ('api', 'GET'), ('api', 'get', '/jobs'), ('api', 'GET', 'jobs'), ('api', 'GET', '/a', 'b'),
    ('api', 'GET', '/jobs', '-d', 'x'), ('api', 'GET', '/jobs', '-d'), ('api', '-x', 'GET', '/jobs'),
    ('api', '--no-such', 'GET', '/jobs'), ('api', 'POST', '/x', '-d', 'a=b', '--json', 'f'),
    ('api', 'POST', '/x', '-d', 'a=b', '-F', 'c=d'), ('api', 'GET', '/a b'), ('api', 'GET', '/é'),
    ('api', 'GET', '/jobs HTTP/1.1\r\nX: y')])
def test_wrong_use_is_2_with_the_usage_line(cli, words):
    cli.fails(2, *words)


def test_wrong_option_is_named(cli):
    cli.fails(2, 'ps', '--json', '-zq', says='kabuto: -z: ')
    cli.fails(2, 'ps', '-q', '--zz=1', says='kabuto: --zz=1: ')
    cli.fails(2, 'ps', '--json=1', says='kabuto: --json=1: ')
    cli.fails(2, 'ps', '-q', '--limit', says='kabuto: --limit: the option needs an argument')
    cli.fails(2, 'ps', '--json', '-qn', says='kabuto: -n: the option needs an argument')


def test_unknown_command_is_2(cli):
    done = cli.run('lgos')
    assert done.returncode == 2 and done.stderr.startswith('kabuto: lgos: no such command'), done


# Servers that are not there, bad, or others

def test_no_server_answers(cli):
    done = cli.run('ps', env={'KABUTO_URL': 'http://127.0.0.1:1', 'KABUTO_TOKEN': 'x'})
    assert done.returncode == 1 and 'no server answers at http://127.0.0.1:1' in done.stderr
    cli.fails(1, 'api', 'GET', '/jobs', env={'KABUTO_URL': 'http://127.0.0.1:1'}, says='kabuto login')


@pytest.mark.parametrize('answer, says', [
    (b'\x00\xff garbage\n' * 1000, 'is not Kabuto'),
    (b'SSH-2.0-OpenSSH_9.2\r\n', 'is not Kabuto'),
    (answer_bytes(body=b'<html>hello</html>'), 'is not Kabuto'),
    (answer_bytes(body=b''), 'is not Kabuto'),
    (answer_bytes(body=b'{"1": {'), 'is not Kabuto'),
    (answer_bytes(body=b'[1, 2]'), 'is not Kabuto'),
    (answer_bytes(body=b'{"\\u001b[31m": {}}'), 'is not Kabuto'),
    (answer_bytes('404 Not Found', b'<html>'), 'HTTP 404'),
    (answer_bytes('500 Oops', b'{"error": 3}'), 'HTTP 500'),
    (answer_bytes('400 No', b'{"error": "\\u001b[31mred\\nnext \\u202etxt"}'), '?[31mred?next ?txt'),
    (answer_bytes('400 No', b'x' * 10_000_000), 'HTTP 400'),
    (b'HTTP/1.1 200 OK\r\n' + b'X: ' + b'y' * 200_000 + b'\r\n\r\n{}', 'is not Kabuto')])
def test_what_answers_is_not_kabuto(cli, listener, answer, says):
    url, _ = listener(answer)
    text = cli.fails(1, 'ps', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}, says=says)
    assert '\x1b' not in text and '\u202e' not in text


def test_texts_of_a_bad_server_do_not_reach_the_terminal(cli, listener):
    evil = '\\u001b[31m\\u009b31m\\u202e'
    job = ('{"1": {"id": 1, "pipeline": {"id": 2}, "state": "%s", "error": "%s", "name": "%s",'
           ' "command": "%s", "creation_date": "%s", "image_name": "%s"}}').replace('%s', evil)
    url, _ = listener(answer_bytes(body=job.encode()))
    for words in (('ps',), ('show', '1'), ('why', '1'), ('images',), ('ps', '--json'),
                  ('show', '--json', '1'), ('why', '--json', '1')):
        terminal = cli.terminal(*words, env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x', 'NO_COLOR': '1'})
        assert terminal.wait() == 0, terminal.text
        assert not set('\x1b\x9b\u202e') & set(terminal.text), terminal.text


@pytest.mark.parametrize('words, status, answer', [
    (('run', '-d', '-i', '3', '--', 'true'), 125, '{"error": "who are you?"}'),
    (('run', '-i', '3', '--', 'true'), 125, '{"job": "12"}'), (('run', '-i', '3'), 125, '[12]'),
    (('submit', '7'), 1, '[]'), (('submit', '7'), 1, '{"12": null}'),
    (('submit', '7'), 1, '{"\\u001b[31m": "ready"}'), (('submit', '-w', '7'), 125, '{"x": "ready"}'),
    (('rerun', '-p', '7'), 125, '{}'), (('token', 'create', 'x'), 1, '{"id": 1}'),
    (('token', 'create', 'x'), 1, '{"id": 1, "token": "k\\u001b[31m"}')])
def test_answer_of_another_server_is_no_success(cli, listener, words, status, answer):
    """As of a proxy that answers each call with 200 and its own JSON."""
    url, _ = listener(answer_bytes(body=answer.encode()))
    cli.fails(status, *words, env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}, says='is not Kabuto')


def test_rerun_by_another_server_is_no_success(cli, listener):
    job = b'{"1": {"id": 1, "pipeline": {"id": 2}, "state": "done"}}'
    url, _ = listener(answer_bytes(body=job), answer_bytes(body=b'{"ok": true}'))
    cli.fails(125, 'rerun', '-d', '1', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'},
              says='is not Kabuto')


def test_list_whose_pages_repeat_ends(cli, listener):
    """A cache between may not look at the query."""
    page = json.dumps({str(i): {'id': i, 'name': 'other'} for i in range(1, 1001)}).encode()
    url, asked = listener(answer_bytes('200 OK', page, 'Link: </image?after=1>; rel="next"'))
    cli.fails(125, 'run', '-i', 'mine', '--', 'true', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'},
              says='again')
    assert len(asked) == 2


def test_list_of_results_that_is_not_whole_is_asked_for_again(cli, listener):
    job = b'{"1": {"id": 1, "pipeline": {"id": 2}, "state": "done", "results_path": "/x"}}'
    url, asked = listener(answer_bytes(body=job), answer_bytes(body=b'[{"name": "a1", "size": 1},'),
                          answer_bytes(body=b'[{"name": "a1", "size": 1}, {"name": "a2", "size": 1}]'),
                          answer_bytes(body=b'x'))
    done = cli.run('get', '1', 'a*', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'})
    assert done.returncode == 0, done
    assert sorted(x.name for x in (cli.work / 'job-1').iterdir()) == ['a1', 'a2'] and len(asked) == 5


def test_numbers_that_are_too_large_do_no_harm(cli, listener):
    job = ('{"1": {"id": 1, "pipeline": {"id": 2}, "state": "%s", "error": "%s", "used_cpu": 1e308,'
           ' "timeout": 9223372036854775807, "memory": 9223372036854775807,'
           ' "started_at": "2026-01-01T00:00:00Z"}}')
    for state, error in (('running', ''), ('failed', 'timed out'), ('failed', 'out of memory')):
        url, _ = listener(answer_bytes(body=(job % (state, error)).encode()))
        for words in (('show', '1'), ('why', '1'), ('ps',)):
            assert cli.say(*words, env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'})


@pytest.mark.parametrize('status', ['301 Moved', '302 Found', '307 Temporary', '308 Permanent'])
def test_redirect_gets_no_token(cli, listener, status):
    other, asked = listener(answer_bytes())
    url, _ = listener(answer_bytes(status, b'', f'Location: {other}/jobs'))
    cli.fails(1, 'ps', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}, says=(other, 'kabuto login'))
    cli.fails(1, 'api', 'GET', '/jobs', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}, says=other)
    assert asked == []


def test_certificate_of_https_is_checked(cli, listener, tmp_path):
    url, asked = listener(answer_bytes(), certificates=certificates.make(tmp_path))
    env = {'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}
    cli.fails(1, 'ps', env=env, says=('certificate', 'SSL_CERT_FILE'))
    assert asked == []
    assert cli.say('ps', env={**env, 'SSL_CERT_FILE': tmp_path / 'ca.pem'}) == ''
    assert cli.say('ps', env={**env, 'CURL_CA_BUNDLE': tmp_path / 'ca.pem'}) == ''
    plain, _ = listener(answer_bytes())
    cli.fails(1, 'api', 'GET', '/jobs', env={**env, 'KABUTO_URL': plain.replace('http', 'https')},
              says='https')


def test_call_is_repeated_while_the_server_restarts(cli, listener):
    busy = answer_bytes('502 Bad Gateway', b'<html>')
    job = b'{"1": {"id": 1, "pipeline": {"id": 2}, "state": "running"}}'
    url, asked = listener(busy, answer_bytes('503 No', b'{"error": "busy"}', 'Retry-After: 1'),
                          answer_bytes(body=job), busy, b'', answer_bytes(body=b'{"message": "Success"}'))
    done = cli.run('kill', '1', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'})
    assert (done.returncode, done.stdout) == (0, '1\n'), done
    assert done.stderr.count('trying again') == 2 and done.stderr.count('\n') == 2
    keys = {line for request in asked[3:] for line in request.split(b'\r\n')
            if line.lower().startswith(b'idempotency-key: ')}
    assert len(asked) == 6 and len(keys) == 1  # a POST has one key however often it is sent


@pytest.mark.parametrize('method,repeated', [('GET', True), ('POST', True), ('DELETE', False)])
def test_call_that_lighttpd_lost_is_repeated_if_that_does_no_harm(cli, listener, source, method, repeated):
    words = {'GET': ('ps',), 'POST': ('kill', '1'), 'DELETE': ('token', 'delete', '1')}[method]
    first = [answer_bytes(body=b'{"1": {"id": 1, "pipeline": {"id": 2}}}')] * (method == 'POST')
    lost = answer_bytes('500 No', (source / 'etc/lighttpd-errors/500.html').read_bytes())
    url, asked = listener(*first, lost, answer_bytes())
    done = cli.run(*words, env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'})
    assert (done.returncode == 0) == repeated, done
    assert len(asked) == len(first) + 1 + repeated and asked[-1].startswith(method.encode())
    assert ('kabuto.fcgi ended before it answered' in done.stderr) != repeated


@pytest.mark.parametrize('body', [b'{"error": "disk I/O error"}', b'<html>', b'["server"]', b'null'])
def test_error_of_kabuto_itself_is_told_at_once(cli, listener, body):
    url, asked = listener(answer_bytes('500 No', body), answer_bytes())
    cli.fails(1, 'ps', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'})
    assert len(asked) == 1


def test_list_goes_on_after_short_and_empty_pages(cli, listener):
    """As the server sends them if a filter leaves out much, or jobs have many attachments."""
    def page(after, *jobs):
        link = [f'Link: </jobs?limit=20&after={after}&order=newest>; rel="next"'] * (after > 0)
        items = {job: {'id': job, 'pipeline': {'id': 1}, 'state': 'done'} for job in jobs}
        return answer_bytes('200 OK', json.dumps(items).encode(), *link)
    url, asked = listener(page(7, 9), page(5), page(0, 4))
    assert cli.say('ps', '-q', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}) == '9\n4\n'
    assert [b'after=' + after in request for request, after in zip(asked[1:], (b'7', b'5'))] == [True] * 2


def test_token_is_never_made_twice(cli, listener):
    url, asked = listener(b'')
    cli.fails(1, 'token', 'create', 'x', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'y'}, says='was cut')
    assert len(asked) == 1


# What others can see

def test_token_is_in_no_process_list_and_no_output(cli, listener):
    secret = 'kabuto_' + 'S' * 43
    url, asked = listener(b'')
    for env in ({'KABUTO_URL': url, 'KABUTO_TOKEN': secret}, {}):
        if not env:
            cli.write_config(f'url = {url}\ntoken = {secret}\n')
        asked.clear()
        process = cli.start('ps', env=env, text=True)
        try:
            until(lambda: asked, 'the server is asked')
            assert b'Bearer ' + secret.encode() in asked[0]
            with open(f'/proc/{process.pid}/cmdline', 'rb') as file:
                assert file.read() == str(cli.program).encode() + b'\0ps\0'
            with open(f'/proc/{process.pid}/environ', 'rb') as file:
                assert (secret.encode() in file.read()) == bool(env)
        finally:
            process.terminate()
            out, err = process.communicate()
        assert secret not in out + err
    assert secret not in cli.run('api', '-i', 'GET', '/jobs').stdout


# Pipes, cron

@pytest.mark.parametrize('words', [('ps',), ('ps', '--json'), ('images',), ('show', 'last'),
                                   ('api', 'GET', '/jobs')])
def test_reader_that_goes_away_is_no_error(cli, words):
    cli.user.job(cli.user.pipeline(), 'true')
    command = f'set -o pipefail; "$@" | true'
    for _ in range(3):
        done = subprocess.run(['bash', '-c', command, 'bash', cli.program, *words], text=True,
                              env=cli.surroundings({}), capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ''), done


def test_full_disk_under_stdout_is_an_error(cli):
    cli.user.job(cli.user.pipeline(), 'true')
    for words in (('ps',), ('show', 'last'), ('api', 'GET', '/jobs'), ('help',), ('--version',)):
        with open('/dev/full', 'wb') as full:
            done = cli.run(*words, stdout=full)
        assert done.returncode == 1 and 'No space left on device' in done.stderr, (words, done)


def test_it_works_in_cron(cli):
    """Without HOME, TERM and a terminal."""
    cli.user.job(cli.user.pipeline(), 'true')
    done = subprocess.run([cli.program, 'ps', '-q'], text=True, cwd='/', capture_output=True,
                          env={'KABUTO_URL': cli.kabuto.url, 'KABUTO_TOKEN': cli.token,
                               'PATH': '/usr/bin:/bin'}, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0 and done.stdout.strip().isdigit() and done.stderr == ''
    closed = subprocess.run(['bash', '-c', '"$0" ps -q <&- 2>&-', cli.program], text=True,
                            env=cli.surroundings({}), capture_output=True, check=False)
    assert closed.returncode == 0 and closed.stdout == done.stdout


def test_long_list_goes_through_the_pager(cli):
    cli.user.job(cli.user.pipeline(), 'true')
    terminal = cli.terminal('ps', '-a', env={'PAGER': 'sed s/^/paged:/'})
    assert terminal.wait() == 0
    assert all(line.startswith('paged:') for line in terminal.text.splitlines())
    for env in ({'PAGER': 'no-such-pager'}, {'KABUTO_PAGER': '', 'PAGER': 'false'}, {'PAGER': 'true'}):
        terminal = cli.terminal('ps', '-a', env=env)
        assert terminal.wait() == 0, terminal.text


def test_interrupt_leaves_the_terminal_to_the_pager(cli):
    terminal = cli.terminal('ps', '-a', env={
        'PAGER': 'trap "" INT; cat; echo all read; read line </dev/tty; echo pager ends'})
    terminal.wait_for('all read')
    terminal.press_interrupt()
    status = pathlib.Path(f'/proc/{terminal.pid}/status')
    until(lambda: re.search(r'State:\tZ|SigBlk:\t\w{15}[2367abef]', status.read_text()),
          'kabuto has ended, or handles SIGINT')
    terminal.send('\n')
    terminal.wait_for('pager ends')
    assert terminal.wait() == 130


def test_usual_pager_is_less_or_none(cli):
    cli.user.job(cli.user.pipeline(), 'true')
    folder = cli.folder / 'bin'
    folder.mkdir()
    (folder / 'cat').symlink_to('/bin/cat')
    terminal = cli.terminal('ps', '-aq', env={'PAGER': None, 'PATH': folder})
    assert terminal.wait() == 0 and terminal.text.strip().isdigit(), terminal.text
    (folder / 'less').write_text('#!/bin/sh\necho "less $*"\ncat\n')
    (folder / 'less').chmod(0o755)
    terminal = cli.terminal('ps', '-aq', env={'PAGER': None, 'PATH': folder})
    assert terminal.wait() == 0 and terminal.text.startswith('less -FRX\n'), terminal.text


@pytest.mark.parametrize('closed, status', [('<&-', 0), ('>&-', 1), ('2>&-', 0), ('<&- >&- 2>&-', 1)])
def test_closed_streams_are_not_mixed_up_with_the_connection(cli, listener, closed, status):
    job = b'{"1": {"id": 1, "pipeline": {"id": 2}, "state": "running"}}'
    url, asked = listener(answer_bytes(body=job))
    done = subprocess.run(['bash', '-c', f'"$0" ps {closed}', cli.program], check=False,
                          env=cli.surroundings({'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}),
                          capture_output=True)
    assert done.returncode == status, done
    requests.get(url, timeout=60)  # comes after all of the first connection
    assert len(asked) == 2 and asked[0].startswith(b'GET /jobs?') and asked[0].endswith(b'\r\n\r\n')
