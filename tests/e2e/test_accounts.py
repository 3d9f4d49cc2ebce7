"""Registering, logging in and out, and what keeps others out."""
import concurrent.futures
import sqlite3
import time

import pytest

from client import PASSWORD, expect, refused

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.both
def test_register_confirm_log_in_and_out(kabuto):
    someone = kabuto.client()
    answer = expect(someone.register('someone'), 200).json()
    assert answer['status'] == 'success' and answer['token']
    confirmed = expect(someone.confirm('someone', answer['token']), 200)
    assert confirmed.json() == {'registration': 'success'}
    assert expect(someone.log_in('someone'), 200).json() == {'login': 'success'}
    assert someone.json('/') == {'hello': 'world'}
    cookie = someone.session.cookies['session']
    assert expect(someone.post('/logout'), 200).json() == {'logout': 'success'}
    again = someone.get('/', headers={'Cookie': f'session={cookie}'})
    refused(again, 401)


@pytest.mark.both
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_browser_is_sent_to_the_dashboard_and_a_script_is_not(kabuto, alice, method):
    browser = {'Accept': 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'}
    for client in (alice, kabuto.client()):
        answer = client.call(method, '/', headers=browser, allow_redirects=False)
        expect(answer, 302)
        assert answer.headers['Location'] == '/ui/' and answer.headers['Vary'] == 'Accept'
        assert answer.content == b''
    for accept in ('*/*', 'application/json', 'text/html;q=0, */*'):
        script = {'Accept': accept}
        answer = alice.call(method, '/', headers=script, allow_redirects=False)
        assert (answer.status_code, answer.headers['Vary']) == (200, 'Accept')
        answer = kabuto.client().call(method, '/', headers=script, allow_redirects=False)
        assert (answer.status_code, answer.headers['Vary']) == (401, 'Accept')
        assert 'Bearer' in answer.headers['WWW-Authenticate']


def test_confirmation_token_works_once(kabuto):
    someone = kabuto.client()
    token = someone.register('once').json()['token']
    expect(someone.confirm('once', token), 200)
    again = expect(someone.confirm('once', token), 404)
    assert again.json()['registration'] == 'user or token not found'


@pytest.mark.parametrize('login, token', [
    ('nobody-of-that-name', 'abc'), ('wrongtoken', 'abc'), ('wrongtoken', 'a' * 5000),
    ('WRONGTOKEN', "' OR 1 --")])
def test_wrong_confirmation_is_not_found(kabuto, login, token):
    someone = kabuto.client()
    someone.register('wrongtoken')
    answer = expect(someone.confirm(login, token), 404)
    assert answer.json()['registration'] == 'user or token not found'


@pytest.mark.both
def test_calls_need_a_session(kabuto):
    someone = kabuto.client()
    for path in ('/', '/account', '/image', '/image/1', '/image/build/1', '/pipeline',
                 '/pipeline/1', '/pipeline/1/job', '/pipeline/1/job/1', '/execution/1/logs'):
        refused(someone.get(path), 401)
    for path in ('/image', '/pipeline', '/pipeline/1/job', '/pipeline/1/submit',
                 '/account/password'):
        refused(someone.post(path, {'name': 'x'}), 401)


@pytest.mark.both
def test_made_up_cookies_are_no_sessions(kabuto):
    for value in ('', 'x', 'a' * 43, 'a' * 7000, '"', '\x80', '0; session=', 'session=session'):
        answer = kabuto.client().get('/', headers={'Cookie': f'session={value}'.encode('latin-1')})
        refused(answer, 401)


@pytest.mark.parametrize('login', ['a', 'A1', '7', 'a.b_c-d', 'x' * 64])
def test_logins_that_are_good(kabuto, login):
    expect(kabuto.client().register(login), 200)


@pytest.mark.parametrize('login', [
    '', 'x' * 65, '.a', '_a', '-a', 'a b', 'a/b', 'a\x00b', 'a\nb', 'é', 'a@b', '../x',
    'a\u202eb'])
def test_logins_that_are_not(kabuto, login):
    answer = kabuto.client().register(login)
    refused(answer, 400, 'login')
    assert answer.json()['status'] == 'fail'


@pytest.mark.parametrize('password, status', [
    ('12345', 400), ('123456', 200), ('é' * 3, 200), ('x' * 1024, 200), ('x' * 1025, 400),
    ('', 400)])
def test_password_bounds_are_in_bytes(kabuto, password, status):
    kabuto.users += 1
    answer = kabuto.client().register(f'bounds{kabuto.users}', password)
    if status == 200:
        expect(answer, 200)
    else:
        refused(answer, status, 'password')
        assert answer.json()['status'] == 'fail'


@pytest.mark.parametrize('missing', ['login', 'password', 'email'])
def test_registration_needs_each_field(kabuto, missing):
    data = {'login': 'incomplete', 'password': PASSWORD, 'email': 'me@example.org'}
    del data[missing]
    answer = kabuto.client().post('/register', data)
    refused(answer, 400, missing)
    assert answer.json()['status'] == 'fail'


def test_login_is_unique_whatever_the_case(kabuto):
    expect(kabuto.client().register('Dave'), 200)
    for login in ('Dave', 'dave', 'DAVE'):
        answer = kabuto.client().register(login)
        refused(answer, 409)
        assert answer.json()['status'] == 'fail'


def test_login_is_accepted_in_any_case(kabuto):
    kabuto.user('Erin')
    expect(kabuto.client().log_in('eRIN'), 200)


def test_unknown_login_and_wrong_password_get_the_same_answer(kabuto, carol):
    unknown = kabuto.client().log_in('no-such-user')
    wrong = kabuto.client().log_in(carol.login, 'not the password')
    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content)
    refused(wrong, 401)
    assert 'Set-Cookie' not in wrong.headers
    drop = ('Date', 'Content-Length')
    assert ({k: v for k, v in unknown.headers.items() if k not in drop} ==
            {k: v for k, v in wrong.headers.items() if k not in drop})


