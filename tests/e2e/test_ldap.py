"""Log-in by LDAP, against a slapd of the tests' own."""
import os
import pwd
import socket
import subprocess

import pytest

import certificates
from client import PASSWORD, Client, expect, refused
from reservation import free_port
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

BASE = 'dc=example,dc=org'
SEARCHER = f'cn=searcher,{BASE}'
SECRET = 'searcher-secret'
PEOPLE = {'dave': 'dave-secret', 'erin': 'erin-secret', 'zed(zed)': 'zed-secret'}
GROUP = f'cn=users,{BASE}'

CONFIGURATION = '''\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCertificateFile {tls}/server.pem
TLSCertificateKeyFile {tls}/server.key
database mdb
suffix "{base}"
rootdn "cn=admin,{base}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{searcher}" read by * none
'''


def entries():
    yield BASE, {'objectClass': ['dcObject', 'organization'], 'dc': 'example', 'o': 'Example'}
    yield SEARCHER, {'objectClass': ['simpleSecurityObject', 'organizationalRole'],
                     'cn': 'searcher', 'userPassword': SECRET}
    for login, secret in PEOPLE.items():
        yield f'cn={login},{BASE}', {
            'objectClass': 'inetOrgPerson', 'cn': login, 'sn': 'x', 'uid': login,
            'userPassword': secret, 'mail': f'{login}@people.example.org'}
    for n in range(2):  # a login that is not unique
        yield f'cn=twin{n},{BASE}', {'objectClass': 'inetOrgPerson', 'cn': f'twin{n}', 'sn': 'x',
                                     'uid': 'twin', 'userPassword': 'twin-secret'}
    yield GROUP, {'objectClass': 'groupOfNames', 'cn': 'users', 'member': f'cn=dave,{BASE}'}


def ldif():
    text = ''
    for dn, attributes in entries():
        text += f'dn: {dn}\n'
        for name, values in attributes.items():
            for value in values if isinstance(values, list) else [values]:
                text += f'{name}: {value}\n'
        text += '\n'
    return text


class Directory:
    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        (folder / 'data').mkdir(parents=True)
        (folder / 'slapd.conf').write_text(CONFIGURATION.format(
            folder=folder, tls=folder, base=BASE, searcher=SEARCHER))
        certificates.make(folder)
        subprocess.run(['/usr/sbin/slapadd', '-f', folder / 'slapd.conf'], input=ldif(), text=True,
                       check=True, capture_output=True)

    def start(self):
        self.process = subprocess.Popen(
            ['/usr/sbin/slapd', '-f', self.folder / 'slapd.conf', '-d', '0',
             '-h', f'ldap://127.0.0.1:{self.port}'], stderr=subprocess.DEVNULL)

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(('127.0.0.1', self.port)) == 0
        until(answers, 'slapd answers')
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None


@pytest.fixture(scope='module')
def directory(scratch):
    directory = Directory(scratch / 'ldap').start()
    yield directory
    directory.stop()


@pytest.fixture
def settings(directory, scratch):
    secret = scratch / 'ldap-password'
    secret.write_text(SECRET + '\n')
    os.chown(secret, pwd.getpwnam('kabuto-web').pw_uid, -1)
    secret.chmod(0o600)
    return {'url': f'ldap://127.0.0.1:{directory.port}', 'ca_file': str(directory.folder / 'ca.pem'),
            'base': BASE, 'bind_dn': SEARCHER, 'password_file': str(secret), 'timeout': 20}


@pytest.fixture
def kabuto(own, settings):
    return own({'ldap': settings, 'login_attempts': 1000, 'login_attempts_address': 1000})


def test_who_is_in_the_directory_needs_no_registration(kabuto):
    dave = Client(kabuto)
    expect(dave.log_in('dave', PEOPLE['dave']), 200)
    account = dave.json('/account')
    assert (account['login'], account['email']) == ('dave', 'dave@people.example.org')
    dave.login = 'dave'
    assert dave.run('echo by ldap')['state'] == 'done'
    again = Client(kabuto)
    expect(again.log_in('dave', PEOPLE['dave']), 200)
    assert again.json('/account')['id'] == account['id']
    assert kabuto.sql("SELECT password_hash, source FROM account") == [('', 'ldap')]


@pytest.mark.parametrize('login, password', [
    ('dave', 'wrong'), ('dave', PEOPLE['erin']), ('nobody', 'wrong'), ('*', PEOPLE['dave']),
    ('d*', PEOPLE['dave']), ('dave)(uid=*', PEOPLE['dave']), ('*)(uid=dave', PEOPLE['dave']),
    ('dave\x00', PEOPLE['dave']), ('dave)(|(uid=dave', PEOPLE['dave']), ('\\64ave', PEOPLE['dave']),
    ('zed(zed)', PEOPLE['zed(zed)']), ('twin', 'twin-secret'), ('searcher', SECRET),
    (f'cn=dave,{BASE}', PEOPLE['dave'])])
