"""The examples of the original's document and of README, as printed but for the placeholders."""
import json
import os
import re
import subprocess
import textwrap
import zipfile

import pytest

from client import expect, refused
from wait import until

PYTHON = '''
import requests
base_url = "http://127.0.0.1:5000"
r = requests.post('%s/register' % base_url, data={'login': 'me',
                                                  'password': 'SecreT',
                                                  'email': 'me@example.org'})
token = r.json()['token']
r = requests.get('%s/register/confirm/me/%s' % (base_url, token))
---
r = requests.post('%s/login' % base_url, data={'login': 'me',
                                               'password': 'SecreT'})
c = r.cookies
---
sample_dockerfile = \'\'\'FROM busybox
CMD ["echo", "hello world"]
\'\'\'
r = requests.post('%s/image' % base_url,
                      data={'dockerfile': sample_dockerfile,
                            'name': 'test'},
                      cookies=c)
build_id = r.json()['build_id']
---
r = requests.get('%s/image/build/%s' % (base_url, build_id),
                      cookies=c)
state = r.json()['state']
---
r = requests.post('%s/pipeline' % base_url,
                  data={'name': 'my first pipeline'},
                  cookies=c)
pipeline_id = r.json()['id']
---
data = {'command': 'echo hello world',
        'image_id': image_id}
files = [("attachments", open("/path/to/file1", "rb")),
         ("attachments", open("/path/to/file2", "rb"))]
r = requests.post('%s/pipeline/%s/job' % (base_url, pipeline_id),
                  data=data,
                  files=files,
                  cookies=c)

job_id = r.json()['id']
---
r = requests.post('%s/pipeline/%s/submit' % (base_url, pipeline_id),
                  cookies=c)
for eid, state in r.json().items():
    print("id: %s - state(%s)" % (eid, state))
'''


@pytest.fixture
def files(tmp_path):
    for name in ('file1', 'file2'):
        (tmp_path / name).write_text(f'this is {name}\n')
    (tmp_path / 'some').mkdir()
    (tmp_path / 'some' / 'docker_file').write_text('FROM busybox\n')
    return tmp_path


@pytest.mark.both
@pytest.mark.filterwarnings('ignore::ResourceWarning')
def test_python_examples_run_as_printed(own, files, capsys):
    kabuto, names = own(), {}
    text = PYTHON.replace('http://127.0.0.1:5000', kabuto.url).replace('/path/to', str(files))
    register, login, image, build, pipeline, job, submit = text.split('---\n')
    for part in (register, login, image, build):
        exec(part, names)
    assert names['state'] in ('PENDING', 'SUCCESS')
    until(lambda: exec(build, names) or names['state'] != 'PENDING', 'the image is built')
    assert names['state'] == 'SUCCESS'
    names['image_id'] = names['r'].json()['id']
    for part in (pipeline, job, submit):
        exec(part, names)
    assert capsys.readouterr().out == f'id: {names["job_id"]} - state(in_queue)\n'
    me = kabuto.client()
    me.log_in('me')
    end = me.wait_job(names['pipeline_id'], names['job_id'])
    assert end['state'] == 'done' and me.lines(end['id']) == ['hello world']


class Shell:
    """Runs the document's curl lines, with the placeholders filled in."""

    def __init__(self, kabuto, files):
        self.kabuto, self.files = kabuto, files

    def __call__(self, line, **placeholders):
        line = line.replace('http://127.0.0.1:5000', self.kabuto.url)
        line = line.replace('/path/to', str(self.files))
        line = line.replace('/tmp/cookies.txt', str(self.files / 'cookies.txt'))
        for name, value in placeholders.items():
            line = line.replace(f'<{name}>', str(value))
        return subprocess.run(['sh', '-c', line.replace('curl ', 'curl -sSg ', 1)], check=True,
                              stdout=subprocess.PIPE, timeout=60).stdout

    def json(self, line, **placeholders):
        return json.loads(self(line, **placeholders))


@pytest.fixture
def curl(own, files):
    """A shell whose user has registered and logged in as the document says."""
    shell = Shell(own(), files)
    answer = shell.json('curl http://127.0.0.1:5000/register -X POST '
                        '-d "login=me&password=SecreT&email=me@example.org"')
    assert answer['status'] == 'success'
    assert shell.json('curl http://127.0.0.1:5000/register/confirm/me/<token>',
                      token=answer['token']) == {'registration': 'success'}
    assert shell.json('curl http://127.0.0.1:5000/login -X POST -d "login=me&password=SecreT" '
                      '-c /tmp/cookies.txt') == {'login': 'success'}
    return shell