def test_not_activated_is_said_only_after_the_right_password(kabuto):
    someone = kabuto.client()
    expect(someone.register('inactive'), 200)
    refused(someone.log_in('inactive', 'not the password'), 401)
    refused(someone.log_in('inactive'), 403)
    refused(someone.get('/account'), 401)


@pytest.mark.parametrize('fields', [{}, {'login': 'x'}, {'password': 'x'}])
def test_log_in_needs_both_fields(kabuto, fields):
    refused(kabuto.client().post('/login', fields), 400)


def test_log_in_by_json_and_by_multipart(kabuto, carol):
    fields = {'login': carol.login, 'password': PASSWORD}
    expect(kabuto.client().call('POST', '/login', json=fields), 200)
    parts = {name: (None, value) for name, value in fields.items()}
    expect(kabuto.client().call('POST', '/login', files=parts), 200)


@pytest.mark.both
def test_account_shows_who_one_is(carol):
    account = carol.json('/account')
    assert account['login'] == carol.login and account['email'] == 'me@example.org'
    assert account['creation_date'].endswith('Z')
    assert 'password' not in str(account)


def test_password_change_ends_every_other_session(kabuto, carol):
    other = carol.again()
    answer = carol.post('/account/password', {'password': PASSWORD, 'new_password': 'SecreT 2'})
    assert expect(answer, 200).json() == {'status': 'success'}
    refused(other.get('/account'), 401)
    expect(carol.get('/account'), 200)
    refused(kabuto.client().log_in(carol.login), 401)
    expect(kabuto.client().log_in(carol.login, 'SecreT 2'), 200)


@pytest.mark.parametrize('fields, status', [
    ({'new_password': 'SecreT 2'}, 400), ({'password': PASSWORD}, 400),
    ({'password': PASSWORD, 'new_password': 'short'}, 400),
    ({'password': PASSWORD, 'new_password': 'x' * 1025}, 400)])
def test_password_change_that_is_refused_changes_nothing(kabuto, carol, fields, status):
    refused(carol.post('/account/password', fields), status)
    expect(kabuto.client().log_in(carol.login), 200)


def test_password_change_needs_the_old_one(kabuto, carol):
    fields = {'password': 'not the password', 'new_password': 'SecreT 2'}
    assert carol.post('/account/password', fields).status_code in (401, 403)
    expect(kabuto.client().log_in(carol.login), 200)


def test_session_ends_after_its_idle_days(kabuto, carol):
    account = kabuto.sql('SELECT id FROM account WHERE login = ?', carol.login)[0][0]
    now = int(time.time() * 1000)
    kabuto.sql('UPDATE session SET used_at = ? WHERE account = ?', now - 29 * DAY_MS, account)
    expect(carol.get('/account'), 200)
    used = kabuto.sql('SELECT used_at FROM session WHERE account = ?', account)[0][0]
    assert used > now - DAY_MS, 'use of a session does not keep it alive'
    kabuto.sql('UPDATE session SET used_at = ? WHERE account = ?', now - 31 * DAY_MS, account)
    refused(carol.get('/account'), 401)


def test_too_many_failed_logins_are_held_off(own):
    kabuto = own({'login_attempts': 3})
    dave, erin = kabuto.user('dave'), kabuto.user('erin')
    for _ in range(3):
        refused(kabuto.client().log_in('dave', 'not the password'), 401)
    for login, password in (('dave', 'not the password'), ('dave', PASSWORD), ('DAVE', PASSWORD)):
        answer = kabuto.client().log_in(login, password)
        refused(answer, 429)
        assert 0 < int(answer.headers['Retry-After']) <= 15 * 60
    expect(kabuto.client().log_in('erin'), 200)
    expect(dave.get('/account'), 200)
    kabuto.sql('UPDATE login_failure SET started_at = started_at - ?', 16 * 60 * 1000)
    expect(kabuto.client().log_in('dave'), 200)
    expect(erin.get('/account'), 200)


