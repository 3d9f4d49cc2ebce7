"""
The lines for a terminal that pages show to somebody who has nothing yet: they work as shown.

The tests log in without the login page, so that the page does not know the login yet.
"""
import os
import re
import subprocess

import pytest

from client import PASSWORD, WAIT


@pytest.fixture
def erin(kabuto):
    return kabuto.user()


@pytest.fixture
def terminal(source, build, erin, tmp_path):
    """Runs lines in a folder with a file, with kabuto and kabuto.py installed; gives what they print."""
    (tmp_path / 'data.csv').write_text('pear\nfig\n')
    environment = {**os.environ, 'no_proxy': '127.0.0.1', 'XDG_CONFIG_HOME': str(tmp_path),
                   'PATH': f'{build}/src/client:{os.environ["PATH"]}',
                   'PYTHONPATH': str(source / 'etc/python')}

    def run(text, *command):
        done = subprocess.run([*command, text], cwd=tmp_path, env=environment, input=PASSWORD + '\n',
                              text=True, capture_output=True, check=False, timeout=100)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


@pytest.fixture
def logged_in(kabuto, erin, terminal):
    """The terminal has the cookies, and the client its token."""
    terminal(f'curl -sSf {kabuto.url}/login -d login={erin.login} -d password={PASSWORD} '
             '-c cookies.txt', 'sh', '-c')
    terminal(f'kabuto login --login {erin.login} --password-stdin {kabuto.url}', 'sh', '-c')
    return terminal


def lines(browser):
    """The blocks of code on the page, by their titles."""
    browser.until(lambda: browser.all('figure.code'), 'lines are shown')
    return dict(browser.run('return Array.from(document.querySelectorAll("figure.code"), (f) => '
                            '[f.querySelector("span").textContent, f.querySelector("pre").textContent])'))


def unpacked(tmp_path):
    subprocess.run(['unzip', '-qo', 'results.zip', '-d', 'zip'], cwd=tmp_path, check=True)
    return (tmp_path / 'zip/sorted.csv').read_text()


def test_first_steps_with_curl_work_as_shown(browser, erin, terminal, tmp_path):
    browser.log_in(erin).open('/ui/')
    text = lines(browser)['curl'].replace('<password>', PASSWORD).replace('<login>', erin.login)
    *before, last = text.splitlines()
    out = terminal('\n'.join(before), 'sh', '-c')
    url = re.search(r'^exit 0, results: (.*)$', out, re.M).group(1)
    terminal(last.replace('<the URL in the last line>', url), 'sh', '-c')
    assert unpacked(tmp_path) == 'fig\npear\n'


def test_first_steps_with_python_work_as_shown(browser, erin, terminal):
    browser.log_in(erin).open('/ui/')
    text = lines(browser)['Python'].replace('<login>', erin.login)
    assert terminal(text, '/usr/bin/python3', '-W', 'ignore', '-c').startswith('done http')


def test_first_steps_with_the_client_work_as_shown(browser, erin, terminal, tmp_path):
    browser.log_in(erin).open('/ui/')
    text = lines(browser)['kabuto, the client']
    assert text.startswith(f'kabuto login {browser.url}\n')
    terminal(text.replace('kabuto login', f'kabuto login --login {erin.login} --password-stdin', 1),
             'sh', '-c')
    assert (tmp_path / 'out/sorted.csv').read_text() == 'fig\npear\n'


def test_lines_of_the_other_empty_pages_work_as_shown(browser, erin, logged_in, tmp_path):
    browser.log_in(erin).open('/ui/pipelines')
    pipelines = lines(browser)
    browser.open('/ui/images')
    (tmp_path / 'Dockerfile').write_text('FROM busybox\n')
    images = lines(browser)
    logged_in(pipelines['curl'], 'sh', '-c')
    assert 'hello' in logged_in(pipelines['kabuto, the client'], 'sh', '-c')
    assert [x['name'] for x in erin.json('/pipeline').values()] == ['first'] * 3
    client = images['kabuto, the client'].replace('python:3.12-slim', 'busybox')
    assert re.fullmatch(r'\d+\n', logged_in(client, 'sh', '-c'))
    assert 'python' in [x['name'] for x in erin.json('/image').values()]


def test_lines_for_a_job_that_runs_work_as_shown(browser, kabuto, erin, logged_in, tmp_path):
    _, job = erin.begin(f'sort /inbox/data.csv > /outbox/sorted.csv; echo sorted; {WAIT}',
                        [('data.csv', b'pear\nfig\n')])
    browser.log_in(erin).open(f'/ui/job/{job}')
    browser.wait_text('sorted')
    shown = lines(browser)
    kabuto.let_go(job)
    erin.wait_job(_, job)
    logged_in(shown['curl'], 'sh', '-c')
    assert unpacked(tmp_path) == 'fig\npear\n'
    for title, command in (('kabuto, the client', ('sh', '-c')), ('Python', ('/usr/bin/python3', '-c'))):
        assert 'sorted' in logged_in(shown[title], *command)
        assert (tmp_path / 'out/sorted.csv').read_text() == 'fig\npear\n'
        subprocess.run(['rm', '-r', 'out'], cwd=tmp_path, check=True)
