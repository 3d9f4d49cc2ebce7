"""etc/python/kabuto.py: its own examples, and what analysts and bad days do to it."""
import importlib.util
import io
import json
import os
import pathlib
import random
import stat
import subprocess
import threading
import zipfile
from numbers import Integral

import pytest

from client import WAIT, expect, refused
from cutting import CuttingProxy
from kabutoclient import answer_bytes
from wait import until

pytestmark = pytest.mark.limit(400)
# Runs the examples of all docstrings, with k as the client.
EXAMPLES = '''
import doctest, sys
import kabuto
failed, tried = doctest.testmod(kabuto, extraglobs={'k': kabuto.Kabuto()})
sys.exit(failed > 0 or tried < 20)
'''
# Sends the file big.bin, and prints by how many KiB that made the process grow.
UPLOAD = '''
import os, pathlib, re
import kabuto
def peak():
    return int(re.search('VmHWM:\\\\s+(\\\\d+)', pathlib.Path('/proc/self/status').read_text())[1])
k = kabuto.Kabuto()
k.jobs()
before = peak()
job = k.run('stat -c %s /inbox/big.bin', image=os.environ['IMAGE'], files=['big.bin'])
print(peak() - before, k.log(job).split()[-1])
'''


@pytest.fixture(scope='module')
def module(source):
    """It has the name of a module of these tests."""
    spec = importlib.util.spec_from_file_location('python_module', source / 'etc/python/kabuto.py')
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def token_of(user):
    return expect(user.post('/account/token', {'name': 'python'}), 200).json()['token']


@pytest.fixture
def k(module, alice, monkeypatch, tmp_path):
    """A client of alice, as a script gets it that runs in an empty folder."""
    monkeypatch.setenv('KABUTO_URL', alice.url)
    monkeypatch.setenv('KABUTO_TOKEN', token_of(alice))
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    monkeypatch.chdir(tmp_path)
    return module.Kabuto()


@pytest.fixture
def proxied(module, k, alice):
    """The same, and the network between the two."""
    proxy = CuttingProxy(alice.kabuto)
    yield module.Kabuto(proxy.url), proxy
    proxy.close()


def script(source, text, folder, **environment):
    return subprocess.run(['/usr/bin/python3', '-W', 'error::SyntaxWarning', '-c', text], text=True,
                          cwd=folder, capture_output=True, check=False, timeout=300,
                          env={**os.environ, 'PYTHONPATH': str(source / 'etc/python'),
                               **environment})


