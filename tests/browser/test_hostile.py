"""What others name, print and leave behind is shown as text, wherever a page shows it."""
import shlex
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import NoAlertPresentException

from client import expect
from hostile import ACT, HARM, HOST, IN_LOGS, IN_NAMES, as_file_name
from world import view_url

LOOK = f'<img src=x onerror={ACT}>'
USER = f'<svg/onload={ACT}>'  # the engine's error has it
DRAWING = (f'<svg xmlns="http://www.w3.org/2000/svg" onload="{ACT}"><script>{ACT}</script>'
           f'<image href="http://{HOST}/g.png"/></svg>')
PRINT = 'cat /inbox/print.txt; cat /inbox/print.txt >&2\n'


class Hostile:
    """An account of hostile names, a job of hostile output, a build of hostile words."""

    def __init__(self, kabuto):
        self.client = client = kabuto.user()
        image = client.image()
        words = ''.join(f'ENV A{i}={shlex.quote(text)}\n' for i, text in enumerate(IN_NAMES))
        prints = '; '.join(f'echo {shlex.quote(text)}' for text in IN_NAMES[:8])
        self.images = [client.image(f'FROM busybox\n# {LOOK}\n', name=text)
                       for text in (LOOK, IN_NAMES[0], IN_NAMES[4])]
        self.build = client.build(f'FROM busybox\n{words}RUN {prints}; false\n', name=LOOK)
        client.wait_build(self.build)
        self.pipelines = [client.pipeline(text) for text in IN_NAMES]
        self.pipeline = self.pipelines[1]
        self.jobs = [client.job(self.pipeline, f'echo {shlex.quote(text)}', image=image, name=text,
                                env=f'TEXT={text}', files=[(as_file_name(text), text.encode())])
                     for text in IN_NAMES]
        self.run = self.make_run(image)
        self.refused = client.pipeline(LOOK)
        self.refused_job = client.job(self.refused, 'true', image=image, name=LOOK, user=USER)
        client.submit(self.refused)
        client.wait_job(self.refused, self.refused_job)
        expect(client.post('/account/token', {'name': LOOK}), 200)

    def make_run(self, image):
        """A job that prints all of them, and whose results have their names and their content."""
        client = self.client
        pipeline = client.pipeline(LOOK)
        lines = '\n'.join((*IN_NAMES, *IN_LOGS)) + '\n'
        make = ''.join(f'cp /inbox/names.txt /outbox/{shlex.quote(as_file_name(text))}{ending}\n'
                       for text, ending in zip(IN_NAMES, ('', '.csv', '.json', '.md', '.txt') * 9))
        job = client.job(pipeline, PRINT + make + f'echo {shlex.quote(DRAWING)} >/outbox/a.svg\n',
                         image=image, name=LOOK, files=[
                             ('print.txt', lines.encode()),
                             ('names.txt', '\n'.join(IN_NAMES).encode())])
        client.submit(pipeline)
        assert client.wait_job(pipeline, job)['state'] == 'done'
        return pipeline, job


@pytest.fixture(scope='module')
def hostile(kabuto):
    return Hostile(kabuto)


def check(browser, where):
    """Nothing ran, nothing was asked for, and the text is there as it was written."""
    browser.settle()
    try:
        raise AssertionError(f'{where}: the page says {browser.driver.switch_to.alert.text!r}')
    except NoAlertPresentException:
        pass
    assert browser.run(HARM) == [], where
    parts = [urlsplit(url) for url in browser.requested()]
    assert [url for url in parts if url.hostname == HOST or url.path.endswith('/x')] == [], where


def visit(browser, path, *texts):
    browser.open(path)
    for text in texts:
        browser.wait_text(text)
    check(browser, path)


