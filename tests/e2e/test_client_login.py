"""kabuto login and kabuto token, and where the token is kept."""
import os
import stat
import subprocess

import pytest

import kabutoclient
from client import PASSWORD


@pytest.fixture
def guest(kabuto, carol, tmp_path):
    """kabuto without a config file; .user has the account all the same."""
    one = kabutoclient.Client(kabuto, None, tmp_path)
    one.user = carol
    return one


def tokens(user):
    return [token['name'] for token in user.json('/account/token').values()]


# kabuto login

@pytest.mark.both
def test_login_asks_and_stores_a_token(guest):
    terminal = guest.terminal('login', guest.kabuto.url + '/')
    terminal.wait_for('Login: ')
    terminal.send(guest.user.login + '\n')
    terminal.wait_for('Password: ')
    terminal.send(PASSWORD + '\n')
    assert terminal.wait() == 0, terminal.text
    assert f'Logged in to {guest.kabuto.url} as {guest.user.login}' in terminal.text
    assert PASSWORD not in terminal.text and 'kabuto_' not in terminal.text
    assert stat.S_IMODE(guest.config.stat().st_mode) == 0o600
    assert stat.S_IMODE(guest.config.parent.stat().st_mode) == 0o700
    assert os.listdir(guest.config.parent) == ['config']
    assert guest.json('api', 'GET', '/account')['login'] == guest.user.login
    assert tokens(guest.user) == [f'kabuto on {os.uname().nodename}'[:95]]


def test_login_asks_for_the_url_too(guest):
    terminal = guest.terminal('login')
    terminal.wait_for('URL of the server: ')
    terminal.send(guest.kabuto.url + '\n')
    terminal.wait_for('Login: ')
    terminal.send(guest.user.login + '\n')
    terminal.wait_for('Password: ')
    terminal.send(PASSWORD + '\n')
    assert terminal.wait() == 0, terminal.text
    assert guest.say('ps') == ''


def test_login_ends_its_session(guest):
    before = guest.kabuto.sql('SELECT count(*) FROM session')[0][0]
    guest.say('login', guest.kabuto.url, '--login', guest.user.login, '--password-stdin',
              input=PASSWORD + '\n')
    assert guest.kabuto.sql('SELECT count(*) FROM session')[0][0] == before
    assert guest.say('ps') == ''


def test_login_by_token(guest):
    token = guest.user.post('/account/token', {'name': 'x'}).json()['token']
    said = guest.say('login', '--token-stdin', guest.kabuto.url, input=token)
    assert said == f'Logged in to {guest.kabuto.url} as {guest.user.login}\n'
    assert guest.say('ps') == '' and tokens(guest.user) == ['x']


def test_config_that_is_a_link_stays_one(guest):
    kept = guest.folder / 'dotfiles'
    guest.write_config('url = http://127.0.0.1:9\ntoken = old\n')
    guest.config.rename(kept)
    guest.config.symlink_to(kept)
    guest.say('login', guest.kabuto.url, '--login', guest.user.login, '--password-stdin',
              input=PASSWORD)
    assert guest.config.is_symlink() and guest.kabuto.url in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and guest.say('ps') == ''


@pytest.mark.parametrize('words, input, says', [
    (('--login', '{}', '--password-stdin'), 'wrong password', 'wrong login or password'),
    (('--login', 'nobody', '--password-stdin'), PASSWORD, 'wrong login or password'),
    (('--login', '{}', '--password-stdin'), '', 'nothing was given'),
    (('--login', '{}', '--password-stdin'), 'x' * 5000, 'longer than'),
    (('--token-stdin',), 'kabuto_' + 'A' * 43, 'does not know this token'),
    (('--token-stdin',), 'a b', 'token'),
    (('--token-stdin',), '', 'nothing was given')])
def test_login_that_is_refused_changes_nothing(guest, words, input, says):
    guest.write_config('url = http://127.0.0.1:9\ntoken = old\n')
    words = [word.format(guest.user.login) for word in words]
    guest.fails(1, 'login', guest.kabuto.url, *words, input=input, says=says)
    assert guest.config.read_text() == 'url = http://127.0.0.1:9\ntoken = old\n'
    assert tokens(guest.user) == []


@pytest.mark.parametrize('words', [
    ('a', 'b'), ('--password-stdin',), ('--token-stdin', '--login', 'x'),
    ('--token-stdin', '--password-stdin'), ('--password', 'x')])
