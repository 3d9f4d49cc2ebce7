"""kabuto get and put: what arrives, what is refused, and what a cut, a kill or a full disk leaves."""
import contextlib
import hashlib
import io
import os
import pathlib
import signal
import stat
import subprocess
import zipfile

import pytest

from client import WAIT, expect
from gateproxy import GateProxy
from kabutoclient import Client, answer_bytes
from wait import until

MOST = 20 << 20  # bytes of memory that the client may use, whatever passes through it
BIG = 60 << 20


@pytest.fixture
def proxy(kabuto):
    one = GateProxy(kabuto)
    yield one
    one.close()


@pytest.fixture
def slow(cli, proxy):
    """What makes the client talk through the proxy."""
    return {'KABUTO_URL': proxy.url, 'KABUTO_TOKEN': cli.token, 'http_proxy': None}


def ended(cli, command, **fields):
    """A job that has ended, as (pipeline, id)."""
    job = cli.user.run(command, **fields)
    assert job['state'] == 'done', job
    return job['pipeline']['id'], job['id']


def big_job(cli, size=BIG):
    """A job whose results are that many bytes that cannot be compressed, and their SHA-256."""
    pipeline, job = ended(cli, f'head -c {size} /dev/urandom >/outbox/big; sha256sum </outbox/big')
    return pipeline, job, cli.user.lines(job)[0].split()[0]


def ready(cli, command='true', **fields):
    pipeline = cli.user.pipeline()
    return pipeline, cli.user.job(pipeline, command, **fields)


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def tree(folder):
    """The names below a folder, as bytes: {name: content or "folder" or "-> target"}."""
    found = {}
    for at, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            path = os.path.join(at, name)
            key = os.path.relpath(path, os.fsencode(folder))
            if os.path.islink(path):
                found[key] = b'-> ' + os.readlink(path)
            elif os.path.isdir(path):
                found[key] = 'folder'
            else:
                with open(path, 'rb') as file:
                    found[key] = file.read()
    return found


def nothing_hidden(*folders):
    """No folder has anything half-done."""
    for folder in folders:
        left = [name for name in os.listdir(folder) if 'kabuto-unpack' in name or 'part' in name]
        assert not left, left


def cached(cli):
    folder = cli.folder / 'cache/kabuto'
    return sorted(os.listdir(folder)) if folder.exists() else []


def peak(process):
    """The most memory that a running program has used."""
    with open(f'/proc/{process.pid}/status', encoding='ascii') as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith('VmHWM'))


# get

NAMES = '''cd /outbox; mkdir -p 'a b/c' empty; echo 1 >'a b/c/x y.txt'; echo 2 >"q\\"'\\\\"
printf 3 >"$(printf 'line\\nfeed')"; printf 4 >"$(printf 'latin1-\\351')"; : >nothing
ln -s 'a b/c/x y.txt' link; ln -s ../nothing empty/up; ln -s missing dangling
echo '#!/bin/sh' >run.sh; chmod 4755 run.sh; echo s >secret; chmod 0 secret; printf 5 >ü.txt'''


@pytest.mark.both
def test_get_brings_names_links_modes_and_empty_folders(cli):
    _, job = ended(cli, NAMES)
    done = cli.run('get', 'last')
    assert (done.returncode, done.stdout) == (0, ''), done
    assert done.stderr == f'kabuto: 11 files, 19 bytes, in job-{job}\n', done.stderr
    assert tree(cli.work / f'job-{job}') == {
        b'a b': 'folder', b'a b/c': 'folder', b'a b/c/x y.txt': b'1\n', b'q"\'\\': b'2\n',
        b'line\nfeed': b'3', b'latin1-%E9': b'4', b'nothing': b'', b'link': b'-> a b/c/x y.txt',
        b'empty': 'folder', b'empty/up': b'-> ../nothing', b'dangling': b'-> missing',
        b'run.sh': b'#!/bin/sh\n', b'secret': b's\n', 'ü.txt'.encode(): b'5'}
    mode = {name: stat.S_IMODE((cli.work / f'job-{job}' / name).stat().st_mode)
            for name in ('run.sh', 'secret', 'a b')}
    assert mode == {'run.sh': 0o755, 'secret': 0o600, 'a b': 0o755}
    assert cached(cli) == []
    nothing_hidden(cli.work)