@pytest.mark.limit(300)
def test_hostile_names_are_text_on_each_list(browser, hostile):
    browser.log_in(hostile.client)
    visit(browser, '/ui/jobs', LOOK)
    visit(browser, '/ui/pipelines', LOOK)
    visit(browser, f'/ui/pipeline/{hostile.pipeline}', *IN_NAMES[:4])
    visit(browser, '/ui/images', LOOK)
    visit(browser, '/ui/account', LOOK)
    visit(browser, f'/ui/new?image={hostile.images[0]}&pipeline={hostile.pipeline}')


@pytest.mark.limit(300)
def test_hostile_names_are_text_on_the_page_of_each_job(browser, hostile):
    browser.log_in(hostile.client)
    for text, job in zip(IN_NAMES, hostile.jobs):
        visit(browser, f'/ui/job/{job}', text)


def test_hostile_names_are_text_when_a_job_is_copied(browser, hostile):
    browser.log_in(hostile.client)
    for job in hostile.jobs[:6]:
        visit(browser, f'/ui/new?from={job}')


def test_a_hostile_build_is_text(browser, hostile):
    browser.log_in(hostile.client)
    visit(browser, f'/ui/build/{hostile.build}', LOOK)
    for image in hostile.images:
        visit(browser, f'/ui/image/{image}')


def test_the_error_of_a_hostile_job_is_text(browser, hostile):
    browser.log_in(hostile.client)
    visit(browser, f'/ui/job/{hostile.refused_job}', USER)


def test_a_hostile_log_is_text(browser, hostile):
    browser.log_in(hostile.client)
    visit(browser, f'/ui/job/{hostile.run[1]}', LOOK, 'Traceback')


@pytest.mark.limit(300)
def test_hostile_results_are_text(browser, hostile):
    """Their names in the list, and their content where it is shown."""
    browser.log_in(hostile.client)
    visit(browser, f'/ui/job/{hostile.run[1]}', as_file_name(IN_NAMES[0]))
    buttons = [button for button in browser.all('#results button.file-name')
               if button.get_attribute('aria-expanded')]
    assert len(buttons) > len(IN_NAMES)
    for button in buttons:
        browser.run('arguments[0].click()', button)
    browser.until(lambda: 'Loading' not in browser.text('#results'), 'all of them are shown')
    assert browser.text('#results').count(LOOK) > len(IN_NAMES) / 2
    check(browser, 'the results')


@pytest.mark.parametrize('query', (
    'name=' + LOOK, 'state=' + LOOK, 'image=' + LOOK, 'pipeline=' + LOOK, 'name=__proto__'))
@pytest.mark.console('status of 4')
def test_a_hostile_address_is_text(browser, hostile, query):
    browser.log_in(hostile.client)
    visit(browser, '/ui/jobs?' + query)
    visit(browser, f'/ui/job/{hostile.run[1]}#{LOOK}')


@pytest.mark.console('status of 404')
@pytest.mark.parametrize('to', (f'javascript:{ACT}', f'//{HOST}/', f'https://{HOST}/',
                                f'/\\{HOST}/', f'data:text/html,<script>{ACT}</script>',
                                f'\\\\{HOST}/', f'/ui/../..//{HOST}/'))
def test_the_login_leads_nowhere_else(browser, hostile, to):
    browser.open('/ui/login')
    browser.run('location.search = "?to=" + encodeURIComponent(arguments[0])', to)
    browser.wait_page()
    browser.fill('Login', hostile.client.login)
    browser.fill('Password', 'SecreT')
    browser.click(browser.button('Log in', browser.find('main')))
    browser.until(lambda: not browser.path.startswith('/ui/login'), 'the login leads to a page')
    assert browser.driver.current_url.startswith(browser.url + '/')
    check(browser, to)


def test_hostile_names_are_text_in_the_list_of_a_view(browser, hostile):
    path = view_url(hostile.client, *hostile.run)
    browser.open(path, ready=False)
    browser.wait_text(LOOK)
    assert browser.run('return document.querySelector("img, script, iframe, svg")') is None
    for one in browser.all('a'):
        assert one.get_attribute('href').startswith(browser.url + path)
