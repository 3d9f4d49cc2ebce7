"""What tests of kabutoctl ask of it, and of the state directory."""
import json
import os
import secrets
import shutil
import signal
import time

from client import Client, expect
from wait import until

DAY = 24 * 60 * 60
HOUR = 60 * 60


def maintain(kabuto, *options, **kw):
    """Must find nothing wrong, and then has nothing to say unless it is asked."""
    done = kabuto.ctl('maintain', *options, **kw)
    assert (done.returncode, done.stderr) == (0, ''), done
    if '--json' in options:
        return json.loads(done.stdout)
    assert options or done.stdout == '', done.stdout
    return done.stdout


def sweep(kabuto):
    """Has the spooler sweep; gives what kabutoctl status then tells of the sweep."""
    pid = kabuto['spooler'].pid
    until(lambda: kabuto.sql('SELECT 1 FROM spooler WHERE pid = ?', pid), 'it takes signals')
    asked = int(time.time() * 1000)
    kabuto['spooler'].send(signal.SIGUSR1)
    until(lambda: kabuto.sql('SELECT 1 FROM sweep WHERE started_at >= ?', asked), 'it has swept')
    return json.loads(kabuto.ctl('status', '--json').stdout)['sweep']


def clean_sweep(kabuto):
    """The same, and nothing may have gone wrong."""
    swept = sweep(kabuto)
    assert (swept['errors'], swept['error']) == (0, None), swept
    return swept


def one_line(done, status, *words):
    """It failed with this exit status and one line, which has these words."""
    assert done.returncode == status, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith('kabutoctl: '), done.stderr
    for word in words:
        assert word in lines[0], lines[0]
    return lines[0]


def files(kabuto):
    """All files and folders of the state directory but those that come and go with processes."""
    until(lambda: not kabuto.containers(), 'what jobs ran in is removed')
    until(lambda: not [*kabuto.state.glob('run/[1-8]*')], 'and their outboxes')
    found = set()
    for folder, folders, names in os.walk(kabuto.state):
        found |= {os.path.relpath(os.path.join(folder, name), kabuto.state)
                  for name in folders + names}
    return {name for name in found if not name.startswith(('kabuto.db', 'wake', 'lock'))}


def logs_of(kabuto, job):
    return sorted(x.name for x in (kabuto.state / 'logs').glob(f'{job["id"]}.*'))


def results_of(kabuto, job):
    """The zip's path, or None."""
    token = kabuto.sql('SELECT results_token FROM job WHERE id = ?', job['id'])[0][0]
    return token and kabuto.state / 'results' / f'{token}.zip'


def again(user, job):
    """Runs its pipeline once more."""
    user.submit(job['pipeline']['id'])
    return user.wait_job(job['pipeline']['id'], job['id'])


def make_rubbish(kabuto):
    """Things without a row, one of a kind; gives their names in the state directory."""
    name = secrets.token_hex(16)
    rubbish = {f'results/{name}.zip', 'logs/999.1.log', 'logs/999.1.idx', 'logs/999.1.usage',
               f'inbox/{name}',
               'builds/999', 'run/999.1', f'incoming/{name}', 'incoming/part.zip'}
    for path in rubbish:
        path = kabuto.state / path
        if path.suffix in ('.zip', '.log', '.idx', '.usage'):
            path.write_bytes(b'rubbish')
        else:
            path.mkdir()
            (path / 'file').write_bytes(b'rubbish')
    return rubbish


def known_as(kabuto, login):
    client = Client(kabuto)
    expect(client.log_in(login), 200)
    client.login = login
    return client


def forget_aside(kabuto):
    """What a restore has kept of the former state."""
    aside = [*kabuto.state.glob('*before-restore-*')]
    assert any(path.name.startswith('kabuto.db.') for path in aside)
    for path in aside:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
