"""kabutoctl backup, restore and verify; and a database that is damaged."""
import hashlib
import io
import os
import pwd
import re
import sqlite3
import subprocess
import tarfile

import pytest

from client import WAIT, Client, expect, refused
from ctl import HOUR, again, forget_aside, known_as, maintain, one_line, results_of
from wait import until

SETTINGS = {'sandboxes': False}  # no test is about how its jobs start

# A damaged database

def damage(path):
    """Zeros over a page that a table's rows or index lie in."""
    with open(path, 'r+b') as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(size // 2 // 4096 * 4096)
        file.write(b'\xa5' * 4096)


@pytest.mark.parametrize('how', ['page', 'header'])
def test_damaged_database_is_refused_and_restored(own, how, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo x > /outbox/x')
    backup = tmp_path / 'backup'
    assert kabuto.ctl('backup', backup).returncode == 0
    kabuto.stop()
    if how == 'page':
        damage(kabuto.state / 'kabuto.db')
    else:
        with open(kabuto.state / 'kabuto.db', 'r+b') as file:
            file.write(b'nothing of SQLite')
    kabuto['spooler'].start()
    assert kabuto['spooler'].process.wait(30) == 1
    assert len(kabuto['spooler'].text().splitlines()[-1]) < 1000
    assert 'kabutoctl restore' in kabuto['spooler'].text().splitlines()[-1]
    for command in (('status',), ('verify',), ('maintain',), ('backup', tmp_path / 'other')):
        done = kabuto.ctl(*command)
        assert done.returncode == 1
        assert 'damaged' in done.stderr.splitlines()[-1]
        assert 'kabutoctl restore' in done.stderr.splitlines()[-1]
    assert not (tmp_path / 'other').exists() and not (tmp_path / 'other.part').exists()
    done = kabuto.ctl('restore', '--force', backup)
    assert done.returncode == 0, done.stderr
    kabuto['spooler'].seen = len(kabuto['spooler'].text())
    kabuto.start()
    assert dave.results(job).read('x') == b'x\n'
    forget_aside(kabuto)


# Backup and restore

@pytest.fixture
def moved(own, alive):
    """moved(kabuto, backup): ends that Kabuto and gives another one, from its backup."""
    def moved(kabuto, backup):
        alive.remove(kabuto)
        kabuto.destroy()
        other = own(begin=False)
        done = other.ctl('restore', backup)
        assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
        return other.start()
    return moved


@pytest.mark.log_errors
def test_backup_under_way_loses_nothing_that_goes_meanwhile(own, moved, later, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    first = dave.run('echo hello; cat /proc/sys/kernel/random/uuid > /outbox/x',
                     [('sub/ä b', b'attached'), ('sub/a\u0308 b', b' to it ')])
    original = dave.results(first).read('x')
    usage = dave.json(f'/pipeline/{first["pipeline"]["id"]}/job/{first["id"]}/usage')
    doomed = dave.run('echo doomed > /outbox/x', [('a', b'attached too')])
    pipeline, running = dave.begin(f'echo begun; {WAIT}', [('a', b'mine')])
    dave.wait_line(running, 'begun')
    old_zip = results_of(kabuto, first)
    # A pipe takes less than the database: it is at work until somebody reads.
    with subprocess.Popen([kabuto.build / 'daemon/ctl/kabutoctl', '-c', kabuto.config, 'backup', '-'],
                          stdout=subprocess.PIPE) as backup:
        head = backup.stdout.read(1)
        first = again(dave, first)
        assert dave.results(first).read('x') != original
        until(lambda: not [*kabuto.state.glob(f'run/{first["id"]}.*')],
              'the spooler has removed what it removes after the job')
        assert old_zip.exists(), 'its former results are kept for the backup'
        expect(dave.call('DELETE', f'/pipeline/{doomed["pipeline"]["id"]}/job/{doomed["id"]}'), 200)
        refused(dave.download(doomed), 404)
        maintain(kabuto, **later(2 * HOUR))
        assert old_zip.exists() and results_of(kabuto, doomed).exists()
        (tmp_path / 'backup').write_bytes(head + backup.stdout.read())
    assert backup.returncode == 0
    until(lambda: not kabuto.sql('SELECT 1 FROM job WHERE deleted'), 'what was deleted goes now')
    assert old_zip.exists(), 'nobody has looked for it since'
    kabuto.let_go(running)
    dave.wait_job(pipeline, running)
    maintain(kabuto, **later(2 * HOUR))
    assert not old_zip.exists(), 'the next look finds it'
    kabuto.check()

    assert kabuto.ctl('verify', tmp_path / 'backup').returncode == 0
    kabuto = moved(kabuto, tmp_path / 'backup')
    dave = known_as(kabuto, 'dave')
    first = dave.state(first['pipeline']['id'], first['id'])
    assert dave.results(first).read('x') == original
    assert dave.lines(first['id']) == ['hello']
    assert dave.json(f'/pipeline/{first["pipeline"]["id"]}/job/{first["id"]}/usage') == usage != []
    assert dave.results(doomed).read('x') == b'doomed\n'
    lost = dave.wait_job(pipeline, running)
    assert (lost['state'], lost['error']) == \
        ('failed', 'the engine lost the container while the job ran')
    assert dave.lines(running) == ['begun']
    kabuto.sql("UPDATE job SET command = 'cat /inbox/*/* /inbox/a; id -u; echo new > /outbox/x',"
               " user = 'nobody' WHERE id IN (?, ?)", first['id'], doomed['id'])
    assert dave.lines(again(dave, first)['id'])[0] == ' to it attached65534'
    assert dave.lines(again(dave, doomed)['id'])[0] == 'attached too65534'
    assert dave.results(doomed).read('x') == b'new\n'
    assert kabuto.ctl('verify').returncode == 0


def test_second_backup_waits_for_the_first_and_then_says_try_again(own, tmp_path):
    kabuto = own()
    with subprocess.Popen([kabuto.build / 'daemon/ctl/kabutoctl', '-c', kabuto.config, 'backup', '-'],
                          stdout=subprocess.PIPE) as backup:
        backup.stdout.read(1)
        one_line(kabuto.ctl('backup', tmp_path / 'second'), 75, 'another backup runs')
        backup.stdout.read()
    assert os.listdir(tmp_path) == []
    assert kabuto.ctl('backup', tmp_path / 'second').returncode == 0


def test_pending_build_and_outputs_of_others_are_in_the_backup(own, moved, tmp_path):
    kabuto = own({'build_slots': 1})
    dave = kabuto.user('dave')
    done = dave.build('FROM busybox\nRUN echo built\n')
    dave.wait_build(done, 'SUCCESS')
    output = (kabuto.state / f'builds/{done}/output').read_text()
    kabuto['spooler'].stop()
    waiting = dave.build('FROM busybox\nCOPY sub/file /\n', files=[
        ('attachments', ('sub/file', b'content'))])
    assert kabuto.ctl('backup', tmp_path / 'backup').returncode == 0
    kabuto['spooler'].start()
    dave.wait_build(waiting, 'SUCCESS')
    kabuto = moved(kabuto, tmp_path / 'backup')
    dave = known_as(kabuto, 'dave')
    assert (kabuto.state / f'builds/{done}/output').read_text() == output
    image = dave.wait_build(waiting, 'SUCCESS')['id']
    assert dave.lines(dave.run('cat /file', image=image)['id']) == ['content']


def test_backup_is_for_its_owner_only_and_whole_or_not_there(kabuto, alice, tmp_path):
    alice.run('echo x > /outbox/x')
    backup = tmp_path / 'backup'
    done = kabuto.ctl('backup', backup)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
    assert backup.stat().st_mode & 0o777 == 0o600 and backup.stat().st_uid == 0
    assert os.listdir(tmp_path) == ['backup']
    with tarfile.open(backup) as tar:
        names = tar.getnames()
    assert names[0] == 'kabuto.db' and names[-1] == 'MANIFEST'
    assert len(names) == len(set(names))
    one_line(kabuto.ctl('backup', tmp_path / 'nowhere/backup'), 1, 'nowhere/backup.part')
    with open('/dev/full', 'wb') as full:
        done = subprocess.run([kabuto.build / 'daemon/ctl/kabutoctl', '-c', kabuto.config, 'backup',
                               '-'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    one_line(done, 1, 'No space left')
    assert os.listdir(kabuto.state / 'incoming') == []


@pytest.fixture(scope='module')
def backup(kabuto, alice, tmp_path_factory):
    """A backup of the Kabuto that tests share."""
    alice.run('echo marked-by-the-log; echo marked-by-the-result > /outbox/x',
              [('a', b'marked-by-the-attachment')])
    path = tmp_path_factory.mktemp('backup') / 'backup'
    assert kabuto.ctl('backup', path).returncode == 0
    return path


def untouched(kabuto):
    """Whether a restore that was refused has left nothing."""
    return (not [x for x in os.listdir(kabuto.state) if x.startswith('kabuto.db')] and
            not [x for x in ('inbox', 'logs', 'results', 'builds', 'incoming')
                 if os.path.isdir(kabuto.state / x) and os.listdir(kabuto.state / x)])


MARKS = [b'SQLite format 3', b'CREATE TABLE account', b'marked-by-the-log',
         b'marked-by-the-attachment', b'PK\x01\x02', b'ustar', b' kabuto.db\n']


@pytest.mark.parametrize('mark', MARKS)
def test_flipped_byte_is_found(fresh, backup, mark, tmp_path):
    data = bytearray(backup.read_bytes())
    at = data.rindex(mark)
    data[at + len(mark) // 2] ^= 1
    broken = tmp_path / 'broken'
    broken.write_bytes(data)
    one_line(fresh.ctl('verify', broken), 1, str(broken))
    one_line(fresh.ctl('restore', broken), 1, str(broken))
    assert untouched(fresh)


@pytest.mark.parametrize('share', [0, 0.01, 0.5, 0.99])
def test_backup_that_was_cut_off_is_found(fresh, backup, share, tmp_path):
    data = backup.read_bytes()
    end = data.rindex(b' kabuto.db\n')  # in the manifest; behind it there are zeros
    broken = tmp_path / 'broken'
    broken.write_bytes(data[:int(end * share)])
    one_line(fresh.ctl('verify', broken), 1, str(broken))
    one_line(fresh.ctl('restore', broken), 1, str(broken))
    assert untouched(fresh)


def repacked(backup, to, change):
    """The backup with its members changed: change(list of (TarInfo, content))."""
    with tarfile.open(backup) as tar:
        members = [(x, tar.extractfile(x).read() if x.isfile() else None) for x in tar]
    with tarfile.open(to, 'w', format=tarfile.PAX_FORMAT) as tar:
        for info, content in change(members):
            tar.addfile(info, io.BytesIO(content) if content is not None else None)


def member(name, content=b'x', **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


HOSTILE = {
    'absolute': member('/etc/kabuto-was-here'),
    'parent': member('inbox/../../kabuto-was-here'),
    'unknown': member('run/1.1/outbox/x'),
    'deep': member('results/sub/x.zip'),
    'link': member('inbox/x/link', b'', type=tarfile.SYMTYPE, linkname='/etc/passwd'),
    'hard': member('results/x.zip', b'', type=tarfile.LNKTYPE, linkname='kabuto.db'),
    'device': member('logs/1.1.log', b'', type=tarfile.CHRTYPE),
    'twice': member('kabuto.db'),
    'more': member('results/more.zip'),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_archive_with_anything_else_in_it_is_refused(fresh, backup, kind, tmp_path):
    hostile = tmp_path / 'hostile'
    repacked(backup, hostile, lambda members: [*members[:-1], HOSTILE[kind], members[-1]])
    one_line(fresh.ctl('restore', hostile), 1, str(hostile))
    one_line(fresh.ctl('verify', hostile), 1, str(hostile))
    assert untouched(fresh)
    assert not os.path.exists('/etc/kabuto-was-here')
    assert not (fresh.root / 'kabuto-was-here').exists()


def test_member_behind_the_manifest_and_missing_ones_are_refused(fresh, backup, tmp_path):
    for change in (lambda x: [*x, member('results/x.zip')], lambda x: [*x[:-2], x[-1]],
                   lambda x: x[:-1], lambda x: x[1:]):
        repacked(backup, tmp_path / 'hostile', change)
        one_line(fresh.ctl('restore', tmp_path / 'hostile'), 1)
        assert untouched(fresh)
    repacked(backup, tmp_path / 'same', lambda x: x)
    assert fresh.ctl('verify', tmp_path / 'same').returncode == 0


def test_compressed_backup_is_read_as_it_is(fresh, backup, tmp_path):
    subprocess.run(f'gzip <{backup} >{tmp_path}/gz', shell=True, check=True)
    assert fresh.ctl('verify', tmp_path / 'gz').returncode == 0
    assert fresh.ctl('restore', '-', input=(tmp_path / 'gz').read_bytes(),
                     text=False).returncode == 0
    assert (fresh.state / 'kabuto.db').exists()


def test_backup_of_a_newer_version_is_refused(fresh, backup, tmp_path):
    with tarfile.open(backup) as tar:
        members = [(x, tar.extractfile(x).read()) for x in tar if x.isfile()]
    (tmp_path / 'kabuto.db').write_bytes(members[0][1])
    connection = sqlite3.connect(tmp_path / 'kabuto.db')
    connection.execute('PRAGMA user_version = 99')
    connection.execute('PRAGMA journal_mode = DELETE')
    connection.close()
    data = (tmp_path / 'kabuto.db').read_bytes()
    line = f'{hashlib.sha256(data).hexdigest()} {len(data)} kabuto.db\n'.encode()
    repacked(backup, tmp_path / 'newer',
             lambda x: [member('kabuto.db', data), member('MANIFEST', line)])
    one_line(fresh.ctl('verify', tmp_path / 'newer'), 1, 'newer Kabuto')
    one_line(fresh.ctl('restore', tmp_path / 'newer'), 1, 'newer Kabuto')
    assert untouched(fresh)


@pytest.mark.log_errors
def test_restore_refuses_what_is_in_use_and_keeps_what_was_there(own, backup):
    kabuto = own()
    erin = kabuto.user('only.here')
    job = erin.run('echo x > /outbox/x')
    one_line(kabuto.ctl('restore', '--force', backup), 1, str(kabuto['spooler'].pid), 'stop it')
    kabuto['spooler'].stop()
    one_line(kabuto.ctl('restore', backup), 1, 'a database already', '--force')
    line = one_line(kabuto.ctl('restore', '--force', backup), 1, 'in use by process')
    assert int(re.search(r'process (\d+)', line)[1]) in [kabuto[x].pid for x in
                                                        ('api', 'upload', 'follow')]
    assert erin.results(job).read('x') == b'x\n'
    kabuto.stop()
    done = kabuto.ctl('restore', '--force', backup)
    assert done.returncode == 0 and 'is kept as' in done.stderr
    kept = next(path for path in kabuto.state.glob('kabuto.db.before-restore-*'))
    connection = sqlite3.connect(kept)
    token, = connection.execute('SELECT results_token FROM job WHERE id = ?', (job['id'],)).fetchone()
    connection.close()
    for path in kept.parent.glob(kept.name + '-*'):
        path.unlink()
    assert [*kabuto.state.glob(f'before-restore-*/results/{token}.zip')]
    kabuto.start()
    alice = known_as(kabuto, 'alice')
    pipelines = alice.json('/pipeline')
    assert pipelines
    refused(Client(kabuto).log_in('only.here'), 401)
    forget_aside(kabuto)


def test_wal_without_its_database_is_not_played_into_the_restored_one(own, tmp_path):
    """As it is where somebody removes a damaged database and forgets what is beside it."""
    kabuto = own()
    kabuto.user('dave')
    assert kabuto.ctl('backup', tmp_path / 'backup').returncode == 0
    kabuto.user('erin')
    for name in ('web', 'api', 'upload', 'follow', 'spooler'):
        kabuto[name].kill()
    assert (kabuto.state / 'kabuto.db-wal').stat().st_size > 0
    (kabuto.state / 'kabuto.db').unlink()
    assert kabuto.ctl('restore', tmp_path / 'backup').returncode == 0
    assert not (kabuto.state / 'kabuto.db-wal').exists()
    kabuto.start()
    assert kabuto.ctl('verify').returncode == 0
    assert [x[0] for x in kabuto.sql('SELECT login FROM account')] == ['dave']
    forget_aside(kabuto)


def test_restored_state_has_the_modes_and_owners_of_the_design(fresh, backup):
    assert fresh.ctl('restore', backup).returncode == 0
    owner = pwd.getpwnam('kabuto').pw_uid
    web = pwd.getpwnam('kabuto-web').pw_gid
    wrong = []
    for folder, folders, names in os.walk(fresh.state):
        for name in folders + names:
            st = os.lstat(os.path.join(folder, name))
            if st.st_uid != owner or st.st_gid != web:
                wrong.append((name, st.st_uid, st.st_gid))
    assert wrong == []
    modes = {name: (fresh.state / name).stat().st_mode & 0o7777
             for name in ('incoming', 'inbox', 'builds', 'logs', 'results', 'run', 'kabuto.db')}
    assert modes == {'incoming': 0o2770, 'inbox': 0o2770, 'builds': 0o2770, 'logs': 0o2750,
                     'results': 0o2750, 'run': 0o700, 'kabuto.db': 0o660}
    for folder, mode in (('logs', 0o640), ('results', 0o640)):
        assert {x.stat().st_mode & 0o777 for x in (fresh.state / folder).iterdir()} == {mode}
    attached = next(fresh.state.glob('inbox/*/a'))
    assert attached.stat().st_mode & 0o777 == 0o755
    assert attached.parent.stat().st_mode & 0o005 == 0o005
