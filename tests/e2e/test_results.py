"""Results: the zip of the outbox, and how the web server sends it."""
import os
import stat
import subprocess
import zipfile

import pytest

from client import WAIT, expect, refused


def names(zipped):
    return sorted(zipped.namelist())


def mode(zipped, name):
    return zipped.getinfo(name).external_attr >> 16


@pytest.mark.both
def test_results_hold_the_outbox(alice):
    job = alice.run('cd /outbox; echo one > a.txt; mkdir -p sub/deep empty; echo two > sub/deep/b; '
                    'head -c 100000 /dev/urandom > noise; sha256sum noise')
    zipped = alice.results(job)
    assert zipped.testzip() is None
    assert set(names(zipped)) - {'sub/', 'sub/deep/'} == {'a.txt', 'empty/', 'noise', 'sub/deep/b'}
    assert zipped.read('a.txt') == b'one\n' and zipped.read('sub/deep/b') == b'two\n'
    assert zipped.getinfo('noise').file_size == 100000


@pytest.mark.both
def test_download_has_its_headers(alice):
    job = alice.run('echo x > /outbox/x')
    answer = expect(alice.download(job), 200)
    assert answer.headers['Content-Type'] == 'application/zip'
    assert answer.headers['Content-Length'] == str(len(answer.content))
    assert answer.headers['Accept-Ranges'] == 'bytes' and answer.headers['ETag']
    for header in answer.headers:
        assert not header.lower().startswith(('x-accel', 'x-sendfile'))


@pytest.mark.both
def test_empty_outbox_is_an_empty_zip(alice):
    zipped = alice.results(alice.run('true'))
    assert zipped.namelist() == []


@pytest.mark.both
def test_results_of_a_failed_job(alice):
    job = alice.run('echo partial > /outbox/x; exit 3')
    assert job['state'] == 'failed' and alice.results(job).read('x') == b'partial\n'


def test_names_of_any_unicode(alice):
    wanted = ['ünï', '日本語', '😀', 'with space', "it's", 'a"b', 'back\\slash', '-dash',
              'semi;colon', 'percent%41', 'x' * 255, '*', 'CON', 'trailing.', 'line\nbreak']
    listed = '\n'.join(wanted[:-1]).encode() + b'\n'
    job = alice.run('cd /outbox && while IFS= read -r n; do echo "$n" > "./$n"; done '
                    '< /inbox/names; printf x > "line\nbreak"', [('names', listed)])
    zipped = alice.results(job)
    assert names(zipped) == sorted(wanted)
    for name in wanted[:-1]:
        assert zipped.read(name).decode() == name + '\n'
        assert zipped.getinfo(name).flag_bits & 0x800 or name.isascii()


def test_names_that_are_not_unicode_are_made_so(alice):
    job = alice.run(r'cd /outbox; echo 1 > "$(printf "bad\377name")"; echo 2 > "$(printf "\303")"')
    zipped = alice.results(job)
    assert zipped.testzip() is None and len(zipped.namelist()) == 2
    assert all(name.isprintable() for name in zipped.namelist())
    assert sorted(zipped.read(name) for name in zipped.namelist()) == [b'1\n', b'2\n']


def test_invalid_names_that_become_the_same_are_both_kept(alice):
    job = alice.run(r'cd /outbox; echo 1 > "$(printf "a\377")"; echo 2 > "$(printf "a\376")"')
    zipped = alice.results(job)
    assert len(set(zipped.namelist())) == 2
    assert sorted(zipped.read(name) for name in zipped.namelist()) == [b'1\n', b'2\n']


def test_unzip_agrees(alice, tmp_path):
    job = alice.run('cd /outbox; mkdir ünï; echo x > "ünï/日本"; echo "#!/bin/sh" > run; '
                    'chmod 755 run')
    (tmp_path / 'r.zip').write_bytes(alice.download(job).content)
    subprocess.run(['unzip', '-q', 'r.zip', '-d', 'out'], cwd=tmp_path, check=True,
                   stdout=subprocess.DEVNULL)
    assert (tmp_path / 'out/ünï/日本').read_text() == 'x\n'
    assert (tmp_path / 'out/run').stat().st_mode & 0o111 == 0o111