def test_guesses_at_the_same_time_are_held_off_like_others(own):
    kabuto = own({'login_attempts': 3})
    kabuto.user('dave')
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(
            lambda i: kabuto.client().log_in('dave', f'guess {i}').status_code, range(16)))
    assert answers.count(401) == 3 and set(answers) <= {401, 429, 503}, answers


def test_unknown_logins_are_held_off_like_known_ones(own):
    kabuto = own({'login_attempts': 3})
    answers = [kabuto.client().log_in('nobody').status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]


def test_too_many_failures_from_one_address(own):
    kabuto = own({'login_attempts_address': 4})
    answers = [kabuto.client().log_in(f'nobody{i}').status_code for i in range(5)]
    assert answers == [401, 401, 401, 401, 429]


def test_closed_registration(own):
    kabuto = own({'registration': 'closed'})
    answer = kabuto.client().register('late')
    refused(answer, 403)
    assert kabuto.sql('SELECT count(*) FROM account') == [(0,)]


@pytest.mark.both
def test_cookie_attributes(kabuto, carol):
    header = kabuto.client().log_in(carol.login).headers['Set-Cookie']
    name, *attributes = [word.strip() for word in header.split(';')]
    attributes = {word.lower() for word in attributes}
    assert name.startswith('session=') and len(name) > len('session=') + 20
    assert {'httponly', 'samesite=lax', 'path=/'} <= attributes
    assert 'secure' not in attributes


def test_logout_takes_the_cookie_back(carol):
    header = carol.post('/logout').headers['Set-Cookie']
    assert header.startswith('session=;') or 'max-age=0' in header.lower()


CROSS = [{'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'},
         {'Origin': 'http://evil.example'}, {'Origin': 'null'}]


@pytest.mark.both
@pytest.mark.parametrize('headers', CROSS, ids=str)
def test_cross_site_forms_are_refused(carol, headers):
    refused(carol.post('/pipeline', {'name': 'forged'}, headers=headers), 403)
    refused(carol.post('/logout', headers=headers), 403)
    fields = {'login': carol.login, 'password': PASSWORD}
    refused(carol.post('/login', fields, headers=headers), 403)
    assert carol.json('/pipeline') == {}


@pytest.mark.both
def test_own_pages_are_known_behind_a_proxy_that_changes_host(kabuto, carol):
    """The browser says same-origin; where it does not, the configuration lists the addresses."""
    session = carol.session.cookies['session']
    headers = {'Origin': 'https://own.example', 'Host': 'upstream:8080',
               'Cookie': f'session={session}'}
    error = refused(carol.post('/pipeline', {'name': 'x'}, headers=headers), 403)
    assert "Origin 'https://own.example', Host 'upstream:8080'" in error
    assert 'must hand on the header Host' in error and 'origins' in error
    for origin in ('https://own.example', 'null'):
        answer = carol.post('/pipeline', {'name': 'x'}, headers={
            **headers, 'Origin': origin, 'Sec-Fetch-Site': 'same-origin'})
        expect(answer, 200)


def test_listed_origin_is_accepted(own):
    kabuto = own({'origins': ['https://own.example', 'http://own.example:8080',
                              'https://port.example:443']})
    user = kabuto.user()
    for origin, status in (('https://own.example', 200), ('http://OWN.example:8080', 200),
                           ('https://own.example:8080', 403), ('https://evil.example', 403),
                           ('https://port.example', 200), ('http://port.example:443', 403),
                           ('null', 403), ('', 200)):
        answer = user.post('/pipeline', {'name': 'x'}, headers={'Origin': origin})
        assert answer.status_code == status, (origin, answer.text)


@pytest.mark.parametrize('site', ['same-origin', 'none'])
def test_own_forms_are_accepted(kabuto, carol, site):
    headers = {'Sec-Fetch-Site': site, 'Origin': kabuto.url}
    expect(carol.post('/pipeline', {'name': 'mine'}, headers=headers), 200)


def test_reading_from_another_site_is_no_harm(carol):
    expect(carol.get('/pipeline', headers=CROSS[0]), 200)


def test_database_holds_hashes_only(kabuto):
    someone = kabuto.client()
    token = someone.register('secretive', 'Very-SecreT-1').json()['token']
    connection = sqlite3.connect(kabuto.state / 'kabuto.db')
    before = '\n'.join(connection.iterdump())
    expect(someone.confirm('secretive', token), 200)
    expect(someone.log_in('secretive', 'Very-SecreT-1'), 200)
    after = '\n'.join(connection.iterdump())
    connection.close()
    for secret in ('Very-SecreT-1', token, someone.session.cookies['session']):
        for dump in (before, after):
            assert secret not in dump and secret.encode().hex() not in dump.lower()
    hashed = kabuto.sql("SELECT password_hash FROM account WHERE login = 'secretive'")[0][0]
    assert hashed.startswith('$argon2id$')
