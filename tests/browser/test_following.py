"""Pages change by themselves, whatever happens to connections, processes and sessions."""
import pytest

from client import WAIT, expect

TABS = 10


def begin(client, command=WAIT, **fields):
    """A job that runs until Kabuto.let_go; gives the ids of its pipeline and itself."""
    pipeline, job = client.begin(command, **fields)
    client.wait_state(pipeline, job, 'running')
    return pipeline, job


def wait_state(browser, word):
    """Waits until the page's first badge of a state has this word."""
    browser.until(lambda: word in browser.text('main .badge'), f'the state is {word}')


def test_ten_tabs_of_one_browser_are_all_live(browser, kabuto):
    """HTTP/1.1: a browser has six connections for all its tabs."""
    client = kabuto.user()
    pipeline, job = begin(client)
    browser.log_in(client)
    for number in range(TABS):
        if number > 0:
            browser.driver.switch_to.new_window('tab')
        browser.open(f'/ui/job/{job}')
        wait_state(browser, 'running')
    kabuto.let_go(job)
    client.wait_job(pipeline, job)
    for handle in browser.driver.window_handles:
        browser.driver.switch_to.window(handle)
        wait_state(browser, 'done')
        assert 'done' in browser.driver.title


def test_a_list_shows_new_states_without_a_reload(browser, kabuto):
    client = kabuto.user()
    pipeline = client.pipeline()
    job = client.job(pipeline, WAIT, name='the one to see')
    browser.log_in(client).open('/ui/jobs')
    browser.wait_text('the one to see')
    browser.run('window.same = true')
    wait_state(browser, 'ready')
    client.submit(pipeline)
    wait_state(browser, 'running')
    kabuto.let_go(job)
    wait_state(browser, 'done')
    assert browser.run('return window.same')
    client.wait_job(pipeline, job)


def test_a_new_job_comes_into_the_list_without_a_reload(browser, kabuto):
    client = kabuto.user()
    pipeline = client.pipeline()
    client.job(pipeline, 'true', name='the first')
    browser.log_in(client).open('/ui/jobs')
    browser.wait_text('the first')
    client.job(pipeline, 'true', name='the second')
    browser.wait_text('the second')


def test_a_pipeline_shows_new_states_without_a_reload(browser, kabuto):
    client = kabuto.user()
    pipeline = client.pipeline()
    job = client.job(pipeline, WAIT)
    browser.log_in(client).open(f'/ui/pipeline/{pipeline}')
    wait_state(browser, 'ready')
    client.submit(pipeline)
    wait_state(browser, 'running')
    kabuto.let_go(job)
    wait_state(browser, 'done')
    client.wait_job(pipeline, job)


@pytest.mark.console('status of 401')
@pytest.mark.parametrize('page', ('/ui/jobs', '/ui/job/{job}', '/ui/pipeline/{pipeline}'))
def test_a_session_that_ends_elsewhere_leads_to_the_login_and_back(browser, kabuto, page):
    client = kabuto.user()
    login = client.login
    pipeline, job = begin(client)
    page = page.format(job=job, pipeline=pipeline)
    browser.log_in(client).open(page)
    wait_state(browser, 'running')
    expect(client.post('/logout'), 200)
    browser.until(lambda: browser.path.startswith('/ui/login?to='), 'the login page comes')
    browser.fill('Login', login)
    browser.fill('Password', 'SecreT')
    browser.click(browser.button('Log in', browser.find('main')))
    browser.until(lambda: browser.path == page, 'the page comes back')
    wait_state(browser, 'running')
    kabuto.let_go(job)
    wait_state(browser, 'done')


@pytest.mark.console('net::ERR')
@pytest.mark.console('status of 503')
@pytest.mark.console('status of 502')
@pytest.mark.parametrize('name', ('web', 'follow'))
@pytest.mark.parametrize('page', ('/ui/jobs', '/ui/job/{job}'))
def test_a_page_survives_that_the_server_is_away(browser, own, name, page):
    kabuto = own(hold_sockets=True)
    browser.reset(kabuto.url)
    client = kabuto.user()
    pipeline, job = begin(client)
    browser.log_in(client).open(page.format(job=job))
    wait_state(browser, 'running')
    shown = browser.text('main')
    kabuto[name].kill()
    browser.until(lambda: browser.text('main') != shown, 'the page says that the server is away')
    assert 'running' in browser.text('main'), 'what it showed is gone'
    kabuto[name].start()
    kabuto.wait_healthy()
    kabuto.let_go(job)
    wait_state(browser, 'done')
    client.wait_job(pipeline, job)
    browser.until(lambda: 'Trying again' not in browser.text(), 'the notice goes')
