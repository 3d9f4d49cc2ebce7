"""Registration by mail, against aiosmtpd with STARTTLS and a log-in."""
import email
import email.policy
import os
import pwd
import re
import ssl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import certificates
from client import PASSWORD, Client, expect, refused

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

SECRET = 'mail-pässword "quoted" \\'


class Server(Controller):
    """What it takes lies in mails; log-ins are of kabuto with SECRET alone."""

    def __init__(self, folder, **kw):
        self.mails, self.refuse = [], None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / 'server.pem', folder / 'server.key')
        super().__init__(self, hostname='127.0.0.1', port=0, tls_context=context,
                         authenticator=self.log_in, auth_require_tls=True, **kw)
        self.port = None

    def log_in(self, server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (b'kabuto', SECRET.encode())
        return AuthResult(success=right)

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.mails.append((envelope, email.message_from_bytes(envelope.content,
                                                              policy=email.policy.default)))
        return '250 OK'

    def __enter__(self):
        self.port = 0
        self.start()
        return self

    def __exit__(self, *_):
        if self.loop.is_running():
            self.stop()

    def _trigger_server(self):
        """Called once it listens: port 0 has become a number by then."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope='module')
def certificate(scratch):
    (scratch / 'tls').mkdir(exist_ok=True)
    return certificates.make(scratch / 'tls')


@pytest.fixture
def server(certificate):
    with Server(certificate, require_starttls=True, auth_required=True) as server:
        yield server


@pytest.fixture
def password_file(scratch):
    path = scratch / 'mail-password'
    path.write_text(SECRET + '\n')
    os.chown(path, pwd.getpwnam('kabuto-web').pw_uid, -1)
    path.chmod(0o600)
    return path


@pytest.fixture
def settings(server, certificate, password_file, source):
    return {'registration': 'mail',
            'mail': {'server': f'smtp://127.0.0.1:{server.port}', 'from': 'kabuto@example.org',
                     'url': 'https://kabuto.example.org/', 'username': 'kabuto',
                     'password_file': str(password_file), 'ca_file': str(certificate / 'ca.pem'),
                     'template': str(source / 'etc/confirm.mail'), 'timeout': 20}}


def test_token_goes_out_by_mail_alone(own, server, settings):
    kabuto = own(settings)
    dave = Client(kabuto)
    assert expect(dave.register('dave', email='dave@example.org'), 200).json() == \
        {'status': 'success'}
    (envelope, mail), = server.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == ('kabuto@example.org', ['dave@example.org'])
    assert mail['To'] == 'dave@example.org' and mail['From'] == 'kabuto@example.org'
    assert mail['Subject'] == 'Confirm your account at Kabuto'
    assert mail['Date'] and mail['Message-ID'] and mail['Auto-Submitted'] == 'auto-generated'
    text = mail.get_content()
    link, = re.findall(r'https://kabuto\.example\.org/register/confirm/dave/(\S+)', text)
    assert '{' not in text and '//register' not in text
    refused(dave.log_in('dave'), 403)
    opened = dave.get(f'/register/confirm/dave/{link}', headers={'Accept': 'text/html,*/*;q=0.8'},
                      allow_redirects=False)
    assert (opened.status_code, opened.headers['Location']) == (302, f'/ui/confirm/dave/{link}')
    refused(dave.log_in('dave'), 403)
    expect(dave.confirm('dave', link), 200)
    expect(dave.log_in('dave'), 200)
    refused(dave.confirm('dave', link), 404)
    assert SECRET not in ''.join(kabuto[pool].text() for pool in ('api', 'upload', 'follow'))


@pytest.mark.log_errors
def test_registration_whose_mail_cannot_be_sent_leaves_nothing(own, server, settings):
    kabuto = own(settings)
    dave = Client(kabuto)
    server.refuse = '554 no thanks'
    answer = dave.register('dave', email='dave@example.org')
    refused(answer, 503, 'mail')
    assert int(answer.headers['Retry-After']) > 0
    assert kabuto.sql('SELECT count(*) FROM account') == [(0,)]
    assert '554' in kabuto['api'].text()
    server.refuse = None
    expect(dave.register('dave', email='dave@example.org'), 200)
    server.stop()
    refused(dave.register('erin', email='erin@example.org'), 503, 'mail')
    assert kabuto.sql('SELECT login FROM account') == [('dave',)]


def test_lost_mail_is_sent_again_to_the_same_person_alone(own, server, settings):
    kabuto = own(settings)
    dave = Client(kabuto)
    expect(dave.register('dave', email='dave@example.org'), 200)
    for kw in ({'password': 'another one'}, {'email': 'mallory@example.org'}):
        refused(dave.register('dave', **{'email': 'dave@example.org', **kw}), 409, 'taken')
    assert len(server.mails) == 1
    expect(dave.register('dave', email='dave@example.org'), 200)
    assert len(server.mails) == 2
    tokens = [re.findall(r'confirm/dave/(\S+)', mail.get_content())[0] for _, mail in server.mails]
    refused(dave.confirm('dave', tokens[0]), 404)
    expect(dave.confirm('dave', tokens[1]), 200)
    refused(dave.register('dave', email='dave@example.org'), 409, 'taken')
    assert len(server.mails) == 2


@pytest.mark.parametrize('address', [
    'dave', '@example.org', 'dave@', 'a b@example.org', 'dave@example.org> SIZE=1', '<dave@x>',
    'dave@example.org,erin@example.org', 'dave@a@b', 'däve@example.org', '"d"@example.org',
    'dave@example.org\r\nRCPT TO:<erin@example.org>', 'dave@example.org\nBcc: erin@example.org'])
def test_address_cannot_say_more_than_one(own, server, settings, address):
    kabuto = own(settings)
    refused(Client(kabuto).register('dave', email=address), 400, 'email')
    assert not server.mails


@pytest.mark.log_errors
def test_no_password_goes_to_a_server_without_tls(own, certificate, settings):
    """One that offers no STARTTLS gets no mail and no log-in."""
    with Server(certificate) as plain:
        plain.tls_context = None
        settings['mail']['server'] = f'smtp://127.0.0.1:{plain.port}'
        settings['mail']['ca_file'] = '/etc/ssl/certs/ca-certificates.crt'
        kabuto = own(settings)
        refused(Client(kabuto).register('dave', email='dave@example.org'), 503, 'mail')
        assert not plain.mails


def wrong(settings, **mail):
    return {**settings, 'mail': {**settings['mail'], **mail}}


@pytest.mark.parametrize('change, word', [
    ({'server': ''}, 'mail.server'), ({'server': 'mail.example.org'}, 'mail.server'),
    ({'from': ''}, 'mail.from'), ({'url': ''}, 'mail.url'), ({'url': 'kabuto'}, 'mail.url'),
    ({'template': '/nonexistent'}, 'mail.template'),
    ({'password_file': '/nonexistent'}, 'mail.password_file')])
def test_wrong_configuration_is_refused(fresh, settings, change, word):
    done = fresh.handlers_say(**wrong(settings, **change))
    assert done.returncode == 1 and word in done.stderr


def test_password_that_others_may_read_is_refused(fresh, settings, password_file):
    assert fresh.handlers_say(**settings).returncode == 0
    password_file.chmod(0o644)
    done = fresh.handlers_say(**settings)
    assert done.returncode == 1 and 'mail.password_file' in done.stderr
    assert PASSWORD not in done.stderr and SECRET not in done.stderr
