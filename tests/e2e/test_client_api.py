"""kabuto api, and how kabuto speaks with servers that are good, bad, or not there."""
import json

import pytest

from client import expect


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
    assert 'Success' in cli.say('api', 'DELETE', f'/pipeline/{made["id"]}')


def test_api_sends_a_json_file(cli):
    (cli.work / 'p.json').write_text(json.dumps({'name': 'by json', 'max_parallel': 2}))
    made = cli.json('api', 'POST', '/pipeline', '--json', 'p.json')
    assert cli.user.pipeline_state(made['id'])['name'] == 'by json'
    made = cli.json('api', '--json', '-', 'POST', '/pipeline', input='{"name": "by pipe"}')
    assert cli.user.pipeline_state(made['id'])['name'] == 'by pipe'


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
    ('api', '--no-such', 'GET', '/jobs'), ('api', 'POST', '/x', '-d', 'a=b', '--json', 'f')])
def test_wrong_use_is_2_with_the_usage_line(cli, words):
    cli.fails(2, *words)


def test_unknown_command_is_2(cli):
    done = cli.run('lgos')
    assert done.returncode == 2 and done.stderr.startswith('kabuto: lgos: no such command'), done
