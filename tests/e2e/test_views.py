"""Views: results that a browser shows below a URL of their own, without a log-in."""
import hashlib
import http.client
import re

import pytest

from client import WAIT, expect, refused
from kabuto import POOLS

PAGE = '<script src="js/a.js"></script><img src="plot.png">'
FILES = ("cd /outbox; mkdir -p js site/sub; echo 'document.title = 1' > js/a.js; "
         f"echo '{PAGE}' > index.html; echo '<svg/>' > plot.svg; echo x > plot.png; "
         "echo inner > site/index.html; echo x > site/sub/a.txt; seq 20000 > numbers.csv; "
         "echo x > notes.md; echo x > a.pdf; echo x > data.bin")
HOSTILE = ['<script>alert(1)<script>', '"onload="alert(1)', "'><img src=x onerror=alert(1)>", 'a&b',
           'javascript:alert(1)', 'a b#c?d', '%41', 'ünï', 'tab\there']


def open_view(client, job, **kw):
    return client.post(f'/pipeline/{job["pipeline"]["id"]}/job/{job["id"]}/view', **kw)


def view_of(client, job):
    answer = expect(open_view(client, job), 200)
    assert 'Set-Cookie' not in answer.headers
    return answer.json()['url']


@pytest.fixture(scope='module')
def packed(alice):
    job = alice.run(FILES)
    assert job['state'] == 'done', job
    return job


@pytest.fixture
def anybody(kabuto):
    """Who has no session."""
    return kabuto.client()


@pytest.mark.both
@pytest.mark.parametrize('name, kind', [
    ('', 'text/html; charset=utf-8'), ('index.html', 'text/html; charset=utf-8'),
    ('js/a.js', 'text/javascript; charset=utf-8'), ('plot.svg', 'image/svg+xml'),
    ('plot.png', 'image/png'), ('numbers.csv', 'text/csv; charset=utf-8'),
    ('notes.md', 'text/plain; charset=utf-8'), ('a.pdf', 'application/pdf'),
    ('data.bin', 'application/octet-stream'), ('site/', 'text/html; charset=utf-8')])
def test_files_come_with_their_types_in_a_sandbox(alice, anybody, packed, name, kind):
    answer = expect(anybody.get(view_of(alice, packed) + name), 200)
    assert answer.headers['Content-Type'] == kind
    assert 'Content-Disposition' not in answer.headers
    policy = answer.headers['Content-Security-Policy']
    if name == 'a.pdf':  # a browser's viewer does not start in a sandbox
        assert policy.startswith("default-src 'none'") and 'script' not in policy
    else:
        assert policy == 'sandbox allow-scripts'
    assert answer.headers['Access-Control-Allow-Origin'] == '*'
    assert answer.headers['X-Robots-Tag'] == 'noindex'
    assert 'X-Frame-Options' not in answer.headers
    assert 'Set-Cookie' not in answer.headers


@pytest.mark.both
def test_range_etag_and_head_as_the_outbox(alice, anybody, packed):
    url = view_of(alice, packed) + 'numbers.csv'
    whole = expect(anybody.get(url), 200)
    assert whole.headers['ETag'] == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    part = expect(anybody.get(url, headers={'Range': 'bytes=5-9'}), 206)
    assert part.content == whole.content[5:10]
    assert part.headers['Content-Range'] == f'bytes 5-9/{len(whole.content)}'
    assert part.headers['Content-Security-Policy'] == 'sandbox allow-scripts'
    refused(anybody.get(url, headers={'Range': 'bytes=9999999-'}), 416)
    expect(anybody.get(url, headers={'If-None-Match': whole.headers['ETag']}), 304)
    head = expect(anybody.call('HEAD', url), 200)
    assert head.content == b'' and int(head.headers['Content-Length']) == len(whole.content)
    assert head.headers['Content-Type'] == 'text/csv; charset=utf-8'


@pytest.mark.both
def test_folder_is_its_index_or_a_list_of_its_files(alice, anybody, packed):
    url = view_of(alice, packed)
    assert expect(anybody.get(url), 200).text == PAGE + '\n'
    assert expect(anybody.get(url + 'site/'), 200).text == 'inner\n'
    for folder in ('', 'site', 'site/sub', 'js'):  # relative links need the slash at the end
        path = (url + folder).rstrip('/')
        answer = expect(anybody.get(path, allow_redirects=False), 302)
        assert answer.headers['Location'].removeprefix(anybody.kabuto.url) == path + '/'
    listed = expect(anybody.get(url + 'site/sub/'), 200)
    assert re.findall('href="([^"]*)"', listed.text) == ['./a.txt']
    assert 'allow-scripts' not in listed.headers['Content-Security-Policy']
    assert expect(anybody.call('HEAD', url + 'site/sub/'), 200).content == b''
    for name in ('nothing', 'site/nothing/', 'index.html/', 'INDEX.HTML', 'sit', '%2e%2e/',
                 'x' * 3000):
        refused(anybody.get(url + name), 404)


@pytest.mark.both
def test_list_shows_hostile_names_as_text_and_links_to_their_files(alice, anybody):
    job = alice.run('cd /outbox; i=0; while read -r name; do echo "$i" > "$name"; '
                    'i=$((i+1)); done < /inbox/names',
                    [('names', ''.join(f'{name}\n' for name in HOSTILE).encode())])
    url = view_of(alice, job)
    page = expect(anybody.get(url), 200).text
    links = re.findall(r'<li><a href="([^"<>]*)"><bdi>[^<>"\']*</bdi></a>', page)
    assert len(links) == len(HOSTILE) == page.count('<a')
    assert not re.search('<(script|img)', page), page
    contents = {expect(anybody.get(url + link), 200).text for link in links}
    assert len(contents) == len(HOSTILE)