def test_get_in_the_locale_of_cron_brings_the_same_names(cli):
    _, job = ended(cli, NAMES)
    assert cli.run('get', job, '-q', '-o', 'utf8').returncode == 0
    assert cli.run('get', job, '-q', '-o', 'c', env={'LC_ALL': 'C'}).returncode == 0
    assert tree(cli.work / 'utf8') == tree(cli.work / 'c')


def test_get_refuses_a_target_before_it_fetches(cli, proxy, slow):
    _, job = ended(cli, 'echo new >/outbox/a')
    (cli.work / 'full').mkdir()
    (cli.work / 'full/a').write_text('old')
    (cli.work / 'file').write_text('old')
    (cli.work / 'dangling').symlink_to('missing')
    for target, words in (('full', "the folder 'full' is not empty"),
                          ('file', "'file' is not a folder"), ('file/x', 'is not a folder'),
                          ('dangling', 'leads to nothing')):
        cli.fails(1, 'get', job, '-o', target, says=words, env=slow)
    assert not any(b'?result' in head for head in proxy.heads)
    assert (cli.work / 'full/a').read_text() == (cli.work / 'file').read_text() == 'old'
    assert cli.say('get', '-q', '--force', job, '-o', 'full') == ''
    assert (cli.work / 'full/a').read_text() == 'new\n'


def test_get_follows_a_link_to_a_folder(cli):
    _, job = ended(cli, 'echo new >/outbox/a')
    (cli.work / 'real').mkdir()
    (cli.work / 'link').symlink_to('real')
    cli.say('get', '-q', job, '-o', 'link')
    assert (cli.work / 'real/a').read_text() == 'new\n'
    cli.say('get', '-q', job, '-o', 'made/on the/way')
    assert (cli.work / 'made/on the/way/a').read_text() == 'new\n'


def test_get_says_why_there_are_no_results(cli):
    pipeline, job = ready(cli, WAIT)
    cli.fails(1, 'get', job, says=f"job {job} is ready: 'kabuto wait {job}'")
    cli.user.submit(pipeline)
    cli.user.wait_state(pipeline, job, 'running')
    cli.fails(1, 'get', job, says=f"job {job} is running: 'kabuto wait {job}'")
    cli.user.kabuto.let_go(job)
    cli.user.wait_job(pipeline, job)
    cli.fails(1, 'get', job + 100000, says=f'job {job + 100000} does not exist')
    cli.fails(2, 'get')
    cli.fails(2, 'get', job, '--zip', 'x', '-o', 'y')
    never = cli.user.run('true', image=cli.user.image('FROM busybox\nENTRYPOINT ["/missing"]\n'),
                         user='nobody-knows')
    assert never['state'] == 'failed'
    done = cli.run('get', never['id'])
    assert done.returncode in (0, 1) and 'Traceback' not in done.stderr


def test_get_zip_saves_the_zip_or_prints_it(cli):
    pipeline, job = ended(cli, 'echo new >/outbox/a')
    whole = cli.user.get(f'/pipeline/{pipeline}/job/{job}?result').content
    cli.say('get', '-q', job, '--zip', 'a.zip')
    assert (cli.work / 'a.zip').read_bytes() == whole
    assert stat.S_IMODE((cli.work / 'a.zip').stat().st_mode) == 0o644
    done = cli.run('get', '-q', job, '--zip', '-', text=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, whole, b'')
    (cli.work / 'a.zip').write_text('old')
    cli.fails(1, 'get', job, '--zip', 'a.zip', says="'a.zip' exists")
    cli.fails(1, 'get', job, '--zip', 'no/a.zip', says='No such file')
    cli.say('get', '-q', job, '--zip', 'a.zip', '--force')
    assert (cli.work / 'a.zip').read_bytes() == whole
    assert os.listdir(cli.work) == ['a.zip'] and cached(cli) == []


