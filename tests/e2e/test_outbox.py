"""The outbox's listing, and single files of it."""
import hashlib
import os
import random
from urllib.parse import quote

import pytest

from client import WAIT, expect, refused
from ctl import results_of
from kabuto import POOLS
from wait import until

# What busybox can make in an outbox: text that shrinks when it is packed, and bytes that do not.
FILES = ('cd /outbox; mkdir -p d/e; echo hello > a.txt; : > empty; cp /inbox/random d/e/random;'
         'seq 200000 > d/numbers; echo x > "spaced ünï %41+.txt"; echo y > d/back\\\\')


def path(job, name=None):
    return (f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/outbox' +
            ('' if name is None else f'/{name}'))


@pytest.fixture(scope='module')
def random_bytes():
    return random.Random(7).randbytes(3_000_000)


@pytest.fixture(scope='module')
def packed(alice, random_bytes):
    """A job that has left FILES, and what each holds."""
    job = alice.run(FILES, [('random', random_bytes)])
    assert job['state'] == 'done', job
    contents = {'a.txt': b'hello\n', 'empty': b'', 'd/e/random': random_bytes,
                'd/numbers': b''.join(b'%d\n' % n for n in range(1, 200001)),
                'spaced ünï %41+.txt': b'x\n', 'd/back\\': b'y\n'}
    return job, contents


@pytest.mark.both
def test_listing_has_what_the_zip_holds(alice, packed):
    job, contents = packed
    listing = {file['name']: file for file in alice.json(path(job))}
    assert listing == {name: {'name': name, 'size': len(content),
                              'sha256': hashlib.sha256(content).hexdigest()}
                       for name, content in contents.items()}
    zipped = alice.results(job)
    assert {name for name in zipped.namelist() if not name.endswith('/')} == set(listing)


@pytest.mark.both
def test_single_files(alice, packed):
    job, contents = packed
    for name, content in contents.items():
        url = name.replace('%', '%25').replace('+', '%2B').replace(' ', '%20')
        url = url.replace('\\', '%5C')
        answer = expect(alice.get(path(job, url)), 200)
        assert answer.content == content and int(answer.headers['Content-Length']) == len(content)
        assert answer.headers['ETag'] == f'"{hashlib.sha256(content).hexdigest()}"'
        assert answer.headers['Accept-Ranges'] == 'bytes'
        assert answer.headers['Content-Disposition'].startswith('attachment')
        assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert alice.get(path(job, 'd%2Fe%2Frandom')).content == contents['d/e/random']