def built(curl, answer):
    assert answer['status'] == 'Your image is being built'
    line = 'curl http://127.0.0.1:5000/image/build/<build_id> -b /tmp/cookies.txt'

    def ended():
        state = curl.json(line, build_id=answer['build_id'])
        return state['state'] != 'PENDING' and state
    state = until(ended, 'the image is built')
    assert state['state'] == 'SUCCESS' and state['output']
    return state['id']


def test_curl_examples_run_as_printed(curl, files):
    """Not behind lighttpd: it refuses a POST without Content-Length, as `-X POST` alone is."""
    image = built(curl, curl.json(
        'curl http://127.0.0.1:5000/image -X POST -d "name=test&nocache=false" '
        '--data-urlencode dockerfile@/path/to/some/docker_file -b /tmp/cookies.txt'))
    shown = curl.json('curl http://127.0.0.1:5000/image/<image_id> -b /tmp/cookies.txt',
                      image_id=image)[str(image)]
    assert (shown['id'], shown['name'], shown['dockerfile']) == (image, 'test', 'FROM busybox\n')
    assert shown['creation_date']
    pipeline = curl.json('curl http://127.0.0.1:5000/pipeline -X POST -d "name=my_first_pipeline" '
                         '-b /tmp/cookies.txt')['id']
    job = curl.json(
        'curl http://127.0.0.1:5000/pipeline/<pipeline_id>/job -X POST '
        '-F attachments=@/path/to/file1 -F attachments=@/path/to/file2 -F image_id=<image_id> '
        '-F command="cat /inbox/file1 | tee /outbox/copy && echo hello world" -b /tmp/cookies.txt',
        pipeline_id=pipeline, image_id=image)['id']
    shown = curl.json('curl http://127.0.0.1:5000/pipeline/<pipeline_id> -b /tmp/cookies.txt',
                      pipeline_id=pipeline)[str(pipeline)]
    assert shown['name'] == 'my_first_pipeline' and shown['jobs'] == [{'id': job}]
    assert shown['id'] == pipeline and shown['creation_date']
    assert curl.json('curl http://127.0.0.1:5000/pipeline/<pipeline_id>/submit -X POST '
                     '-b /tmp/cookies.txt', pipeline_id=pipeline) == {str(job): 'in_queue'}

    def end():
        state = curl.json('curl http://127.0.0.1:5000/pipeline/<pipeline_id>/job/<job_id> '
                          '-b /tmp/cookies.txt', pipeline_id=pipeline, job_id=job)[str(job)]
        return state['state'] in ('done', 'failed') and state
    state = until(end, 'the job ends')
    for key in ('id', 'command', 'state', 'creation_date', 'used_cpu', 'used_memory', 'used_io',
                'attachment_token', 'results_path'):
        assert key in state
    assert state['state'] == 'done'
    assert state['image'] == {'id': image} and state['pipeline'] == {'id': pipeline}
    log = curl.json('curl http://127.0.0.1:5000/execution/<job_id>/logs -b /tmp/cookies.txt',
                    job_id=job)
    lines = [line for line in log if line['stream'] == 'stdout']
    assert [line['logline'] for line in lines] == ['this is file1', 'hello world']
    assert {line['job'] for line in log} == {job}
    log = curl.json('curl http://127.0.0.1:5000/execution/<job_id>/logs/<log_id> '
                    '-b /tmp/cookies.txt', job_id=job, log_id=lines[0]['id'])
    assert log[0]['logline'] == 'hello world'
    curl('curl "http://127.0.0.1:5000/pipeline/<pipeline_id>/job/<job_id>?result" '
         '-b /tmp/cookies.txt -o /path/to/result.zip', pipeline_id=pipeline, job_id=job)
    with zipfile.ZipFile(files / 'result.zip') as result:
        assert result.read('copy') == b'this is file1\n'


def test_dockerfile_as_a_file_part(curl):
    built(curl, curl.json(
        'curl http://127.0.0.1:5000/image -X POST -F name=test '
        '-F dockerfile=@/path/to/some/docker_file -F nocache=false -b /tmp/cookies.txt'))