def test_get_zip_to_a_pipe_that_is_not_read_ends_at_a_signal(cli):
    _, job, _ = big_job(cli, 1 << 20)
    process = cli.start('get', job, '--zip', '-', '-q')
    assert process.stdout.read(1) == b'P'
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.communicate()
    closed = cli.start('get', job, '--zip', '-', '-q')
    closed.stdout.close()
    assert (closed.wait(30), closed.stderr.read()) == (0, b'')


def test_get_of_a_range_that_is_always_refused_ends(cli, listener):
    job = b'{"1": {"id": 1, "pipeline": {"id": 2}, "state": "done"}}'
    url, asked = listener(answer_bytes(body=job), answer_bytes('416 Range Not Satisfiable', b''))
    cli.fails(1, 'get', '1', env={'KABUTO_URL': url, 'KABUTO_TOKEN': 'x'}, says='HTTP 416', timeout=30)
    assert len(asked) == 2


def test_get_names_brings_files_folders_and_patterns(cli):
    _, job = ended(cli, 'cd /outbox; mkdir -p "a b/c" d; for x in "a b/c/x y%22.txt" "a b/z" d/1.csv '
                   'd/2.csv top.csv "q?#[1]&+"; do echo "$x" >"$x"; done')

    def get(*names, **kw):
        cli.say('get', '-q', job, '-o', f'out{len(os.listdir(cli.work))}', '--', *names, **kw)
        newest = max(cli.work.iterdir(), key=lambda folder: int(folder.name[3:]))
        found = {name: text for name, text in tree(newest).items() if text != 'folder'}
        assert all(text == name + b'\n' for name, text in found.items()), found
        return sorted(name.decode() for name in found)

    assert get('top.csv') == ['top.csv']
    assert get('a b') == get('a b/') == ['a b/c/x y%22.txt', 'a b/z']
    assert get('*.csv') == ['d/1.csv', 'd/2.csv', 'top.csv']
    assert get('d/?.csv', 'q?#[1]&+') == ['d/1.csv', 'd/2.csv', 'q?#[1]&+']
    assert cached(cli) == []
    cli.fails(1, 'get', job, 'missing', says=["no result 'missing'", 'kabuto api GET'])
    cli.fails(1, 'get', job, 'top.csv', '../x', says="no result '../x'")
    nothing_hidden(cli.work)


def test_get_names_adds_to_a_folder_and_replaces_nothing(cli):
    _, job = ended(cli, 'echo 1 >/outbox/a; echo 2 >/outbox/b')
    cli.say('get', '-q', job, 'a')
    cli.say('get', '-q', job, 'b')
    folder = cli.work / f'job-{job}'
    assert tree(folder) == {b'a': b'1\n', b'b': b'2\n'}
    (folder / 'a').write_text('mine')
    (folder / 'b').unlink()
    cli.fails(1, 'get', job, 'b', 'a', says=f"'a' is in 'job-{job}' already")
    assert tree(folder) == {b'a': b'mine'}
    cli.say('get', '-q', '--force', job, 'a')
    assert tree(folder) == {b'a': b'1\n'}