def test_login_that_is_wrong_is_2(guest, words):
    guest.fails(2, 'login', *words)


@pytest.mark.parametrize('url', [
    'ftp://host', 'file:///etc/passwd', 'http://', 'https://user:pass@host', 'http://a b', '',
    'http://host?x', 'http://host/#x', 'http://hést', 'http:///path', '-', 'http://host\n.example'])
def test_login_with_a_url_that_is_none(guest, url):
    done = guest.run('login', '--token-stdin', '--', url, input='x')
    assert done.returncode == 1 and done.stderr.count('\n') == 1, done
    assert not guest.config.exists()


def test_login_without_a_terminal_says_how_scripts_do_it(guest):
    guest.fails(1, 'login', guest.kabuto.url, says=('--token-stdin', 'KABUTO_TOKEN'),
                start_new_session=True)
    guest.fails(1, 'login', says='kabuto login', start_new_session=True)


def test_interrupted_password_leaves_the_terminal_as_it_was(guest):
    terminal = guest.terminal('login', guest.kabuto.url)
    terminal.wait_for('Login: ')
    assert terminal.echoes()
    terminal.send(guest.user.login + '\n')
    terminal.wait_for('Password: ')
    assert not terminal.echoes()
    terminal.send('secret')
    terminal.press_interrupt()
    keep = os.dup(terminal.fd)
    assert terminal.wait() == 128 + 2
    terminal.fd = keep
    assert terminal.echoes() and 'secret' not in terminal.text
    os.close(keep)
    assert not guest.config.exists()


def test_login_warns_of_a_way_without_https(guest):
    done = guest.run('login', 'http://198.51.100.1:9', '--token-stdin', input='x', timeout=60,
                     env={'http_proxy': 'http://127.0.0.1:9', 'no_proxy': None})
    assert done.returncode == 1 and 'warning: http://198.51.100.1:9 is not https' in done.stderr
    assert 'warning' not in guest.run('login', guest.kabuto.url, '--token-stdin', input='x').stderr


def test_full_disk_at_login_keeps_the_old_token_and_makes_none(guest, tmp_path):
    small = tmp_path / 'small'
    small.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=8k,mode=755', 'small', small], check=True)
    try:
        env = {'XDG_CONFIG_HOME': small}
        (small / 'kabuto').mkdir()
        (small / 'kabuto/config').write_text('url = http://127.0.0.1:9\ntoken = old\n')
        (small / 'kabuto/config').chmod(0o600)
        with open(small / 'filler', 'wb', buffering=0) as filler:
            try:
                while True:
                    filler.write(b'x' * 4096)
            except OSError:
                pass
        guest.fails(1, 'login', guest.kabuto.url, '--login', guest.user.login, '--password-stdin',
                    input=PASSWORD, says='No space left on device', env=env)
        assert (small / 'kabuto/config').read_text().endswith('token = old\n')
        assert os.listdir(small / 'kabuto') == ['config']
    finally:
        subprocess.run(['umount', small], check=True)
    assert tokens(guest.user) == []


# Where the settings come from

def test_environment_counts_before_the_file(cli, bob):
    token = bob.post('/account/token', {'name': 'x'}).json()['token']
    assert cli.json('api', 'GET', '/account', env={'KABUTO_TOKEN': token})['login'] == bob.login
    env = {'KABUTO_TOKEN': token, 'KABUTO_URL': cli.kabuto.url, 'HOME': None, 'XDG_CONFIG_HOME': None}
    assert cli.json('api', 'GET', '/account', env=env)['login'] == bob.login
    cli.write_config('nonsense', 0o666)  # does not matter then
    assert cli.json('api', 'GET', '/account', env=env)['login'] == bob.login
    env['XDG_CONFIG_HOME'] = cli.environment['XDG_CONFIG_HOME']
    assert cli.json('api', 'GET', '/account', env=env)['login'] == bob.login


def test_token_of_the_file_goes_to_no_other_url(cli, listener):
    url, requests = listener(b'HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n')
    done = cli.run('ps', env={'KABUTO_URL': url})
    assert done.returncode == 1 and requests
    assert not any(cli.token.encode() in request for request in requests)


def test_nothing_is_set(guest):
    guest.fails(1, 'ps', says=('kabuto login', 'KABUTO_URL'))
    guest.fails(1, 'ps', says='KABUTO_URL', env={'HOME': '/nonexistent', 'XDG_CONFIG_HOME': None})


