"""kabutoctl as an operator calls it: status, accounts, and how it is called."""
import json
import os
import re
import subprocess

import pytest

from client import PASSWORD, WAIT, expect, refused
from ctl import known_as, one_line
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start


# Status

def test_status_tells_what_there_is(own):
    kabuto = own()
    dave = kabuto.user('dave')
    dave.run('true')
    done = kabuto.ctl('status')
    assert (done.returncode, done.stderr) == (0, '')
    assert f'pid {kabuto["spooler"].pid}' in done.stdout and 'done 1' in done.stdout
    told = json.loads(kabuto.ctl('status', '--json').stdout)
    assert told['healthy'] and told['problems'] == []
    assert told['spooler']['pid'] == kabuto['spooler'].pid and told['accounts'] == 1
    assert told['jobs'] == {'ready': 0, 'in_queue': 0, 'running': 0, 'done': 1, 'failed': 0}
    assert told['builds']['pending'] == 0 and told['disk']['free'] > 0
    kabuto['spooler'].kill()
    kabuto.sql('UPDATE spooler SET seen_at = seen_at - 31000')
    done = kabuto.ctl('status')
    assert 'pid' in one_line(done, 1, 'silent')
    assert not json.loads(kabuto.ctl('status', '--json').stdout)['healthy']
    kabuto['spooler'].start()
    kabuto.wait_healthy()


# Accounts

def listed(kabuto, login):
    return next(x for x in json.loads(kabuto.ctl('user', 'list', '--json').stdout)
                if x['login'] == login)


def test_account_that_is_added_may_log_in_at_once(own):
    kabuto = own({'registration': 'closed'})
    add = ('user', 'add', 'zoe', '--email', 'zoe@example.org')
    assert kabuto.ctl(*add, input='SecreT\n').returncode == 0
    zoe = known_as(kabuto, 'zoe')
    assert zoe.json('/account')['email'] == 'zoe@example.org'
    assert not zoe.json('/account')['admin']
    one_line(kabuto.ctl(*add, input='SecreT\n'), 1, "'zoe'")
    one_line(kabuto.ctl('user', 'add', 'a b', input='SecreT\n'), 1, 'login')
    one_line(kabuto.ctl('user', 'add', 'yan', input='short\n'), 1, 'password')
    one_line(kabuto.ctl('user', 'add', 'yan', input=''), 1, 'no password')
    assert kabuto.ctl('user', 'add', 'root', '--admin', input='SecreT').returncode == 0
    assert known_as(kabuto, 'root').json('/account')['admin']
    assert [x['login'] for x in json.loads(kabuto.ctl('user', 'list', '--json').stdout)] == \
        ['root', 'zoe']
    said = kabuto.ctl('user', 'list').stdout
    assert re.search(r'^root +active +admin ', said, re.M) and 'zoe@example.org' in said


def test_disabled_account_is_out_at_once_and_its_jobs_wait(own):
    kabuto = own({'slots': 1})
    dave = kabuto.user('dave')
    pipeline, running = dave.begin(WAIT)
    dave.wait_state(pipeline, running, 'running')
    waiting = dave.begin('true')
    assert kabuto.ctl('user', 'disable', 'DAVE').returncode == 0
    assert listed(kabuto, 'dave')['disabled']
    refused(dave.get('/account'), 401)
    refused(dave.log_in('dave'), 403, 'disabled', 'operator')
    refused(dave.log_in('dave', 'wrong!'), 401, 'wrong')
    kabuto.let_go(running)
    until(lambda: not kabuto.sql("SELECT 1 FROM job WHERE state = 'running'"), 'the job ends')
    erin = kabuto.user('erin')
    assert erin.run('true')['state'] == 'done'
    assert kabuto.sql('SELECT state FROM job WHERE id = ?', waiting[1]) == [('in_queue',)]
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    dave = known_as(kabuto, 'dave')
    assert dave.wait_job(*waiting)['state'] == 'done'