@pytest.mark.both
def test_get_goes_on_after_a_cut_with_the_rest_only(cli, proxy, slow):
    _, job, sha256 = big_job(cli)
    proxy.stop_at(down=BIG // 2)
    process = cli.start('get', job, '-o', 'out', env=slow, text=True)
    proxy.wait_stopped()
    proxy.cut()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0 and said.count('trying again') == 1, said
    assert digest(cli.work / 'out/big') == sha256
    assert proxy.down < BIG + (1 << 20)
    assert cached(cli) == []


def test_get_goes_on_after_a_kill_in_the_next_call(cli, proxy, slow):
    _, job, sha256 = big_job(cli)
    proxy.stop_at(down=BIG // 2)
    process = cli.start('get', job, '-o', 'out', env=slow)
    proxy.wait_stopped()
    assert peak(process) < MOST
    process.kill()
    process.communicate()
    proxy.cut()
    assert len(cached(cli)) == 2 and not (cli.work / 'out').exists()
    nothing_hidden(cli.work)
    done = cli.run('get', '-q', job, '-o', 'out', env=slow)
    assert (done.returncode, done.stderr) == (0, '')
    assert digest(cli.work / 'out/big') == sha256
    # What the kernel held for the killed program comes once more.
    assert any(b'Range: bytes=' in head for head in proxy.heads) and proxy.down < BIG + (16 << 20)
    assert cached(cli) == []


def test_get_after_an_interrupt_keeps_the_part_and_says_so(cli, proxy, slow):
    _, job, sha256 = big_job(cli)
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        proxy.stop_at(down=BIG // 2)
        process = cli.start('get', job, '-o', 'out', env=slow, text=True)
        proxy.wait_stopped()
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode == status
        assert said == 'kabuto: interrupted: the same command goes on where this one ended\n'
        assert not (cli.work / 'out').exists() and len(cached(cli)) == 2
        proxy.cut()
    cli.say('get', '-q', job, '-o', 'out', env=slow)
    assert digest(cli.work / 'out/big') == sha256


def test_get_of_results_that_changed_begins_again(cli, proxy, slow):
    pipeline, job, _ = big_job(cli)
    proxy.stop_at(down=BIG // 2)
    process = cli.start('get', job, '-o', 'out', env=slow)
    proxy.wait_stopped()
    cli.user.submit(pipeline)
    cli.user.wait_job(pipeline, job)
    sha256 = cli.user.lines(job)[-1].split()[0]
    proxy.cut()
    assert process.wait(120) == 0
    assert digest(cli.work / 'out/big') == sha256
    process.communicate()


def test_get_survives_a_restart_of_the_server(own, tmp_path):
    kabuto = own()
    cli = Client(kabuto, kabuto.user(), tmp_path)
    proxy = GateProxy(kabuto)
    _, job, sha256 = big_job(cli)
    env = {'KABUTO_URL': proxy.url, 'KABUTO_TOKEN': cli.token}
    proxy.stop_at(down=BIG // 2)
    process = cli.start('get', job, '-o', 'out', env=env, text=True)
    proxy.wait_stopped()
    before = proxy.accepted
    for name in ('web', 'api', 'upload', 'follow', 'spooler'):
        kabuto[name].kill()
    proxy.release()
    until(lambda: proxy.accepted > before, 'it tries again')
    for name in ('spooler', 'api', 'upload', 'follow', 'web'):
        kabuto[name].start()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert digest(cli.work / 'out/big') == sha256
    kabuto.wait_healthy()
    proxy.close()


def test_two_gets_of_one_job_at_once_both_succeed(cli, proxy, slow):
    _, job, sha256 = big_job(cli)
    proxy.stop_at(down=BIG // 2)
    first = cli.start('get', job, '-q', '-o', 'one', env=slow)
    proxy.wait_stopped()
    cli.say('get', job, '-q', '-o', 'two')
    proxy.release()
    assert first.wait(60) == 0
    first.communicate()
    assert digest(cli.work / 'one/big') == digest(cli.work / 'two/big') == sha256
    assert cached(cli) == []


def replace_results(cli, job, data):
    """Another zip in place of the job's, as a server that lies would send it."""
    token = cli.user.kabuto.sql('SELECT results_token FROM job WHERE id = ?', job)[0][0]
    (cli.user.kabuto.state / 'results' / f'{token}.zip').write_bytes(data)


def hostile(*entries):
    """A zip with these (name, content, mode)."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w') as made:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            made.writestr(info, content)
    return data.getvalue()


@pytest.mark.parametrize('entries', [
    [('../evil', 'x', 0o100644)],
    [('/tmp/kabuto-evil', 'x', 0o100644)],
    [('good', 'x', 0o100644), ('a/../../evil', 'x', 0o100644)],
    [('l', '../..', 0o120777), ('l/evil', 'x', 0o100644)],
    [('l', '/etc', 0o120777)],
    [('d/', '', 0o040755), ('l', 'd', 0o120777), ('l/x', 'x', 0o100644)],
    [('null', '', 0o020666)],
    [('a', 'x', 0o100644), ('a', 'y', 0o100644)],
], ids=['up', 'absolute', 'winding', 'link-up', 'link-absolute', 'through', 'device', 'twice'])
@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_hostile_zip_leaves_nothing(cli, entries):
    _, job = ended(cli, 'echo x >/outbox/a')
    replace_results(cli, job, hostile(*entries))
    deep = cli.work / 'deep'
    deep.mkdir()
    said = cli.fails(1, 'get', '-q', job, '-o', 'out', says='nothing was unpacked', cwd=deep)
    assert 'the zip has ' in said and os.listdir(deep) == []
    assert os.listdir(cli.work) == ['deep'] and cached(cli) == []
    assert not pathlib.Path('/tmp/kabuto-evil').exists()


def test_zip_that_is_no_zip_leaves_nothing(cli):
    _, job = ended(cli, 'echo x >/outbox/a')
    whole = hostile(*((f'f{i}', 'x' * 1000, 0o100644) for i in range(10)))
    for data in (b'', b'<html>a proxy logs in here</html>', whole[:-30], whole[:50],
                 whole[200:]):
        replace_results(cli, job, data)
        cli.fails(1, 'get', '-q', job, '-o', 'out', says='the zip is damaged')
        assert os.listdir(cli.work) == [] and cached(cli) == []


def on_small_disk(cli, where, size, *words):
    """Runs the client with a disk of that size at a folder; gives what it said and what is there."""
    where.mkdir(parents=True, exist_ok=True)
    script = f'mount -t tmpfs -o size={size} none "$0" && {{ "$@"; r=$?; ls -A "$0"; exit $r; }}'
    return subprocess.run(['unshare', '-m', 'sh', '-c', script, where, cli.program,
                           *map(str, words)], cwd=cli.work, env=cli.environment, text=True,
                          capture_output=True, timeout=120, check=False)


def test_full_disk_at_the_target_is_told_before_anything_is_written(cli):
    _, job = ended(cli, 'head -c 30000000 /dev/zero >/outbox/zeros')
    done = on_small_disk(cli, cli.work / 'small', '8m', 'get', '-q', job, '-o', 'small/out')
    assert done.returncode == 1 and done.stdout == ''
    assert "the results need 28.6 MiB unpacked, and the disk of 'small/out' has 8 MiB free" in \
        done.stderr
    assert len(cached(cli)) == 2  # so that the next call need not fetch it again
    cli.say('get', '-q', job, '-o', 'out')
    assert cached(cli) == [] and (cli.work / 'out/zeros').stat().st_size == 30000000


def test_full_disk_at_the_cache_is_told_before_anything_is_written(cli):
    _, job, _ = big_job(cli, 30000000)
    done = on_small_disk(cli, cli.folder / 'cache', '8m', 'get', '-q', job, '-o', 'out')
    assert done.returncode == 1 and done.stderr.count('\n') == 1
    assert 'the download needs 28.6 MiB more' in done.stderr and 'XDG_CACHE_HOME' in done.stderr
    assert os.listdir(cli.work) == []


def test_token_that_was_revoked_is_told_and_the_part_stays(cli, proxy, slow):
    _, job, sha256 = big_job(cli)
    proxy.stop_at(down=BIG // 2)
    process = cli.start('get', job, '-q', '-o', 'out', env=slow, text=True)
    proxy.wait_stopped()
    tokens = cli.user.json('/account/token')
    for token in tokens:
        expect(cli.user.call('DELETE', f'/account/token/{token}'), 200)
    proxy.cut()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and 'token' in said and said.count('\n') == 1, said
    assert len(cached(cli)) == 2 and os.listdir(cli.work) == []


# put

def sent(cli, pipeline, job):
    """What a job finds in /inbox: {name: content}. Its command packs it."""
    cli.user.submit(pipeline)
    ended_job = cli.user.wait_job(pipeline, job)
    assert ended_job['state'] == 'done', ended_job
    return {name: content for name, content in tree_of_zip(cli.user.results(ended_job)).items()}


def tree_of_zip(archive):
    return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}


COPY = 'cp -r /inbox/. /outbox/'


@pytest.mark.both
def test_put_sends_files_and_folders_under_their_names(cli):
    pipeline, job = ready(cli, COPY)
    data = cli.work / 'da ta'
    (data / 'sub').mkdir(parents=True)
    names = ['x y.csv', 'q"\'', 'back\\slash\\', '100%25 %22', 'a;b=c', 'ü.txt', '=?utf-8?B?YQ==?=',
             'sub/deep', 'empty', '-o']
    for name in names:
        (data / name).write_text('' if name == 'empty' else name)
    (cli.work / 'single.txt').write_text('single')
    (data / 'no files').mkdir()
    done = cli.run('put', job, 'da ta', 'single.txt')
    assert done.returncode == 0 and done.stdout == ''
    assert done.stderr == ('kabuto: 1 empty folder is not sent\n'
                           f'kabuto: 11 files, 74 bytes, sent to job {job}\n')
    expected = {f'da ta/{name}': b'' if name == 'empty' else name.encode() for name in names}
    assert sent(cli, pipeline, job) == {**expected, 'single.txt': b'single'}


def test_put_of_a_folder_s_contents_has_no_prefix(cli):
    pipeline, job = ready(cli, COPY)
    (cli.work / 'data').mkdir()
    (cli.work / 'data/a').write_text('1')
    cli.say('put', '-q', job, 'data/.')
    (cli.work / 'data/a').write_text('2')
    (cli.work / 'data/b').write_text('3')
    cli.say('put', '-q', job, '.', cwd=cli.work / 'data')  # a file of the same name is replaced
    assert sent(cli, pipeline, job) == {'a': b'2', 'b': b'3'}


def test_put_asks_what_to_do_with_links(cli):
    pipeline, job = ready(cli, COPY)
    data, other = cli.work / 'data', cli.work / 'other'
    data.mkdir(), other.mkdir()
    (other / 'x').write_text('x')
    (data / 'a').write_text('a')
    (data / 'file').symlink_to('../other/x')
    (data / 'folder').symlink_to('../other')
    cli.fails(1, 'put', job, 'data', says=['is a symbolic link', '--links follow', '--links skip'])
    cli.fails(2, 'put', job, 'data', '--links', 'maybe', says='refuse, follow or skip')
    assert cli.user.state(pipeline, job)['attachments'] == []
    done = cli.run('put', job, 'data', '--links', 'skip')
    assert done.returncode == 0 and '2 symbolic links are not sent' in done.stderr
    assert [a['name'] for a in cli.user.state(pipeline, job)['attachments']] == ['data/a']
    cli.say('put', '-q', job, 'data', '--links', 'follow')
    assert sent(cli, pipeline, job) == {'data/a': b'a', 'data/file': b'x', 'data/folder/x': b'x'}
    (data / 'folder/loop').symlink_to('..')
    _, job = ready(cli)
    cli.fails(1, 'put', job, 'data', '--links', 'follow', says='a folder that contains it')


def test_put_refuses_what_cannot_be_sent_before_it_sends(cli, proxy, slow):
    _, job = ready(cli)
    data = cli.work / 'data'
    data.mkdir()
    (data / 'good').write_text('x')
    os.mkfifo(data / 'fifo')
    cli.fails(1, 'put', job, 'data', env=slow, says="'data/fifo' is a FIFO")
    (data / 'fifo').unlink()
    (data / 'line\nfeed').write_text('x')
    cli.fails(1, 'put', job, 'data', env=slow, says=["'data/line?feed' cannot be sent", 'rename'])
    (data / 'line\nfeed').unlink()
    with open(os.fsencode(data) + b'/latin1-\xe9.txt', 'w', encoding='ascii'):
        pass
    cli.fails(1, 'put', job, 'data', env=slow, says=['is not valid UTF-8', 'rename'])
    cli.fails(1, 'put', job, 'missing', env=slow, says="read 'missing': No such file")
    (cli.work / 'empty').mkdir()
    done = cli.run('put', job, 'empty', env=slow)
    assert done.returncode == 1 and "no files to send in 'empty'" in done.stderr
    cli.fails(2, 'put', job, env=slow)
    assert proxy.heads == []


def test_put_reads_no_file_that_may_not_be_read(cli):
    """As another user than root."""
    _, job = ready(cli)
    (cli.work / 'data').mkdir()
    (cli.work / 'data/secret').write_text('x')
    (cli.work / 'data/secret').chmod(0)
    for folder in (cli.work, *cli.work.parents):
        if folder.owner() == 'root' and not folder.stat().st_mode & 1:
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(
        ['setpriv', '--reuid', 'nobody', '--clear-groups', cli.program, 'put', str(job), 'data'],
        cwd=cli.work, text=True, capture_output=True, timeout=60, check=False,
        env={**cli.environment, 'KABUTO_URL': cli.kabuto.url, 'KABUTO_TOKEN': cli.token})
    assert (done.returncode, done.stderr) == (
        1, "kabuto: read 'data/secret': Permission denied\n"), done


def test_put_to_a_job_at_work_is_refused_before_it_sends(cli, proxy, slow):
    pipeline, job = ready(cli, WAIT)
    (cli.work / 'a').write_text('x')
    cli.user.submit(pipeline)
    cli.user.wait_state(pipeline, job, 'running')
    cli.fails(1, 'put', job, 'a', env=slow, says=f'job {job} is running')
    assert not any(head.startswith(b'PUT') for head in proxy.heads)
    cli.user.kabuto.let_go(job)


@pytest.mark.both
def test_put_sends_again_after_a_cut(cli, proxy, slow):
    pipeline, job = ready(cli, 'sha256sum </inbox/big')
    (cli.work / 'big').write_bytes(os.urandom(BIG))
    proxy.stop_at(up=BIG // 2)
    process = cli.start('put', job, 'big', env=slow, text=True)
    proxy.wait_stopped()
    assert peak(process) < MOST
    proxy.cut()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0 and said.count('trying again') == 1, said
    cli.user.submit(pipeline)
    cli.user.wait_job(pipeline, job)
    assert cli.user.lines(job)[0].split()[0] == digest(cli.work / 'big')


def test_put_survives_a_restart_of_the_server(own, tmp_path):
    kabuto = own()
    cli = Client(kabuto, kabuto.user(), tmp_path)
    proxy = GateProxy(kabuto)
    pipeline, job = ready(cli, 'sha256sum </inbox/big')
    (cli.work / 'big').write_bytes(os.urandom(BIG))
    proxy.stop_at(up=BIG // 2)
    process = cli.start('put', job, 'big', text=True,
                        env={'KABUTO_URL': proxy.url, 'KABUTO_TOKEN': cli.token})
    proxy.wait_stopped()
    for name in ('web', 'api', 'upload', 'follow', 'spooler'):
        kabuto[name].kill()
    proxy.release()
    for name in ('spooler', 'api', 'upload', 'follow', 'web'):
        kabuto[name].start()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    kabuto.wait_healthy()
    cli.user.submit(pipeline)
    cli.user.wait_job(pipeline, job)
    assert cli.user.lines(job)[0].split()[0] == digest(cli.work / 'big')
    proxy.close()


@pytest.mark.parametrize('change', ['grows', 'shrinks', 'vanishes'])
def test_put_of_a_file_that_changes_keeps_nothing(cli, proxy, slow, change):
    pipeline, job = ready(cli)
    big, late = cli.work / 'big', cli.work / 'late'
    big.write_bytes(os.urandom(BIG))
    late.write_bytes(b'x' * 1000)
    proxy.stop_at(up=1 << 20)
    process = cli.start('put', job, 'big', 'late', env=slow, text=True)
    proxy.wait_stopped()
    if change == 'grows':
        with open(big, 'ab') as file:
            file.write(b'more')
    elif change == 'shrinks':
        os.truncate(big, BIG - 1)
    else:
        late.unlink()
    proxy.release()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and said.count('\n') == 1, said
    assert ("read 'late', nothing was kept of the upload: No such file" if change == 'vanishes' else
            "'big' changes while it is sent") in said
    assert cli.user.state(pipeline, job)['attachments'] == []


def test_put_interrupted_adds_nothing(cli, proxy, slow):
    pipeline, job = ready(cli)
    (cli.work / 'big').write_bytes(os.urandom(BIG))
    proxy.stop_at(up=BIG // 2)
    process = cli.start('put', job, 'big', env=slow, text=True)
    proxy.wait_stopped()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, 'kabuto: interrupted: nothing was added to the job\n')
    proxy.cut()
    assert cli.user.state(pipeline, job)['attachments'] == []


@pytest.mark.parametrize('signals', [1, 2])
def test_put_interrupted_while_the_answer_is_awaited(cli, proxy, slow, signals):
    pipeline, job = ready(cli)
    (cli.work / 'big').write_bytes(bytes(BIG))
    proxy.stop_at(up=BIG // 2)
    process = cli.start('put', job, 'big', env=slow, text=True)
    proxy.wait_stopped()
    proxy.release_upload()
    proxy.wait_stopped()
    for _ in range(signals):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
    assert (process.returncode is None) == (signals == 1)
    proxy.release()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        (0, f'kabuto: 1 file, 60 MiB, sent to job {job}\n') if signals == 1 else
        (130, 'kabuto: interrupted: the files may have been added; kabuto show tells\n'))
    assert [one['name'] for one in cli.user.state(pipeline, job)['attachments']] == ['big']


@pytest.mark.both
@pytest.mark.parametrize('settings,words', [
    ({'file_max': '1m'}, 'attachments: a file is too large; the limit is 1 MiB'),
    ({'attachments_max': 3}, 'may have 3 files at most'),
    pytest.param({'min_free': '100t'}, 'less than 100 TiB of disk free',
                 marks=pytest.mark.log_errors),
], ids=['413', 'many', '507'])
def test_put_that_is_refused_in_the_middle_has_the_server_s_words(own, tmp_path, settings, words):
    kabuto = own()
    cli = Client(kabuto, kabuto.user(), tmp_path)
    pipeline, job = ready(cli)
    kabuto.configure(**settings)
    kabuto['upload'].stop(), kabuto['upload'].start()
    until(kabuto.pools_answer, 'the pool answers')
    for i in range(5):
        (cli.work / str(i)).write_bytes(os.urandom(20 << 20))
    said = cli.fails(1, 'put', '-q', job, *range(5), says=words)
    assert 'pipe' not in said and 'reset' not in said
    assert cli.user.state(pipeline, job)['attachments'] == []
    cli.fails(1, 'put', '-q', job, *range(5), says='KABUTO_TOKEN',
              env={'KABUTO_URL': kabuto.url, 'KABUTO_TOKEN': 'wrong'})


def test_progress_is_shown_in_a_terminal_only(cli, proxy, slow):
    _, job = ready(cli)
    (cli.work / 'big').write_bytes(os.urandom(BIG))
    proxy.stop_at(up=BIG // 2)
    terminal = cli.terminal('put', job, 'big', env=slow)
    terminal.wait_for('sending ')
    terminal.wait_for(' of 60.0 MiB, ')
    proxy.release()
    assert terminal.wait() == 0
    assert terminal.text.split('\x1b[K')[-1] == f'kabuto: 1 file, 60 MiB, sent to job {job}\n'
    done = cli.run('put', job, 'big')
    assert done.stderr == f'kabuto: 1 file, 60 MiB, sent to job {job}\n'


def test_3000_files_up_and_down(cli):
    pipeline, job = ready(cli, COPY)
    for i in range(3000):
        (cli.work / 'many' / str(i % 10)).mkdir(parents=True, exist_ok=True)
        (cli.work / 'many' / str(i % 10) / f'file {i}').write_text(str(i))
    cli.say('put', '-q', job, 'many')
    cli.user.submit(pipeline)
    assert cli.user.wait_job(pipeline, job)['state'] == 'done'
    cli.say('get', '-q', job, '-o', 'out')
    assert tree(cli.work / 'out/many') == tree(cli.work / 'many')
