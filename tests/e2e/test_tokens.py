"""API tokens, Idempotency-Key and the audit trail."""
import threading

import pytest

from client import PASSWORD, WAIT, Client, expect, refused

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start


def token(client, name='script', **fields):
    return expect(client.post('/account/token', {'name': name, **fields}), 200).json()


def bearer(kabuto, value, word='Bearer'):
    other = Client(kabuto)
    other.session.headers['Authorization'] = f'{word} {value}'
    return other


# API tokens

@pytest.mark.both
def test_token_is_as_good_as_a_session(kabuto, carol):
    made = token(carol)
    script = bearer(kabuto, made['token'])
    assert script.json('/account')['login'] == carol.login
    assert script.run('echo by token')['state'] == 'done'
    shown = carol.json(f'/account/token/{made["id"]}')[str(made['id'])]
    assert shown['name'] == 'script' and shown['expires_at'] is None and shown['used_at']
    assert 'token' not in shown and carol.json('/account/token') == {str(made['id']): shown}
    assert expect(script.call('DELETE', f'/account/token/{made["id"]}'), 200)
    refused(script.get('/account'), 401)
    refused(carol.get(f'/account/token/{made["id"]}'), 404, 'Token not found')


def test_token_needs_no_password_but_opens_one_account(kabuto, carol, bob):
    made = token(carol)
    for client in (bob, bearer(kabuto, token(bob)['token'])):
        refused(client.get(f'/account/token/{made["id"]}'), 404, 'Token not found')
        refused(client.call('DELETE', f'/account/token/{made["id"]}'), 404, 'Token not found')
        assert str(made['id']) not in client.json('/account/token')
    expect(bearer(kabuto, made['token']).get('/account'), 200)


@pytest.mark.parametrize('word', ['bearer', 'BEARER', 'Bearer '])
def test_scheme_is_read_whatever_its_case(kabuto, carol, word):
    expect(bearer(kabuto, token(carol)['token'], word).get('/account'), 200)


@pytest.mark.both
@pytest.mark.parametrize('value', ['', 'x', 'kabuto_', 'kabuto_' + 'A' * 43, 'A' * 5000])
def test_wrong_token_is_401_even_with_a_session(carol, value):
    answer = carol.get('/account', headers={'Authorization': f'Bearer {value}'})
    refused(answer, 401)
    assert answer.headers['WWW-Authenticate'].startswith('Bearer')


def test_token_expires(kabuto, carol):
    made = token(carol, expires_in=1)
    script = bearer(kabuto, made['token'])
    expect(script.get('/account'), 200)
    kabuto.sql('UPDATE token SET expires_at = 1000 WHERE id = ?', made['id'])
    refused(script.get('/account'), 401, 'expired')


@pytest.mark.parametrize('fields, word', [
    ({}, 'name'), ({'name': ''}, 'name'), ({'name': 'x' * 256}, 'name'),
    ({'name': 'x', 'expires_in': 0}, 'expires_in'),
    ({'name': 'x', 'expires_in': 99999}, 'expires_in')])
def test_bad_token_request(carol, fields, word):
    refused(carol.post('/account/token', fields), 400, word)
    assert carol.json('/account/token') == {}


def test_only_the_hash_of_a_token_is_kept(own):
    kabuto = own()
    dave = kabuto.user('dave')
    made = expect(dave.post('/account/token', {'name': 'x'}), 200).json()
    kabuto.stop()
    for file in kabuto.state.glob('kabuto.db*'):
        assert made['token'].encode() not in file.read_bytes()
    for name in ('api', 'upload', 'follow', 'spooler', 'web'):
        assert made['token'] not in kabuto[name].text()
    kabuto.start()


def test_call_with_a_secret_refuses_a_key_and_does_nothing(carol):
    for path, fields in (('/account/token', {'name': 'x'}),
                         ('/account/password', {'password': 'a', 'new_password': 'b'})):
        refused(carol.post(path, fields, headers={'Idempotency-Key': 'secret-1'}), 400,
                'Idempotency-Key', 'without the key')
    assert carol.json('/account/token') == {}


def test_disabled_account_is_locked_out_by_token_too(own):
    kabuto = own()
    dave = kabuto.user('dave')
    script = bearer(kabuto, token(dave)['token'])
    assert kabuto.ctl('user', 'disable', 'dave').returncode == 0
    refused(script.get('/account'), 401)


def test_token_does_not_log_out(kabuto, carol):
    script = bearer(kabuto, token(carol)['token'])
    expect(script.post('/logout'), 200)
    expect(script.get('/account'), 200)
    expect(carol.get('/account'), 200)