def test_examples_of_the_docstrings_run(source, k, tmp_path):
    (tmp_path / 'fruit.txt').write_text('pear\nfig\n')
    done = script(source, EXAMPLES, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


# Where the server and the token come from

def write_config(folder, text, mode=0o600):
    (folder / 'kabuto').mkdir(exist_ok=True)
    (folder / 'kabuto/config').write_text(text)
    (folder / 'kabuto/config').chmod(mode)


def test_server_and_token_come_from_the_clients_file(module, k, alice, monkeypatch, tmp_path):
    token = os.environ['KABUTO_TOKEN']
    monkeypatch.delenv('KABUTO_URL')
    monkeypatch.delenv('KABUTO_TOKEN')
    monkeypatch.setenv('XDG_CONFIG_HOME', str(tmp_path))
    with pytest.raises(module.KabutoError, match='KABUTO_URL.*kabuto login'):
        module.Kabuto()
    write_config(tmp_path, f'# by kabuto login\nurl = {alice.url}/\ntoken = {token}\n')
    assert module.Kabuto().call('GET', '/account')['login'] == 'alice'
    assert module.Kabuto(alice.url).call('GET', '/account')['login'] == 'alice'
    with pytest.raises(module.KabutoError, match='no token for http://other.example'):
        module.Kabuto('http://other.example')
    write_config(tmp_path, f'url = {alice.url}\ntoken = {token}\n', 0o640)
    with pytest.raises(module.KabutoError, match='chmod 600'):
        module.Kabuto()


def test_netrc_does_not_replace_the_token(module, k, monkeypatch, tmp_path):
    (tmp_path / '.netrc').write_text('machine 127.0.0.1 login nobody password wrong\n')
    (tmp_path / '.netrc').chmod(0o600)
    monkeypatch.setenv('HOME', str(tmp_path))
    assert k.call('GET', '/account')['login'] == 'alice'


def test_revoked_token_is_explained(module, k, alice):
    for token in alice.json('/account/token').values():
        expect(alice.call('DELETE', f'/account/token/{token["id"]}'), 200)
    with pytest.raises(module.KabutoError, match='kabuto login') as raised:
        k.run('true', dockerfile='FROM busybox')
    assert raised.value.status == 401 and os.environ['KABUTO_TOKEN'] not in str(raised.value)


# Following

def numbers(first, last):
    return [str(number) for number in range(first, last + 1)]


def of_job(lines):
    return [str(line) for line in lines if line.stream == 'stdout']


def in_background(iterable):
    """What it gives, in a list that grows; and the thread."""
    got = []

    def collect():
        for item in iterable:
            got.append(item)
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    return got, thread


@pytest.mark.both
def test_follow_survives_restarts_of_all_processes(module, own, monkeypatch):
    kabuto = own()
    dave = kabuto.user('dave')
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    names = ['follow', 'api', 'web', 'upload', 'spooler']
    _, job = dave.begin('for i in 1 2 3 4 5; do until [ -e /outbox/go$i ]; do sleep 0.02; done; '
                        'seq $((i * 1000 + 1)) $((i * 1000 + 500)); done', disk='10m')
    got, thread = in_background(module.Kabuto(kabuto.url, token_of(dave)).follow(job))
    for i, name in enumerate(names, 1):
        kabuto.let_go(job, f'go{i}')
        until(lambda: len(of_job(got)) >= i * 500 - 250 or not thread.is_alive(), 'lines come')
        kabuto[name].kill()
        kabuto[name].start()
        kabuto.wait_healthy()
    thread.join(100)
    assert of_job(got) == sum((numbers(i * 1000 + 1, i * 1000 + 500) for i in range(1, 6)), [])


def test_follow_goes_on_after_each_cut(module, proxied, alice):
    k, proxy = proxied
    job = alice.run('seq 1 3000; printf "no end"; printf oops >&2')['id']
    proxy.limit(down=40000)
    lines = list(k.follow(job))
    assert [str(line) for line in lines if line.stream == 'stdout'] == [*numbers(1, 3000), 'no end']
    assert [str(line) for line in lines if line.stream == 'stderr'] == ['oops']
    assert lines[0].time.tzinfo and lines[0].time <= lines[1000].time
    assert proxy.accepted > 3


def test_lines_that_come_in_pieces_are_whole(k, alice):
    _, job = alice.begin(f'printf half; {WAIT}; echo ...whole; seq -s, 30000', disk='10m')
    got, thread = in_background(k.follow(job))
    until(lambda: [x for x in alice.log(job) if x.get('partial')], 'half a line is there')
    alice.kabuto.let_go(job)
    thread.join(60)
    assert of_job(got) == ['half...whole', ','.join(numbers(1, 30000))]


@pytest.mark.parametrize('method,keyed', [('GET', False), ('POST', True)])
def test_call_that_lighttpd_lost_is_repeated(module, monkeypatch, listener, source, method, keyed):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    lost = answer_bytes('500 No', (source / 'etc/lighttpd-errors/500.html').read_bytes())
    url, asked = listener(lost, answer_bytes())
    assert module.Kabuto(url, 'x').call(method, '/pipeline') == {}
    keys = {line for request in asked for line in request.split(b'\r\n')
            if line.lower().startswith(b'idempotency-key: ')}
    assert len(asked) == 2 and len(keys) == keyed


@pytest.mark.parametrize('method,body', [
    ('DELETE', b'{"error": "gone", "server": "lighttpd"}'), ('GET', b'{"error": "no disk"}'),
    ('GET', b'["server"]'), ('GET', b'null'), ('GET', b'<html>')])
def test_call_that_may_not_be_repeated_is_told_at_once(module, monkeypatch, listener, method, body):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    url, asked = listener(answer_bytes('500 No', body), answer_bytes())
    with pytest.raises(module.KabutoError) as raised:
        module.Kabuto(url, 'x').call(method, '/pipeline')
    assert raised.value.status == 500 and len(asked) == 1


def test_list_goes_on_after_short_and_empty_pages(module, monkeypatch, listener):
    def page(after, *jobs):
        link = [f'Link: </jobs?limit=20&after={after}>; rel="next"'] * (after > 0)
        return answer_bytes('200 OK', json.dumps({job: {'id': job} for job in jobs}).encode(), *link)
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    url, asked = listener(page(7, 9), page(5), page(4, 4), page(0, 3))
    assert [job.info['id'] for job in module.Kabuto(url, 'x').jobs(2)] == [9, 4]
    assert len(asked) == 3 and b'limit=2 ' in asked[0] and b'after=5' in asked[2]


# Results

def run(alice, command):
    return alice.run(command)['id']


def test_download_goes_on_after_each_cut(proxied, alice, tmp_path):
    k, proxy = proxied
    job = run(alice, 'head -c 3000000 /dev/urandom > /outbox/big; md5sum < /outbox/big')
    proxy.limit(down=1 << 20)
    before = proxy.accepted
    assert k.get(job, 'out') == [pathlib.Path('out/big')]
    assert proxy.accepted - before >= 3
    done = subprocess.run(['md5sum'], stdin=open('out/big', 'rb'), capture_output=True, check=True)
    assert done.stdout.decode().split()[0] == k.log(job).split()[0]
    assert os.listdir(tmp_path) == ['out'], 'nothing else is left'


def test_results_have_links_folders_and_modes(k, alice):
    job = run(alice, 'cd /outbox; mkdir -p a/b empty; echo 1 > "a/b/x y"; ln -s b/"x y" a/link;'
                       'echo 2 > run.sh; chmod 4755 run.sh')
    names = k.get(job, 'new/out')
    assert [str(name) for name in names] == ['new/out/a/b/x y', 'new/out/a/link', 'new/out/run.sh']
    assert pathlib.Path('new/out/a/link').read_text() == '1\n'
    assert os.readlink('new/out/a/link') == 'b/x y' and os.path.isdir('new/out/empty')
    mode = os.stat('new/out/run.sh').st_mode
    assert mode & stat.S_IXUSR and not mode & stat.S_ISUID
    assert k.read(job, 'a/b/x y') == b'1\n'


def test_full_folder_is_refused_unless_forced(module, k, alice):
    job = run(alice, 'mkdir /outbox/a; echo new > /outbox/a/b; echo 1 > /outbox/c')
    os.mkdir('out')
    assert len(k.get(job, 'out')) == 2, 'an empty one is as good as none'
    for name, content in (('out/a/b', 'old'), ('out/a/own', 'own')):
        pathlib.Path(name).write_text(content)
    with pytest.raises(module.KabutoError, match='not empty'):
        k.get(job, 'out')
    assert pathlib.Path('out/a/b').read_text() == 'old'
    assert len(k.get(job, 'out', force=True)) == 2
    assert pathlib.Path('out/a/b').read_text() == 'new\n'
    assert sorted(os.listdir('out')) == ['a', 'c'] and sorted(os.listdir('out/a')) == ['b', 'own']


def test_force_does_not_write_through_links(module, k, alice, tmp_path):
    job = run(alice, 'mkdir /outbox/a; echo new > /outbox/a/b')
    (tmp_path / 'elsewhere').mkdir()
    os.mkdir('out')
    os.symlink('../elsewhere', 'out/a')
    with pytest.raises(module.KabutoError, match="'out/a' is in the way"):
        k.get(job, 'out', force=True)
    assert os.listdir('elsewhere') == [] and os.listdir('out') == ['a']


@pytest.mark.parametrize('body', [b'<html>hello</html>\n', b'[1]\n', b'null\n',
                                  b'{"error": "who are you?"}\n', b'{"job": 1, "build_id": "x"}\n'])
def test_answer_of_another_server_is_a_kabuto_error(module, listener, monkeypatch, body):
    """As of a proxy that answers each call with 200."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    other = module.Kabuto(listener(answer_bytes(body=body))[0], 'x')
    with pytest.raises(module.KabutoError, match='not Kabuto'):
        other.submit('true', image=1)
    with pytest.raises(module.KabutoError, match='not Kabuto'):
        other.build('FROM busybox')
    with pytest.raises(module.KabutoError, match='not Kabuto'):
        list(other.follow(module.Job({'id': 1})))


def test_images_whose_pages_repeat_end(module, listener, monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    page = '/image?name=mine&order=newest&own=true&limit=1000'
    url, asked = listener(answer_bytes('200 OK', b'{"1": {"id": 1, "name": "other"}}',
                                       f'Link: <{page}>; rel="next"'))
    with pytest.raises(module.KabutoError, match='not Kabuto'):
        module.Kabuto(url, 'x').image('mine')
    assert len(asked) == 2


ENDED = {'id': 1, 'pipeline': {'id': 2}, 'state': 'done', 'response': 0, 'error': None}


def test_download_without_a_length_is_whole(module, listener, monkeypatch, tmp_path):
    """A proxy may leave out Content-Length and send chunks."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as results:
        results.writestr('one', '1')
    content = file.getvalue()
    head = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'
    chunks = b'%x\r\n%s\r\n0\r\n\r\n' % (len(content), content)
    url, asked = listener(head + chunks[:20], head + chunks)
    assert module.Kabuto(url, 'x').get(module.Job(ENDED), tmp_path / 'out') == [tmp_path / 'out/one']
    assert len(asked) == 2


def test_damaged_zip_is_a_kabuto_error(module, listener, monkeypatch, tmp_path):
    """Whichever byte of it is wrong."""
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as results:
        results.writestr('one', '1234567890' * 20)
    content = file.getvalue()
    bad = [content[:at] + bytes([content[at] ^ 0xff]) + content[at + 1:] for at in range(len(content))]
    url, _ = listener(*(answer_bytes(body=one) for one in bad))
    for at in range(len(bad)):
        try:
            module.Kabuto(url, 'x').get(module.Job(ENDED), tmp_path / f'out{at}')
        except module.KabutoError:
            assert not (tmp_path / f'out{at}').exists()


LINK = stat.S_IFLNK | 0o777


@pytest.mark.parametrize('entries', [
    [('../out', 'x', 0o644)],
    [('a/../../out', 'x', 0o644)],
    [('/tmp/kabuto-was-here', 'x', 0o644)],
    [('./a', 'x', 0o644)],
    [('link', '/etc', LINK)],
    [('link', '..', LINK)],
    [('a', '.', LINK), ('a/../x', 'x', 0o644)],
    [('link', '/tmp', LINK), ('link/kabuto-was-here', 'x', 0o644)],
    [('a/b/root', '../..', LINK), ('leads', 'a/b/root/../x', LINK)],
    [('one', 'x', 0o644), ('one', 'y', 0o644)],
    [('one', 'x', 0o644), ('one', 'y', LINK)],
    [('one', 'x', 0o644), ('one/two', 'y', 0o644)],
    [('device', 'x', stat.S_IFCHR | 0o666)],
    None,
], ids=lambda entries: entries[-1][0] if entries else 'no zip')
def test_hostile_zip_leaves_nothing(module, k, alice, tmp_path, entries):
    """A server that was taken over must not reach the analyst's files."""
    job = run(alice, 'echo 1 > /outbox/one')
    token, = alice.kabuto.sql('SELECT results_token FROM job WHERE id = ?', job)[0]
    results = alice.kabuto.state / 'results' / f'{token}.zip'
    data = io.BytesIO(b'no zip')
    if entries:
        with zipfile.ZipFile(data, 'w') as made:
            for name, content, mode in entries:
                entry = zipfile.ZipInfo(name)
                entry.external_attr = mode << 16
                made.writestr(entry, content)
    results.write_bytes(data.getvalue())
    with pytest.raises(module.KabutoError, match='results'):
        k.get(job, 'folder')
    assert os.listdir(tmp_path) == [] and not os.path.exists('/tmp/kabuto-was-here')


def test_get_of_a_job_that_is_gone_is_explained(module, k):
    with pytest.raises(module.KabutoError, match='job 999999 was not found') as raised:
        k.get(999999)
    assert raised.value.status == 404 and os.listdir() == []


# Sending

@pytest.mark.both
def test_upload_that_is_cut_runs_once(module, own, monkeypatch, tmp_path):
    kabuto = own()
    dave = kabuto.user('dave')
    monkeypatch.setenv('no_proxy', '127.0.0.1')
    proxy = CuttingProxy(kabuto)
    k = module.Kabuto(proxy.url, token_of(dave))
    k.image(dave.image())
    (tmp_path / 'data').write_bytes(os.urandom(3 << 20))
    for limits in ({'up': 1 << 20}, {'down': 20}):  # amid the upload; amid its answer
        proxy.limit(**limits, times=2)
        job = k.run('wc -c < /inbox/data', image=dave.image(), files=[tmp_path / 'data'])
        assert k.log(job).split()[-1] == str(3 << 20)
        assert proxy.times <= 0
    assert len(dave.json('/jobs')) == 2
    proxy.close()


def test_folders_and_odd_names_arrive_as_they_are(k, alice, tmp_path):
    (tmp_path / 'my data/déjà "vu"').mkdir(parents=True)
    for name in ('my data/a b.csv', 'my data/déjà "vu"/x;y=%41', 'alone', 'my data/.hidden'):
        (tmp_path / name).write_text(name)
    job = k.run('cd /inbox && find . -type f | sort; cat dict/ünï', image=alice.image(),
                files=['my data/', pathlib.Path('alone')])
    assert job.info['attachments'] and k.log(job).splitlines()[:4] == [
        './alone', './my data/.hidden', './my data/a b.csv', './my data/déjà "vu"/x;y=%41']
    job = k.run('cd /inbox && find . -type f | sort; cat dict/ünï', image=alice.image(),
                files={'dict/ünï': b'bytes', 'renamed': 'alone', 'all': 'my data'})
    assert k.log(job).splitlines() == ['./all/.hidden', './all/a b.csv', './all/déjà "vu"/x;y=%41',
                                       './dict/ünï', './renamed', 'bytes']
    os.chdir('my data')
    assert 'a b.csv' in k.log(k.run('ls /inbox', image=alice.image(), files='.'))


def test_links_in_folders_are_refused_followed_or_skipped(module, k, alice, tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'target').write_text('secret')
    (tmp_path / 'data/link').symlink_to('../target')
    (tmp_path / 'data/file').write_text('')
    with pytest.raises(module.KabutoError, match="'data/link' is a link: give links="):
        k.submit('ls', image=alice.image(), files=['data'])
    for links, seen in (('follow', 'file\nlink\n'), ('skip', 'file\n')):
        job = k.run('ls /inbox/data', image=alice.image(), files=['data'], links=links)
        assert k.log(job) == seen


@pytest.mark.parametrize('files, words', [
    (['nowhere'], "'nowhere' cannot be read: No such file"),
    ({'a.csv': 'x,y\n' * 1000}, 'if it is a file.s content, give {name: bytes}'),
    ({'a.csv': io.BytesIO(b'1')}, 'must be a path or bytes, not BytesIO'),
    ({'a.csv': 'nowhere'}, 'give {name: bytes}'),
    (['data', 'other/data'], "two files would have the name 'data'"),
    (['/dev/null'], 'is a device'),
    ({'../a': b''}, 'not a valid file name'),
    ({os.fsdecode(b'a\xff.csv'): b''}, r'a.udcff.csv. is not valid UTF-8: rename'),
])
def test_what_cannot_be_sent_is_named(module, k, alice, tmp_path, files, words):
    (tmp_path / 'other').mkdir()
    for name in ('data', 'other/data'):
        (tmp_path / name).write_text('')
    with pytest.raises(module.KabutoError, match=words):
        k.submit('ls', image=alice.image(), files=files)


@pytest.mark.parametrize('dockerfile, words', [
    ('nowhere', "'nowhere' cannot be read: No such file.*has a line FROM"),
    ('RUN true\n' * 100, 'File name too long.*has a line FROM'),
    ('data', "'data' cannot be read: .*utf-8"),
], ids=['path', 'text', 'bytes'])
def test_what_is_no_dockerfile_is_named(module, k, tmp_path, dockerfile, words):
    (tmp_path / 'data').write_bytes(b'\xff')
    with pytest.raises(module.KabutoError, match=words):
        k.submit('ls', dockerfile=dockerfile)


def test_file_that_changes_while_it_is_sent_is_named(module, k, alice, tmp_path):
    body = module._Body([], {'attachments': {'log': tmp_path / 'log'} if
                             (tmp_path / 'log').write_text('one') else {}})
    (tmp_path / 'log').write_text('one more')
    with pytest.raises(module.KabutoError, match="log' changed while it was sent"):
        k.call('POST', '/run', data=body, headers={'Content-Type': body.type})


def test_parameters_reach_the_job(k, alice):
    job = k.run(['sh', '-c', 'echo $A "$B"; pwd'], image=alice.image(), name='named',
                env={'A': '1', 'B': 'x=y z'}, memory='64m', workdir='/tmp', retries=1, timeout=50)
    assert k.log(job).splitlines()[0] == '1 x=y z' and k.log(job).splitlines()[-1] == '/tmp'
    assert (job.info['name'], job.info['memory'], job.info['timeout']) == ('named', 64 << 20, 50)
    again = k.run('true', image=alice.image(), pipeline=job.pipeline)
    assert again.pipeline == job.pipeline


def test_mistakes_are_told_by_the_server_s_words(module, k, alice):
    for how, words in (({'memroy': '2g'}, 'did you mean memory'), ({'memory': '900t'}, 'memory'),
                       ({'image': 999999}, 'Image not found'), ({'image': 'python:3'}, 'no image')):
        with pytest.raises(module.KabutoError, match=words):
            k.submit('true', **{'image': alice.image(), **how})
    with pytest.raises(module.KabutoError, match='give the image'):
        k.submit('true')


def test_failed_build_raises_its_message_and_leaves_no_job(module, k, carol, monkeypatch):
    k = module.Kabuto(token=token_of(carol))
    for act in (k.run, lambda *a, **kw: list(k.follow(k.submit(*a, **kw))), k.build):
        how = {} if act == k.build else {'dockerfile': 'FROM busybox\nRUN echo seen >&2; exit 7'}
        with pytest.raises(module.BuildFailed, match='(?s)build failed: .*seen') as raised:
            act('FROM busybox\nRUN echo seen >&2; exit 7', **how)
        assert 'seen' in raised.value.output
        assert raised.value.__suppress_context__ or raised.value.__context__ is None
    assert carol.json('/jobs') == {}


@Integral.register
class Int64:
    """An integer as numpy has it: no int."""

    def __init__(self, value):
        self.value = value

    def __int__(self):
        return self.value


def test_ids_may_be_numpy_s_integers(k, alice):
    job = k.run('echo x | tee /outbox/x', image=Int64(alice.image()))
    number = Int64(job.id)
    assert k.job(number).id == k.wait(number).id == job.id
    assert k.log(number) == 'x\n' and [str(line) for line in k.follow(number)] == ['x']
    assert [str(path) for path in k.get(number)] == [f'job-{job.id}/x']


def test_image_is_found_by_its_newest_name(k, alice):
    for _ in range(2):
        image = k.build('FROM busybox\nRUN echo > /by-name\n', name='by name')
        k.build('FROM busybox\n', name='by name too')
    assert k.run('ls /by-name', image='by name').info['image'] == {'id': image}


def test_folder_is_context_and_dockerfile(module, k, tmp_path):
    (tmp_path / 'project/lib').mkdir(parents=True)
    (tmp_path / 'project/lib/a').write_text('from the context\n')
    (tmp_path / 'project/Dockerfile').write_text('FROM busybox\nCOPY lib/a /a\nCMD cat /a\n')
    for how in ({'dockerfile': 'project'},
                {'dockerfile': 'project/Dockerfile', 'context': 'project'},
                {'dockerfile': 'FROM busybox\nCOPY lib/a /a\nCMD cat /a', 'context': ['project/lib']}):
        assert k.log(k.run(**how)) == 'from the context\n'
    with pytest.raises(module.KabutoError, match='copies files: give the folder'):
        k.run(dockerfile='project/Dockerfile')


def test_lines_are_given_as_they_come(k):
    seen = []
    k.run('echo one; echo two >&2', dockerfile='FROM busybox\nRUN echo building',
          on_line=lambda line: seen.append((line.stream, str(line))))
    assert {('build', 'building'), ('stdout', 'one'), ('stderr', 'two')} <= set(seen)


def test_refusal_of_a_large_upload_is_told(module, own, k, alice, monkeypatch, tmp_path):
    """Not as a connection that was lost: the server closes it while the client sends."""
    with open(tmp_path / 'big', 'wb') as file:
        file.truncate(1 << 30)
    with pytest.raises(module.KabutoError) as raised:
        module.Kabuto(token='revoked').submit('ls', image=alice.image(), files=['big'])
    assert raised.value.status == 401
    dave = own({'file_max': '1m'}).user('dave')
    with pytest.raises(module.KabutoError, match='too large') as raised:
        module.Kabuto(dave.url, token_of(dave)).submit('ls', image=1, files=['big'])
    assert raised.value.status == 413


def test_large_upload_takes_little_memory(request, source, k, alice, tmp_path):
    size = (2 << 30) + 1 if request.config.getoption('--long') else 200 << 20
    with open(tmp_path / 'big.bin', 'wb') as file:
        file.truncate(size)
    done = script(source, UPLOAD, tmp_path, IMAGE=str(alice.image()))
    assert done.returncode == 0, done.stderr
    grown, arrived = map(int, done.stdout.split())
    assert arrived == size and grown < 20 << 10, f'{grown} KiB'