def test_dockerfile_slip_of_the_document_is_explained(alice):
    answer = alice.post('/image', 'name=test&dockerfile=@/path/to/some/docker_file&nocache=false',
                        headers={'Content-Type': 'application/x-www-form-urlencoded'})
    refused(answer, 400, '--data-urlencode dockerfile@')


def test_submit_needs_the_cookie_that_its_example_forgot(kabuto, alice):
    pipeline = alice.pipeline()
    refused(kabuto.client().post(f'/pipeline/{pipeline}/submit'), 401)


# README's own examples

def examples(source, title):
    """The indented blocks of a section of README."""
    text = (source / 'README').read_text()
    section = re.search(rf'^{title}\n\n(.*?)\n\n\n', text, re.M | re.S).group(1)
    blocks = re.findall(r'(?:^    .*\n(?:\n(?=    ))?)+', section + '\n', re.M)
    return [textwrap.dedent(block) for block in blocks]


def token_of(user):
    return expect(user.post('/account/token', {'name': 'readme'}), 200).json()['token']


@pytest.fixture
def reader(source, build, alice, tmp_path, monkeypatch):
    """Runs a script as somebody would who reads README, with kabuto and kabuto.py installed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data.csv').write_text('pear\nfig\n')
    token = token_of(alice)

    def run(text, *command):
        text = text.replace('http://127.0.0.1:5000', alice.url).replace('<token>', token)
        done = subprocess.run([*command, text], text=True, capture_output=True, check=False,
                              timeout=100, env={
            **os.environ, 'no_proxy': '127.0.0.1', 'KABUTO_URL': alice.url, 'KABUTO_TOKEN': token,
            'PATH': f'{build}/src/client:{os.environ["PATH"]}',
            'PYTHONPATH': str(source / 'etc/python')})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def test_first_example_is_one_curl_line(source, reader, alice):
    curl = examples(source, 'THREE WAYS')[0]
    lines = reader(curl, 'sh', '-c').splitlines()
    assert lines[-3:-1] == ['fig', 'pear'] and lines[-1].startswith(f'exit 0, results: {alice.url}/')
    reader(curl.replace('text/plain', 'application/zip').rstrip() + ' -o results.zip', 'sh', '-c')
    with zipfile.ZipFile('results.zip') as results:
        assert results.read('sorted.csv') == b'fig\npear\n'


def test_client_example_runs_as_printed(source, reader):
    assert reader(examples(source, 'THREE WAYS')[1], 'sh', '-c') == 'fig\npear\n'
    with open('out/sorted.csv', encoding='ascii') as file:
        assert file.read() == 'fig\npear\n'


def test_python_example_runs_as_printed(source, reader):
    reader(examples(source, 'WITH PYTHON')[0], '/usr/bin/python3', '-c')
    with open('results/sorted.csv', encoding='ascii') as file:
        assert file.read() == 'fig\npear\n'


def test_steps_run_as_printed(source, own, tmp_path, monkeypatch):
    """Each line of curl; the answers fill the placeholders of the lines after it."""
    kabuto, known = own(), {}
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data.csv').write_text('pear\nfig\n')
    shell, program = examples(source, 'STEP BY STEP')
    answers = {'$U/register ': ('token', 'token'), '$U/image ': ('build_id', 'build_id'),
               '$U/image/build/': ('image', 'id'), '$U/pipeline ': ('pipeline', 'id'),
               '/job ': ('job', 'id')}
    for line in re.sub(r'\\\n', '', shell).splitlines():
        fields = [field for part, field in answers.items() if part in line]
        line = line.replace('$U', kabuto.url).replace('curl ', 'curl -sSf ', 1)
        for name, value in known.items():
            line = line.replace(f'<{name}>', str(value))
        assert not re.search('<[a-z_]+>', line), line
        if '?result' in line:
            until(lambda: not kabuto.at_work(), 'the job has ended')
        out = subprocess.run(['sh', '-c', line], check=True, capture_output=True, timeout=60,
                             text=True).stdout
        for name, key in fields:
            known[name] = json.loads(out)[key]
    with zipfile.ZipFile('results.zip') as results:
        assert results.namelist() == []
    names = {}
    exec(program.replace('http://127.0.0.1:5000', kabuto.url), names)
    me = kabuto.client()
    me.log_in('me')
    assert me.wait_job(names['pipeline'], names['job'])['state'] == 'done'