def test_limits_of_an_account(own):
    kabuto = own({'queued_max': 7})
    dave = kabuto.user('dave')
    no_limits = listed(kabuto, 'dave')['limits']
    assert {'queued', 'running', 'stored'} < set(no_limits) and not any(no_limits.values())
    assert kabuto.ctl('user', 'limit', 'dave', 'queued=2', 'running=1',
                      'stored=1.5g').returncode == 0
    own_limits = {'queued': 2, 'running': 1, 'stored': 3 << 29}
    assert listed(kabuto, 'dave')['limits'] == {**no_limits, **own_limits}
    assert dave.json('/account')['limits']['jobs_in_queue'] == 2
    assert kabuto.ctl('user', 'limit', 'dave', 'queued=default').returncode == 0
    own_limits['queued'] = None
    assert listed(kabuto, 'dave')['limits'] == {**no_limits, **own_limits}
    assert dave.json('/account')['limits']['jobs_in_queue'] == 7
    for wrong in ('queued', 'queued=', 'queued=-2', 'queued=x', 'colour=1', 'q=1', 'stored=1x',
                  '=1'):
        one_line(kabuto.ctl('user', 'limit', 'dave', wrong), 2, wrong)
    assert kabuto.ctl('user', 'limit', 'dave').returncode == 2
    one_line(kabuto.ctl('user', 'limit', 'nobody', 'queued=1'), 1, "'nobody'")


def test_password_and_admin_of_an_account(own):
    kabuto = own()
    dave = kabuto.user('dave')
    assert kabuto.ctl('user', 'password', 'dave', input='another one\n').returncode == 0
    refused(dave.get('/account'), 401)
    refused(dave.log_in('dave', PASSWORD), 401)
    expect(dave.log_in('dave', 'another one'), 200)
    assert kabuto.ctl('user', 'admin', 'dave', 'on').returncode == 0
    assert dave.json('/account')['admin']
    assert kabuto.ctl('user', 'admin', 'dave', 'off').returncode == 0
    assert not dave.json('/account')['admin']
    assert kabuto.ctl('user', 'admin', 'dave', 'perhaps').returncode == 2


# Calling it

@pytest.mark.parametrize('words', [(), ('frob',), ('user',), ('user', 'frob'), ('backup',),
                                   ('maintain', '--force'), ('maintain', 'x'), ('--frob',),
                                   ('status', '--email', 'x'), ('restore', 'a', 'b')])
def test_wrong_usage_is_told(fresh, words):
    done = fresh.ctl(*words)
    assert done.returncode == 2 and 'usage' in done.stderr and done.stdout == ''


def test_state_directory_that_is_not_there_or_not_set_up(fresh):
    one_line(fresh.ctl('status'), 75, 'start kabuto-spooler')
    fresh.configure(state_dir='/nonexistent/state')
    one_line(fresh.ctl('status'), 1, '/nonexistent/state')
    one_line(fresh.ctl('backup', '/tmp/kabuto-never'), 1, '/nonexistent/state')
    assert not os.path.exists('/tmp/kabuto-never') and not os.path.exists('/tmp/kabuto-never.part')


def test_nobody_else_may_use_it(kabuto):
    user = ('setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups', '--')
    for words in (('status',), ('maintain',), ('user', 'list')):
        one_line(kabuto.ctl(*words, user=user), 1, "'kabuto'", 'sudo')


def test_root_leaves_no_files_of_its_own(own, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    dave.run('echo x > /outbox/x', [('a', b'x')])
    (kabuto.state / 'keep').unlink()
    for words in (('maintain',), ('status',), ('verify',), ('user', 'list'),
                  ('backup', tmp_path / 'backup'), ('user', 'disable', 'dave')):
        assert kabuto.ctl(*words).returncode == 0, words
    kabuto['spooler'].stop()
    for name in ('api', 'upload', 'follow'):
        kabuto[name].stop()
    # The first to open the database anew is root.
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    owned = [path for path in kabuto.state.rglob('*') if path.lstat().st_uid == 0]
    assert owned == []
    kabuto.start() if not kabuto['web'].runs() else [kabuto[x].start() for x in
                                                     ('spooler', 'api', 'upload', 'follow')]
    kabuto.wait_healthy()
    expect(dave.log_in('dave'), 200)


def test_it_is_linked_with_nothing_that_talks_to_the_engine(build):
    """Only the spooler does. Of what it is linked with, libcurl alone could."""
    def libraries(program):
        return subprocess.run(['ldd', build / 'daemon' / program], text=True, check=True,
                              capture_output=True).stdout
    assert 'libcurl' in libraries('spooler/kabuto-spooler')
    assert 'libcurl' not in libraries('ctl/kabutoctl')


def test_crontab_calls_what_there_is(source):
    text = (source / 'etc/cron.d/kabuto').read_text()
    lines = [x for x in text.splitlines() if x and not x.startswith('#') and '=' not in x.split()[0]]
    assert lines
    for line in lines:
        assert re.match(r'(\S+\s+){5}root\s+\S*kabutoctl maintain\b', line), line
