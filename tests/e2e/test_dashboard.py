"""The dashboard's files: what the web server sends below /ui/, and with which headers."""
import pathlib
import re

import pytest
import requests

from client import expect
from events import Stream

pytestmark = pytest.mark.both

WWW = pathlib.Path(__file__).resolve().parents[2] / 'fcgi/www'
FILES = sorted(str(file.relative_to(WWW)) for file in WWW.glob('**/*.*'))
TYPES = {'.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8',
         '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml'}
POLICY = {
    'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'",
    'img-src': "'self'", 'form-action': "'self'", 'base-uri': "'none'", 'frame-ancestors': "'none'"}


def fetch(kabuto, path, **kw):
    return requests.get(kabuto.url + path, allow_redirects=False, timeout=20, **kw)


def check_headers(answer):
    policy = dict(part.strip().split(' ', 1)
                  for part in answer.headers['Content-Security-Policy'].split(';'))
    assert policy == POLICY
    assert answer.headers['X-Content-Type-Options'] == 'nosniff'
    assert answer.headers['X-Frame-Options'] == 'DENY'
    assert answer.headers['Referrer-Policy'] == 'no-referrer'
    assert answer.headers['Cache-Control'] == 'no-cache'


@pytest.mark.parametrize('name', FILES)
def test_each_file_is_sent_with_its_type_and_the_policy(kabuto, name):
    answer = fetch(kabuto, '/ui/' + name)
    assert answer.status_code == 200
    assert answer.content == (WWW / name).read_bytes()
    assert answer.headers['Content-Type'].startswith(TYPES[pathlib.Path(name).suffix])
    check_headers(answer)


@pytest.mark.parametrize('path', ['/ui/', '/ui/jobs?state=failed', '/ui/job/12', '/ui/login?to=/ui/x.js',
                                  '/ui/confirm/some.one/tokEn', '/ui/confirm/a.js/t'])
def test_a_path_of_the_page_gives_index_html(kabuto, path):
    answer = fetch(kabuto, path)
    assert answer.status_code == 200
    assert answer.headers['Content-Type'] == TYPES['.html']
    assert answer.content == (WWW / 'index.html').read_bytes()
    check_headers(answer)


@pytest.mark.parametrize('name', ['none.js', 'pages/none.js', 'none.css', 'none.svg'])
def test_a_missing_file_is_not_found(kabuto, name):
    answer = fetch(kabuto, '/ui/' + name)
    assert answer.status_code == 404
    assert answer.headers['Content-Type'].startswith('application/json')
    assert answer.json()['error']


def test_the_path_without_a_slash_leads_to_the_page(kabuto):
    answer = fetch(kabuto, '/ui')
    assert answer.status_code == 302
    assert answer.headers['Location'] in ('/ui/', kabuto.url + '/ui/')


@pytest.mark.parametrize('path', ['/ui/../kabuto.db', '/ui/%2e%2e/errors/404.html', '/ui/..%2f..%2fkabuto.db',
                                  '/uix', '/ui../errors/404.html'])
def test_no_path_leaves_the_folder(kabuto, path):
    request = requests.Request('GET', kabuto.url).prepare()
    request.url = kabuto.url + path
    answer = requests.Session().send(request, allow_redirects=False, timeout=20)
    assert (answer.content == (WWW / 'index.html').read_bytes() or
            answer.headers['Content-Type'].startswith('application/json')), answer.text


def test_a_file_that_has_not_changed_is_not_sent_again(kabuto):
    first = fetch(kabuto, '/ui/app.js', headers={'Accept-Encoding': 'identity'})
    again = fetch(kabuto, '/ui/app.js', headers={'If-None-Match': first.headers['ETag']})
    assert again.status_code == 304


def test_the_page_names_only_files_that_exist():
    names = re.findall(r'(?:href|src)="/ui/([^"]+)"', (WWW / 'index.html').read_text())
    assert names and set(names) <= set(FILES)


def test_a_script_is_compressed(kabuto, request):
    if request.config.getoption('--webserver') != 'nginx':
        pytest.skip('lighttpd compresses with a module that Debian has in a package of its own')
    answer = fetch(kabuto, '/ui/app.js', headers={'Accept-Encoding': 'gzip'})
    assert answer.headers['Content-Encoding'] == 'gzip'
    assert answer.headers['Vary'] == 'Accept-Encoding'


@pytest.mark.parametrize('path', ['/jobs', '/jobs?limit=1', '/pipeline?limit=10'])
def test_a_list_names_the_change_from_which_its_events_go_on(kabuto, path):
    user = kabuto.user()
    pipeline = user.pipeline('before')
    user.job(pipeline, 'true')
    number = int(expect(user.get(path), 200).headers['X-Last-Change'])
    later = user.pipeline('later')
    with Stream(user, '/events', ndjson=True, after=number) as stream:
        assert [(name, data['id']) for name, _, data in stream.until(
            lambda name, _, data: name == 'pipeline')] == [('pipeline', later)]


def test_a_job_tells_the_names_of_its_image_and_pipeline(alice):
    image = alice.image('FROM busybox\n', name='tools')
    pipeline = alice.pipeline('Weather <of> March')
    job = alice.state(pipeline, alice.job(pipeline, 'true', image=image))
    assert (job['image'], job['image_name']) == ({'id': image}, 'tools')
    assert (job['pipeline'], job['pipeline_name']) == ({'id': pipeline}, 'Weather <of> March')
    expect(alice.call('PUT', f'/pipeline/{pipeline}', data={'name': 'April'}), 200)
    listed, = alice.json(f'/jobs?pipeline={pipeline}').values()
    assert listed['pipeline_name'] == 'April'