def test_wrong_log_ins(kabuto, login, password):
    answer = Client(kabuto).log_in(login, password)
    assert answer.status_code in (400, 401), answer.text
    assert kabuto.sql('SELECT count(*) FROM account') == [(0,)]


def test_empty_password_is_never_a_log_in(kabuto):
    refused(Client(kabuto).log_in('dave', ''), 400, 'password')


def test_local_accounts_keep_working_and_their_passwords_stay_here(kabuto):
    assert kabuto.ctl('user', 'add', 'erin', text=True, input='local secret\n').returncode == 0
    expect(Client(kabuto).log_in('erin', 'local secret'), 200)
    refused(Client(kabuto).log_in('erin', PEOPLE['erin']), 401)
    frank = kabuto.user('frank')
    assert frank.json('/account')['login'] == 'frank'
    refused(Client(kabuto).log_in('frank', 'wrong'), 401)


def test_login_of_the_directory_cannot_be_registered(kabuto):
    refused(Client(kabuto).register('dave'), 409, 'taken')
    refused(Client(kabuto).register('DAVE'), 409, 'taken')
    expect(Client(kabuto).register('somebody'), 200)


def test_directory_keeps_the_password(kabuto):
    dave = Client(kabuto)
    expect(dave.log_in('dave', PEOPLE['dave']), 200)
    refused(dave.post('/account/password', {'password': PEOPLE['dave'],
                                            'new_password': 'another one'}), 403, 'directory')
    expect(Client(kabuto).log_in('dave', PEOPLE['dave']), 200)


def test_group_lets_in_its_members_alone(own, settings):
    kabuto = own({'ldap': {**settings, 'group': GROUP}})
    expect(Client(kabuto).log_in('dave', PEOPLE['dave']), 200)
    refused(Client(kabuto).log_in('erin', PEOPLE['erin']), 403, 'group')
    refused(Client(kabuto).log_in('erin', 'wrong'), 401)
    assert kabuto.sql('SELECT login FROM account') == [('dave',)]


def test_disabled_account_of_the_directory(kabuto):
    dave = Client(kabuto)
    expect(dave.log_in('dave', PEOPLE['dave']), 200)
    assert kabuto.ctl('user', 'disable', 'dave').returncode == 0
    refused(dave.get('/account'), 401)
    refused(Client(kabuto).log_in('dave', PEOPLE['dave']), 403, 'disabled')


def test_failures_are_counted(own, settings):
    kabuto = own({'ldap': settings, 'login_attempts': 3})
    for _ in range(3):
        refused(Client(kabuto).log_in('dave', 'wrong'), 401)
    refused(Client(kabuto).log_in('dave', PEOPLE['dave']), 429)
    expect(Client(kabuto).log_in('erin', PEOPLE['erin']), 200)


@pytest.mark.log_errors
def test_directory_that_is_away(directory, kabuto):
    assert kabuto.ctl('user', 'add', 'local', text=True, input='local secret\n').returncode == 0
    directory.stop()
    try:
        answer = Client(kabuto).log_in('dave', PEOPLE['dave'])
        refused(answer, 503, 'directory')
        assert int(answer.headers['Retry-After']) > 0
        expect(Client(kabuto).log_in('local', 'local secret'), 200)
        refused(Client(kabuto).log_in('local', 'wrong'), 503, 'directory')
        refused(Client(kabuto).log_in('unknown', 'wrong'), 503, 'directory')
        assert kabuto.sql("SELECT failures FROM login_failure WHERE subject = 'login:local'") == \
            [(1,)]
        assert 'ldap' in kabuto['api'].text()
    finally:
        directory.start()
    expect(Client(kabuto).log_in('dave', PEOPLE['dave']), 200)
    text = kabuto['api'].text()
    assert SECRET not in text and PEOPLE['dave'] not in text and PASSWORD not in text


@pytest.mark.log_errors
def test_certificate_of_a_stranger_is_refused(own, settings):
    del settings['ca_file']
    kabuto = own({'ldap': settings})
    refused(Client(kabuto).log_in('dave', PEOPLE['dave']), 503, 'directory')


@pytest.mark.parametrize('change, word', [
    ({'url': 'ldap.example.org'}, 'ldap.url'), ({'base': ''}, 'ldap.base'),
    ({'filter': '(uid=x)'}, 'ldap.filter'), ({'password_file': '/nonexistent'}, 'ldap.password')])
def test_wrong_configuration_is_refused(fresh, settings, change, word):
    done = fresh.handlers_say(ldap={**settings, **change})
    assert done.returncode == 1 and word in done.stderr