def test_executable_bits_and_empty_folders(alice):
    job = alice.run('cd /outbox; echo x > program; chmod 755 program; echo x > data; '
                    'chmod 644 data; echo x > secret; chmod 600 secret; mkdir -p a/b; '
                    'chmod 700 a/b')
    zipped = alice.results(job)
    assert mode(zipped, 'program') & 0o111 == 0o111 and mode(zipped, 'data') & 0o111 == 0
    assert 'a/b/' in names(zipped) and stat.S_ISDIR(mode(zipped, 'a/b/'))
    assert zipped.read('secret') == b'x\n'


def test_set_uid_bits_do_not_travel(alice):
    job = alice.run('cd /outbox; echo x > program; chmod 6755 program')
    assert mode(alice.results(job), 'program') & 0o7000 == 0


@pytest.mark.parametrize('make, name', [
    ('ln -s /etc/passwd', 'link'), ('ln -s .', 'loop'), ('ln -s ../../../..', 'up'),
    ('mkfifo', 'fifo'), ('ln -s /nowhere', 'dangling')])
def test_what_is_no_file_is_left_out_and_named(alice, make, name):
    job = alice.run(f'cd /outbox; echo x > file; {make} {name}')
    assert job['state'] == 'done' and names(alice.results(job)) == ['file']
    assert any(name in line for line in alice.lines(job['id'], 'system'))