@pytest.mark.both
@pytest.mark.parametrize('name', ['d/e/random', 'd/numbers', 'a.txt'])
def test_ranges_of_single_files(alice, packed, name):
    job, contents = packed
    content = contents[name]
    size = len(content)
    for text, first, last in (('0-', 0, size), ('0-0', 0, 1), ('-1', size - 1, size),
                              (f'{size - 2}-{size + 100}', size - 2, size),
                              ('1-3', 1, 4), (f'{size // 2}-', size // 2, size),
                              (f'-{size * 2}', 0, size)):
        answer = alice.get(path(job, name), headers={'Range': f'bytes={text}'})
        assert expect(answer, 206).content == content[first:last], text
        assert answer.headers['Content-Range'] == f'bytes {first}-{last - 1}/{size}'
    for text in (f'{size}-', f'{size + 5}-{size + 9}', '-0'):
        answer = alice.get(path(job, name), headers={'Range': f'bytes={text}'})
        refused(answer, 416)
        assert answer.headers['Content-Range'] == f'bytes */{size}'
    for text in ('bytes=', 'bytes=x', 'bytes=3-1', 'lines=0-1', 'bytes=0-1,3-4', 'bytes=--1'):
        answer = alice.get(path(job, name), headers={'Range': text})
        if alice.kabuto.server == 'lighttpd' and answer.status_code in (206, 416):
            continue  # it reads ranges of whole answers by itself
        assert expect(answer, 200).content == content, text


@pytest.mark.both
def test_conditions_and_head(alice, packed):
    job, contents = packed
    url = path(job, 'a.txt')
    tag = expect(alice.get(url), 200).headers['ETag']
    answer = alice.get(url, headers={'If-None-Match': tag})
    assert expect(answer, 304).content == b''
    expect(alice.get(url, headers={'If-None-Match': '*'}), 304)
    expect(alice.get(url, headers={'If-None-Match': '"other"'}), 200)
    part = {'Range': 'bytes=1-2'}
    assert expect(alice.get(url, headers={**part, 'If-Range': tag}), 206).content == b'el'
    assert expect(alice.get(url, headers={**part, 'If-Range': '"other"'}), 200).content == \
        b'hello\n'
    head = expect(alice.call('HEAD', path(job, 'd/numbers')), 200)
    assert head.content == b''
    assert int(head.headers['Content-Length']) == len(contents['d/numbers'])


@pytest.mark.both
@pytest.mark.parametrize('name', ['nothing', 'd', 'd/', 'd/e', 'A.TXT', '../a.txt', '%2e%2e%2fa.txt',
                                  'd/../a.txt', 'a.txt/', '/a.txt', 'a.txt%00', '%ff', 'x' * 3000,
                                  '/'.join('abcdefghijklmnopqrstuvwxyz'), '"', '{', ' '])
def test_what_is_not_in_the_outbox_is_404(alice, packed, name):
    answer = alice.get(path(packed[0], name))
    if name in ('a.txt/', '/a.txt', 'd/../a.txt') and answer.status_code == 200:
        return  # the client tidied the path
    assert answer.status_code in (400, 404, 414), answer.text
    assert answer.json()['error']


def test_outbox_is_its_owners_alone(bob, packed):
    job, _ = packed
    refused(bob.get(path(job)), 404, 'Job not found')
    refused(bob.get(path(job, 'a.txt')), 404, 'Job not found')


def test_outbox_before_the_end_and_of_a_job_that_never_ran(alice):
    pipeline, job = alice.begin(WAIT)
    alice.wait_state(pipeline, job, 'running')
    for name in (None, 'a'):
        refused(alice.get(path({'pipeline': {'id': pipeline}, 'id': job}, name)), 409,
                'Job has not finished running')
    alice.kabuto.let_go(job)
    ended = alice.wait_job(pipeline, job)
    assert [file['name'] for file in alice.json(path(ended))] == ['go']
    ready = alice.job(pipeline, 'true')
    refused(alice.get(path({'pipeline': {'id': pipeline}, 'id': ready})), 409)


def test_empty_outbox_has_an_empty_listing(alice):
    assert alice.json(path(alice.run('true'))) == []


def test_links_are_not_listed(alice):
    job = alice.run('cd /outbox; echo a > a; ln a hard; ln -s /etc/passwd soft; ln -s a b')
    listing = alice.json(path(job))
    assert {file['name'] for file in listing} == {'a', 'hard'}
    refused(alice.get(path(job, 'soft')), 404)


def test_results_of_an_older_kabuto_have_no_listing(own):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo a > /outbox/a')
    listing, = kabuto.state.glob('results/*.list')
    content = listing.read_bytes()
    listing.unlink()
    refused(dave.get(path(job)), 404, '?result')
    listing.write_bytes(content)


@pytest.mark.log_errors
def test_listing_that_cannot_be_read_is_not_taken_for_an_empty_one(own):
    kabuto = own()
    dave = kabuto.user('dave')
    job = dave.run('echo a > /outbox/a')
    listing, = kabuto.state.glob('results/*.list')
    content = listing.read_bytes()
    listing.unlink()
    listing.mkdir()  # what can be opened, and not read
    refused(dave.get(path(job, 'a')), 500)
    with pytest.raises(ValueError):
        dave.get(path(job)).json()
    listing.rmdir()
    listing.write_bytes(content)


def test_many_files(alice):
    job = alice.run('cd /outbox; i=0; while [ $i -lt 3000 ]; do echo $i > f$i; i=$((i+1)); done')
    assert len(alice.json(path(job))) == 3000
    assert alice.get(path(job, 'f2999')).content == b'2999\n'


# A range of a log

@pytest.mark.both
def test_log_by_byte_ranges_as_the_original_had_it(alice):
    job = alice.run("printf 'Some log line\\nAnother log line'")['id']
    url = f'/execution/{job}/logs'
    whole = expect(alice.post(url), 200)
    assert whole.text == 'Some log line\nAnother log line'
    assert 'job_' in whole.headers['Content-Disposition'] and whole.headers['X-Log-Size'] == '30'
    for fields, text in (({'start_byte': 5, 'size': 20}, 'log line\nAnother log'),
                         ({'start_byte': 14}, 'Another log line'), ({'size': 4}, 'Some'),
                         ({'start_byte': 30}, ''), ({'start_byte': 10 ** 15}, ''),
                         ({'start_byte': 29, 'size': 2 ** 62}, 'e')):
        assert expect(alice.post(url, fields), 200).text == text, fields
    for wrong in ({'start_byte': -1}, {'start_byte': 'x'}, {'size': -1}, {'size': '1.5'}):
        refused(alice.post(url, wrong), 400, *wrong)


def test_log_range_is_its_owners_alone(alice, bob):
    job = alice.run('echo secret')['id']
    refused(bob.post(f'/execution/{job}/logs'), 404, 'Job not found')


@pytest.mark.both
@pytest.mark.parametrize('kept', [10, 120_000])
def test_damaged_results_are_an_error_in_the_log(kabuto, alice, kept):
    """Cut before the file's own bytes, and within them: then the head of the answer was sent."""
    job = alice.run('cp /inbox/random /outbox', [('random', random.Random(1).randbytes(600_000))])
    os.truncate(results_of(kabuto, job), kept)
    before = {name: kabuto[name].text() for name in POOLS}
    if kept == 10:
        answer = alice.get(path(job, 'random'))
        refused(answer, 500, 'internal error')
        assert not {'ETag', 'Content-Disposition'} & set(answer.headers), answer.headers
    else:
        answer = alice.get(path(job, 'random'))
        assert len(answer.content) < int(answer.headers['Content-Length']) == 600_000
    until(lambda: "the results' zip" in
          ''.join(kabuto[name].text()[len(before[name]):] for name in POOLS), 'the log says why')
    kabuto.check(errors_allowed=True)


@pytest.mark.parametrize('name, ascii, encoded', [
    ('a.csv', 'a.csv', 'a.csv'), ('d/a b;c.txt', 'a b;c.txt', 'a%20b%3Bc.txt'),
    ('ünï 日本.txt', '_n_ __.txt', '%C3%BCn%C3%AF%20%E6%97%A5%E6%9C%AC.txt'),
    ('a"b\\c%41', 'a_b_c_41', 'a%22b%5Cc%2541')])
def test_name_for_saving_has_an_ascii_form(alice, name, ascii, encoded):
    job = alice.run(f"mkdir /outbox/d; echo x > '/outbox/{name}'")
    answer = alice.get(path(job, quote(name)))
    assert expect(answer, 200).headers['Content-Disposition'] == \
        f'attachment; filename="{ascii}"; filename*=UTF-8\'\'{encoded}'