def test_an_account_has_only_so_many_tokens(kabuto, carol):
    kabuto.sql('''WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO token (account, name, hash, created_at)
        SELECT (SELECT id FROM account WHERE login = ?), 'n', randomblob(32), 1 FROM n''',
               carol.login)
    refused(carol.post('/account/token', {'name': 'x'}), 409, '100')


# Idempotency-Key

def keyed(client, path, key, data=None, **kw):
    return client.post(path, data, headers={'Idempotency-Key': key}, **kw)


@pytest.mark.both
def test_same_key_gives_the_first_answer_and_does_nothing(carol):
    first = expect(keyed(carol, '/pipeline', 'k1', {'name': 'p'}), 200)
    second = expect(keyed(carol, '/pipeline', 'k1', {'name': 'p'}), 200)
    assert first.json() == second.json() and len(carol.json('/pipeline')) == 1
    third = expect(keyed(carol, '/pipeline', 'k2', {'name': 'p'}), 200)
    assert third.json() != first.json() and len(carol.json('/pipeline')) == 2


def test_jobs_with_files_and_images_are_repeated_by_key(carol):
    pipeline, image = carol.pipeline(), carol.image()
    fields, files = {'image_id': image, 'command': 'true'}, [('attachments', ('a', b'A' * 100000))]
    answers = [expect(keyed(carol, f'/pipeline/{pipeline}/job', 'j', fields, files=files), 200)
               for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(carol.json(f'/pipeline/{pipeline}/job')) == 1
    other = [('attachments', ('a', b'A' * 99999 + b'B'))]
    refused(keyed(carol, f'/pipeline/{pipeline}/job', 'j', fields, files=other), 422,
            'Idempotency-Key')
    builds = [expect(keyed(carol, '/image', 'i', {'name': 'n', 'dockerfile': 'FROM busybox'}), 200)
              for _ in range(2)]
    assert builds[0].json() == builds[1].json()
    carol.wait_build(builds[0].json()['build_id'])


def test_repeated_submit_does_not_run_finished_jobs_again(carol):
    pipeline = carol.pipeline()
    job = carol.job(pipeline, 'true')
    first = expect(keyed(carol, f'/pipeline/{pipeline}/submit', 's'), 200)
    carol.wait_job(pipeline, job)
    again = expect(keyed(carol, f'/pipeline/{pipeline}/submit', 's'), 200)
    assert again.json() == first.json() == {str(job): 'in_queue'}
    shown = carol.state(pipeline, job)
    assert (shown['state'], shown['attempt']) == ('done', 1)


def test_key_of_another_call_is_422(carol):
    pipeline = carol.pipeline()
    expect(keyed(carol, '/pipeline', 'k', {'name': 'one'}), 200)
    refused(keyed(carol, '/pipeline', 'k', {'name': 'two'}), 422, 'Idempotency-Key')
    refused(keyed(carol, f'/pipeline/{pipeline}/submit', 'k'), 422, 'Idempotency-Key')


def test_key_belongs_to_its_account(carol, bob):
    first = expect(keyed(carol, '/pipeline', 'shared', {'name': 'p'}), 200).json()
    assert expect(keyed(bob, '/pipeline', 'shared', {'name': 'p'}), 200).json() != first
    assert expect(keyed(carol.again(), '/pipeline', 'shared', {'name': 'p'}), 200).json() == first


def test_failure_is_not_kept(carol):
    refused(keyed(carol, '/pipeline', 'f', {'name': ''}), 400, 'name')
    expect(keyed(carol, '/pipeline', 'f', {'name': 'p'}), 200)


@pytest.mark.parametrize('key', ['x' * 256, 'ünïcode'.encode().decode('latin-1'), 'a\tb'])
def test_key_of_a_wrong_form(carol, key):
    refused(keyed(carol, '/pipeline', key, {'name': 'p'}), 400, 'Idempotency-Key')
    assert carol.json('/pipeline') == {}


def test_key_is_forgotten_after_a_day(kabuto, carol):
    first = expect(keyed(carol, '/pipeline', 'old', {'name': 'p'}), 200).json()
    kabuto.sql('UPDATE idempotency SET created_at = created_at - 86400001 WHERE key = ?', 'old')
    assert expect(keyed(carol, '/pipeline', 'old', {'name': 'q'}), 200).json() != first
    assert expect(keyed(carol, '/pipeline', 'old', {'name': 'q'}), 200).json() != first


def test_calls_at_the_same_time_with_one_key_make_one_thing(carol):
    clients, answers = [carol.again() for _ in range(8)], []
    gate = threading.Barrier(len(clients))

    def call(client):
        gate.wait()
        answers.append(keyed(client, '/pipeline', 'race', {'name': 'p'}))
    threads = [threading.Thread(target=call, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()['id'] for answer in answers}) == 1
    assert len(carol.json('/pipeline')) == 1


# The audit trail

def actions(client):
    return [(event['action'], event['object']) for event in client.json('/account/events')]


@pytest.mark.both
def test_events_tell_who_did_what_from_where(kabuto):
    carol = kabuto.client().enter_by_calls('trail')
    made = token(carol)
    pipeline, job = bearer(kabuto, made['token']).begin(WAIT)
    carol.wait_state(pipeline, job, 'running')
    expect(carol.post(f'/pipeline/{pipeline}/job/{job}/kill'), 200)
    ended = carol.wait_job(pipeline, job)
    expect(carol.download(ended), 200)
    expect(carol.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    refused(carol.log_in(carol.login, 'wrong password'), 401)
    events = carol.json('/account/events')
    assert [x['id'] for x in events] == sorted(x['id'] for x in events)
    assert {x['address'] for x in events} == {'127.0.0.1'}
    assert {x['login'] for x in events} == {carol.login}
    seen = actions(carol)
    expected = [('register', None), ('confirm', None), ('login', None),
                ('token_create', made['id']), ('pipeline_create', pipeline), ('job_create', job),
                ('pipeline_submit', pipeline), ('job_kill', job), ('job_download', job),
                ('job_delete', job), ('login_failed', None)]
    assert [x for x in seen if x in expected] == expected
    by_token = [x for x in events if x['token'] == made['id']]
    assert {'job_create', 'pipeline_submit'} <= {x['action'] for x in by_token}
    image = carol.wait_build(carol.build('FROM busybox\n', name='x'), 'SUCCESS')['id']
    assert ('image_create', image) in actions(carol)
    page = expect(carol.get('/account/events?limit=2'), 200)
    assert page.json() == events[:2] and 'rel="next"' in page.headers['Link']


def test_events_are_seen_by_their_account_and_by_admins(own):
    kabuto = own()
    dave, erin, root = (kabuto.client().enter_by_calls(name) for name in ('dave', 'erin', 'root'))
    assert kabuto.ctl('user', 'admin', 'root', 'on').returncode == 0
    pipeline = dave.pipeline()
    assert ('pipeline_create', pipeline) in actions(dave)
    assert ('pipeline_create', pipeline) not in actions(erin)
    assert {x['login'] for x in erin.json('/account/events')} == {'erin'}
    assert {x['login'] for x in root.json('/account/events')} == {'dave', 'erin', 'root'}
    expect(root.call('DELETE', f'/pipeline/{pipeline}'), 200)
    last = dave.json('/account/events')[-1]
    assert (last['action'], last['login'], last['object']) == ('pipeline_delete', 'root', pipeline)
    refused(dave.post('/login', {'login': 'nobody', 'password': PASSWORD}), 401)
    assert [(x['login'], x['account']) for x in root.json('/account/events')][-1] == \
        ('nobody', None)


def test_what_failed_or_was_repeated_is_no_event(carol):
    pipeline = carol.pipeline()
    before = actions(carol)
    refused(carol.post(f'/pipeline/{pipeline}/job', {'image_id': 999999}), 404)
    refused(carol.post('/pipeline', {'name': ''}), 400)
    assert actions(carol) == before
    for _ in range(2):
        expect(keyed(carol, '/pipeline', 'once', {'name': 'p'}), 200)
    assert len(actions(carol)) == len(before) + 1


def test_old_events_are_dropped_by_maintenance(own):
    kabuto = own({'retention': {'events_days': 30}})
    dave = kabuto.user('dave')
    dave.pipeline()
    kabuto.sql("UPDATE event SET created_at = created_at - 31 * 86400000 WHERE action = 'login'")
    expect(keyed(dave, '/pipeline', 'k', {'name': 'p'}), 200)
    kabuto.sql('UPDATE idempotency SET created_at = created_at - 2 * 86400000')
    token(dave, expires_in=1)
    kabuto.sql('UPDATE token SET expires_at = 1')
    assert kabuto.ctl('maintain').returncode == 0
    assert 'login' not in [action for action, _ in actions(dave)]
    assert 'pipeline_create' in [action for action, _ in actions(dave)]
    assert kabuto.sql('SELECT (SELECT count(*) FROM idempotency), (SELECT count(*) FROM token)') \
        == [(0, 0)]