def test_config_in_the_home_folder(cli):
    folder = cli.folder / 'home/.config/kabuto'
    folder.mkdir(parents=True)
    cli.config.rename(folder / 'config')
    assert cli.say('ps', env={'XDG_CONFIG_HOME': None}) == ''
    assert cli.say('ps', env={'XDG_CONFIG_HOME': 'relative'}) == ''
    assert cli.say('ps', env={'XDG_CONFIG_HOME': ''}) == ''


@pytest.mark.parametrize('mode', [0o640, 0o604, 0o644, 0o620, 0o660])
def test_config_that_others_may_read_is_refused(cli, mode):
    cli.config.chmod(mode)
    cli.fails(1, 'ps', says='chmod 600')


@pytest.mark.parametrize('text, says', [
    ('url http://x\n', 'line 1'), ('\n\ntokens = x\n', 'line 3'),
    ('url = ftp://x\n', 'http://'), ('token = x\n', 'no server'), ('', 'no server'),
    ('url = http://127.0.0.1:1\ntoken = a b\n', 'token'), ('url = ' + 'x' * 9000, 'not a file that'),
    ('url = http://127.0.0.1:1\0\n', 'not a file that'), ('\x1b[31mred\n', 'line 1')])
def test_config_with_wrong_lines_is_refused(cli, text, says):
    cli.write_config(text)
    assert '\x1b' not in cli.fails(1, 'ps', says=says)


def test_config_takes_spaces_comments_and_crlf(cli):
    cli.write_config(f'# hello\r\n\r\n  url={cli.kabuto.url}///\r\n token  =  {cli.token}  \r\n')
    assert cli.say('ps') == ''


def test_config_that_is_no_file_is_refused(cli):
    cli.config.unlink()
    cli.config.mkdir()
    cli.fails(1, 'ps', says='is not a file')
    cli.config.rmdir()
    os.mkfifo(cli.config, 0o600)
    cli.fails(1, 'ps', says='is not a file')


# kabuto token

def test_token_is_created_listed_and_deleted(cli):
    value = cli.say('token', 'create', 'for cron').strip()
    assert value.startswith('kabuto_')
    assert cli.json('api', 'GET', '/account', env={'KABUTO_TOKEN': value})['login'] == cli.user.login
    listed = [line.split('\t') for line in cli.say('token').splitlines()]
    assert [row[4] for row in listed] == ['kabuto', 'for cron'] and value not in cli.say('token')
    assert cli.json('token', 'list', '--json') == cli.user.json('/account/token')
    assert cli.say('token', 'delete', listed[1][0]) == ''
    cli.fails(1, 'ps', env={'KABUTO_TOKEN': value}, says='KABUTO_TOKEN')
    cli.fails(1, 'token', 'delete', listed[1][0], says='Token not found')


def test_token_that_expires(cli):
    made = cli.json('token', 'create', 'x', '--days', '3', '--json')
    assert cli.user.json('/account/token')[str(made['id'])]['expires_at']


@pytest.mark.parametrize('words', [
    ('make', 'x'), ('create',), ('create', 'a', 'b'), ('delete',), ('delete', 'x'), ('list', 'x'),
    ('list', '--days', '3'), ('create', 'x', '--days', '0'), ('create', 'x', '--days', 'y')])
def test_wrong_use_of_token_is_2(cli, words):
    cli.fails(2, 'token', *words)
    assert tokens(cli.user) == ['kabuto']


def test_revoked_token_says_what_to_do(cli):
    mine = next(iter(cli.user.json('/account/token')))
    cli.user.call('DELETE', f'/account/token/{mine}')
    cli.fails(1, 'ps', says="run 'kabuto login'")
    assert 'POST' not in cli.fails(1, 'ps', says='is not valid')


def test_url_with_a_wrong_path_is_told(cli):
    env = {'KABUTO_URL': f'{cli.kabuto.url}/wrong', 'KABUTO_TOKEN': cli.token}
    cli.fails(1, 'ps', env=env, says=['/wrong has no such path', 'check the URL'])


def test_token_that_is_too_long_is_not_cut(cli, listener):
    url, asked = listener(kabutoclient.answer_bytes())
    cli.fails(1, 'ps', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x' * 5000}, says='token is too long')
    assert asked == []