@pytest.mark.both
def test_link_within_the_outbox_stays_a_link(alice, tmp_path):
    """As a cache of Hugging Face has them, and "latest"."""
    job = alice.run('cd /outbox; mkdir -p blobs snapshots/1 run1; echo x > blobs/abc; '
                    'echo y > run1/log; ln -s ../../blobs/abc snapshots/1/model; ln -s run1 latest; '
                    'ln -s /outbox/run1 absolute; ln -s ../x out; ln -s snapshots/../../x through')
    assert job['state'] == 'done'
    (tmp_path / 'r.zip').write_bytes(alice.download(job).content)
    subprocess.run(['unzip', '-q', 'r.zip', '-d', 'out'], cwd=tmp_path, check=True,
                   stdout=subprocess.DEVNULL)
    out = tmp_path / 'out'
    assert os.readlink(out / 'snapshots/1/model') == '../../blobs/abc'
    assert (out / 'snapshots/1/model').read_text() == 'x\n'
    assert (out / 'latest/log').read_text() == 'y\n'
    lines = alice.lines(job['id'], 'system')
    for name in ('absolute', 'out', 'through'):
        assert not (out / name).is_symlink()
        assert [x for x in lines if f': {name} (a symbolic link that is not' in x], lines
    listed = {x['name'] for x in
              alice.json(f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/outbox')}
    assert listed == {'blobs/abc', 'run1/log'}


def test_names_that_windows_cannot_hold_are_kept_and_named(alice):
    job = alice.run('cd /outbox; mkdir d; touch 10:15.log "what?" d/aux.c "end." good')
    assert {'10:15.log', 'what?', 'd/aux.c', 'end.', 'good'} <= set(names(alice.results(job)))
    line, = [x for x in alice.lines(job['id'], 'system') if 'Windows cannot hold' in x]
    assert all(x in line for x in ('10:15.log', 'what?', 'd/aux.c', 'end.')) and 'good' not in line


def test_device_cannot_be_made(alice):
    assert alice.run('mknod /outbox/null c 1 3')['state'] == 'failed'


def test_hard_links_are_files(alice):
    job = alice.run('cd /outbox; echo x > a; ln a b')
    zipped = alice.results(job)
    assert zipped.read('a') == zipped.read('b') == b'x\n'


def test_files_without_any_permission_are_collected(alice):
    job = alice.run('cd /outbox; mkdir d; echo x > d/f; chmod 000 d/f d; echo y > g; chmod 000 g')
    zipped = alice.results(job)
    assert zipped.read('d/f') == b'x\n' and zipped.read('g') == b'y\n'


def test_deep_folders(alice):
    job = alice.run('cd /outbox; for i in $(seq 100); do mkdir d; cd d; done; echo x > f')
    assert alice.results(job).read('d/' * 100 + 'f') == b'x\n'


def test_many_files(alice):
    job = alice.run('cd /outbox; for i in $(seq 3000); do echo $i > f$i; done')
    zipped = alice.results(job)
    assert len(zipped.namelist()) == 3000 and zipped.testzip() is None


def test_names_are_kept_byte_for_byte(alice):
    """Composed and decomposed letters look alike, and are two files."""
    job = alice.run("printf 1 > $(printf '/outbox/e\\314\\201'); "
                    "printf 2 > $(printf '/outbox/\\303\\251')")
    archive = alice.results(job)
    assert {name: archive.read(name) for name in archive.namelist()} == \
        {'e\u0301': b'1', '\u00e9': b'2'}
    assert all(member.flag_bits & 0x800 for member in archive.infolist()), 'told to be UTF-8'


def test_files_elsewhere_are_hinted_at(alice):
    job = alice.run('echo x > /result.txt; mkdir /data; echo y > /data/more.csv')
    hints = ' '.join(alice.lines(job['id'], 'system'))
    assert '/outbox' in hints and 'result.txt' in hints
    quiet = alice.run('echo x > /outbox/result.txt; echo y > /elsewhere')
    assert not any('/outbox' in line for line in alice.lines(quiet['id'], 'system'))


def hint(alice, command):
    """What the log says about files elsewhere, after the colon."""
    said = [line for line in alice.lines(alice.run(command)['id'], 'system') if '/outbox' in line]
    return said and said[0].split('files elsewhere: ')[1]


def test_largest_file_that_the_job_wrote_is_named_first(alice):
    """Not in the engine's order; what was unpacked with an older date comes last."""
    assert hint(alice, 'mkdir -p /work/x; cd /work; head -c 100 /dev/zero > c; '
                       'head -c 90000 /dev/zero > old; touch -d 2001-01-01 old; '
                       'head -c 5000 /dev/zero > x/a; head -c 40000 /dev/zero > x/b; '
                       'mkdir empty; ln -s c link') == '/work/x/b, /work/x/a, /work/c, /work/old'


def test_ten_files_elsewhere_are_named(alice):
    names = hint(alice, 'mkdir -p /work; cd /work; for i in $(seq 11 30); do '
                        'head -c ${i}00 /dev/zero > $i; done')
    assert names == ', '.join(f'/work/{i}' for i in range(30, 20, -1)) + ', …'


def test_caches_and_the_like_are_no_lost_results(alice):
    """Nothing is said where nothing else is left."""
    assert hint(alice, 'for f in /root/.cache/pip/a /tmp/b /var/tmp/c /var/log/d /usr/lib/e/f '
                       '/app/__pycache__/g.pyc /app/node_modules/.cache/h /var/lib/dpkg/status '
                       '/root/.local/share/i /root/.bash_history; do mkdir -p ${f%/*}; '
                       'echo x > $f; done') == []


@pytest.fixture(scope='module')
def zipped_job(alice):
    return alice.run('head -c 50000 /dev/urandom > /outbox/noise')


@pytest.mark.both
@pytest.mark.parametrize('span, part', [
    ('bytes=0-99', slice(0, 100)), ('bytes=100-', slice(100, None)),
    ('bytes=-22', slice(-22, None))])
def test_range(alice, zipped_job, span, part):
    whole = alice.download(zipped_job)
    answer = expect(alice.download(zipped_job, headers={'Range': span}), 206)
    assert answer.content == whole.content[part]
    assert answer.headers['Content-Range'].endswith(f'/{len(whole.content)}')
    assert answer.headers['ETag'] == whole.headers['ETag']


@pytest.mark.both
def test_range_beyond_the_end(alice, zipped_job):
    refused(alice.download(zipped_job, headers={'Range': 'bytes=99999999-'}), 416)


@pytest.mark.both
def test_several_ranges(alice, zipped_job):
    answer = alice.download(zipped_job, headers={'Range': 'bytes=0-0,40000-40001'})
    assert expect(answer, 206).headers['Content-Type'].startswith('multipart/byteranges')


def test_condition_that_does_not_hold(alice, zipped_job):
    """Not behind lighttpd: it knows no If-Match."""
    tag = alice.download(zipped_job).headers['ETag']
    expect(alice.download(zipped_job, headers={'If-Match': tag}), 200)
    answer = alice.download(zipped_job, headers={'If-Match': '"other"'})
    refused(answer, 412)
    assert answer.headers['Connection'] == 'close'  # nginx does close it


@pytest.mark.both
def test_etag_saves_a_download(alice, zipped_job):
    tag = alice.download(zipped_job).headers['ETag']
    answer = alice.download(zipped_job, headers={'If-None-Match': tag})
    assert (answer.status_code, answer.content) == (304, b'')
    assert alice.download(zipped_job, headers={'If-None-Match': '"other"'}).status_code == 200


@pytest.mark.both
def test_if_range(alice, zipped_job):
    tag = alice.download(zipped_job).headers['ETag']
    headers = {'Range': 'bytes=0-9', 'If-Range': tag}
    assert alice.download(zipped_job, headers=headers).status_code == 206
    headers['If-Range'] = '"other"'
    assert alice.download(zipped_job, headers=headers).status_code == 200


@pytest.mark.both
def test_head(alice, zipped_job):
    whole = alice.download(zipped_job)
    path = f'/pipeline/{zipped_job["pipeline"]["id"]}/job/{zipped_job["id"]}?result'
    answer = expect(alice.call('HEAD', path), 200)
    assert answer.content == b''
    for header in ('Content-Length', 'ETag', 'Content-Type', 'Accept-Ranges'):
        assert answer.headers[header] == whole.headers[header], header


def test_another_run_has_another_etag(alice):
    pipeline, job = alice.begin('date +%s%N > /outbox/x; head -c 9 /dev/urandom >> /outbox/x')
    first = alice.download(alice.wait_job(pipeline, job))
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    second = alice.download(alice.wait_job(pipeline, job))
    assert first.headers['ETag'] != second.headers['ETag'] and first.content != second.content


def test_no_results_before_the_end(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, WAIT)
    path = f'/pipeline/{pipeline}/job/{job}?result'
    assert refused(alice.get(path), 409) == 'Job has not finished running'
    alice.submit(pipeline)
    alice.wait_state(pipeline, job, 'running')
    assert refused(alice.get(path), 409) == 'Job has not finished running'
    alice.kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    expect(alice.get(path), 200)


@pytest.mark.both
def test_results_of_others_are_not_found(alice, bob, zipped_job):
    assert refused(bob.download(zipped_job), 404) in ('Pipeline not found', 'Job not found')


def test_results_path_opens_nothing(kabuto, alice, zipped_job):
    for key in ('results_path', 'attachment_token'):
        value = zipped_job[key]
        for path in (f'/{value}', f'/results/{value}', f'/_kabuto/results/{value}',
                     f'/_kabuto/results/{value}.zip'):
            assert alice.get(path).status_code == 404, path


@pytest.mark.limit(1800)
def test_file_over_four_gibibytes(alice, tmp_path):
    """Sparse, so that it costs time but no disk; the zip must be a zip64."""
    job = alice.wait_job(*alice.begin(
        'cd /outbox; truncate -s 4097M big; echo after > z; echo end >> big', cpus=2), seconds=900)
    assert job['state'] == 'done', job['error']
    with open(tmp_path / 'r.zip', 'wb') as file:
        for piece in alice.download(job, stream=True).iter_content(1 << 20):
            file.write(piece)
    with zipfile.ZipFile(tmp_path / 'r.zip') as zipped:
        sizes = {info.filename: info.file_size for info in zipped.infolist()}
        assert sizes == {'big': (4097 << 20) + 4, 'z': 6}
        assert zipped.read('z') == b'after\n'
        with zipped.open('big') as big:
            total, last = 0, b''
            while piece := big.read(16 << 20):
                total, last = total + len(piece), piece
        assert total == sizes['big'] and last.endswith(b'\0end\n')
    (tmp_path / 'r.zip').unlink()