def test_empty_outbox_has_an_empty_list(alice, anybody):
    assert 'none' in expect(anybody.get(view_of(alice, alice.run('true'))), 200).text


def test_only_who_may_see_a_job_opens_a_view_of_it(kabuto, alice, bob, packed):
    refused(open_view(bob, packed), 404, 'Job not found')
    refused(open_view(kabuto.client(), packed), 401)
    refused(open_view(alice, packed, headers={'Idempotency-Key': 'k'}), 400, 'secret')
    refused(open_view(alice, packed, data={'days': 1}), 400, 'days')
    pipeline, job = alice.begin(WAIT)
    alice.wait_state(pipeline, job, 'running')
    refused(open_view(alice, {'id': job, 'pipeline': {'id': pipeline}}), 409, 'not finished')
    alice.kabuto.let_go(job)
    url = view_of(alice, alice.wait_job(pipeline, job))
    assert alice.json('/account/events')[-1]['action'] == 'job_view'
    expect(kabuto.client().get(url + 'go'), 200)


@pytest.mark.both
def test_view_reads_no_cookie_and_needs_its_own_token(alice, anybody, packed):
    url = view_of(alice, packed)
    for headers in ({'Cookie': 'session=x'}, {'Cookie': 'session=' + 'x' * 3000},
                    {'Authorization': 'Bearer x'}):
        answer = expect(anybody.get(url, headers=headers), 200)
        assert 'Set-Cookie' not in answer.headers
    flipped = url[:10] + ('A' if url[10] != 'A' else 'B') + url[11:]
    for wrong in (flipped, '/view/x/', '/view/' + 'x' * 3000 + '/', '/view//', '/view/%2e%2e/',
                  url[:-2] + '/', '/view'):
        answer = alice.get(wrong)  # not even with a session
        assert answer.status_code == 404, wrong
    refused(alice.post(url + 'index.html'), 405)


def test_view_ends_with_its_hour_its_account_and_its_job(own):
    kabuto = own()
    dave, root, anybody = kabuto.user('dave'), kabuto.user('root'), kabuto.client()
    assert kabuto.ctl('user', 'admin', 'root', 'on').returncode == 0
    job = dave.run('echo x > /outbox/index.html')
    by_dave, by_root = view_of(dave, job), view_of(root, job)
    expect(anybody.get(by_root), 200)
    assert kabuto.ctl('user', 'admin', 'root', 'off').returncode == 0
    refused(anybody.get(by_root), 404)  # it is no job of root's
    kabuto.sql('UPDATE view SET expires_at = expires_at - 3600000')
    refused(anybody.get(by_dave), 404, 'ended')
    assert kabuto.ctl('maintain').returncode == 0
    assert kabuto.sql('SELECT count(*) FROM view') == [(0,)]
    by_dave = view_of(dave, job)
    assert kabuto.ctl('user', 'disable', 'dave').returncode == 0
    refused(anybody.get(by_dave), 404)
    assert kabuto.ctl('user', 'enable', 'dave').returncode == 0
    refused(anybody.get(by_dave), 404)
    expect(dave.log_in('dave'), 200)
    by_dave = view_of(dave, job)
    kabuto.sql('UPDATE job SET results_token = NULL, results_removed_at = 1')
    refused(anybody.get(by_dave), 410, 'removed')
    refused(open_view(dave, job), 410, 'removed')
    for file in kabuto.state.glob('results/*'):
        file.unlink()
    by_dave = view_of(dave, dave.run('echo x > /outbox/index.html'))
    last = dave.json('/jobs').popitem()[1]
    expect(anybody.get(by_dave), 200)
    expect(dave.call('DELETE', f'/pipeline/{last["pipeline"]["id"]}/job/{last["id"]}'), 200)
    refused(anybody.get(by_dave), 404)


@pytest.mark.both
def test_no_log_has_the_token(kabuto, alice, anybody, packed):
    url = view_of(alice, packed)
    for path in (url, url + 'nothing', url + 'numbers.csv'):
        anybody.get(path)
    connection = http.client.HTTPConnection('127.0.0.1', kabuto.port, timeout=20)
    connection.request('GET', url + 'numbers.csv')
    connection.close()  # before the answer
    expect(anybody.get(url), 200)
    for name in (*POOLS, 'web', 'spooler'):
        assert url.split('/')[2] not in kabuto[name].text()


@pytest.mark.both
@pytest.mark.parametrize('name, kind', [('plot.png', 'image/png'), ('plot.svg', 'image/svg+xml'),
                                        ('index.html', 'application/octet-stream')])
def test_outbox_has_the_types_of_pictures_and_of_nothing_else(alice, packed, name, kind):
    path = f'/pipeline/{packed["pipeline"]["id"]}/job/{packed["id"]}/outbox/{name}'
    answer = expect(alice.get(path), 200)
    assert answer.headers['Content-Type'] == kind
    assert answer.headers['Content-Disposition'].startswith('attachment')
    assert answer.headers['Content-Security-Policy'].endswith('sandbox')
