"""The overview of jobs, the keys, and the pages that let somebody in."""
import pytest
from selenium.webdriver.common.keys import Keys

from client import PASSWORD, WAIT


@pytest.fixture
def erin(kabuto):
    return kabuto.user()


def names(browser):
    """The names of the jobs in the list, in its order."""
    return browser.run('return Array.from(document.querySelectorAll("main [data-row]"), (a) => a.textContent)')


def wait_names(browser, *wanted):
    browser.until(lambda: names(browser) == list(wanted), f'the list has {wanted}')


def ready_jobs(client, *wanted):
    pipeline = client.pipeline()
    return pipeline, [client.job(pipeline, 'true', name=name) for name in wanted]


def test_the_newest_job_comes_first(browser, erin):
    ready_jobs(erin, 'one', 'two', 'three')
    browser.log_in(erin).open('/ui/')
    wait_names(browser, 'three', 'two', 'one')


def test_filters_are_in_the_address_and_done_by_the_server(browser, erin):
    ready_jobs(erin, 'north wind', 'south wind', 'rain')
    erin.wait_job(*erin.begin('exit 3', name='west wind'))
    browser.log_in(erin).open('/ui/jobs?state=ready')
    wait_names(browser, 'rain', 'south wind', 'north wind')
    browser.fill('Filter by name', 'WIND')
    wait_names(browser, 'south wind', 'north wind')
    assert browser.path == '/ui/jobs?state=ready&name=WIND'
    calls = [url for url in browser.requested() if '/jobs?' in url and '/ui/' not in url]
    assert 'state=ready' in calls[-1] and 'name=WIND' in calls[-1]
    browser.click(browser.link('failed'))
    wait_names(browser, 'west wind')
    assert browser.path == '/ui/jobs?name=WIND&state=failed'
    browser.driver.back()
    wait_names(browser, 'south wind', 'north wind')
    browser.reload()
    wait_names(browser, 'south wind', 'north wind')


def test_a_pipeline_is_chosen_by_a_part_of_its_name(browser, erin):
    ready_jobs(erin, 'elsewhere')
    other = erin.pipeline('Weather of March')
    erin.job(other, 'true', name='here')
    browser.log_in(erin).open('/ui/jobs')
    browser.click(browser.button('Pipeline: any'))
    browser.fill('Search a pipeline', 'march')
    browser.click(browser.named('.menu-items a', 'Weather of March'))
    wait_names(browser, 'here')
    assert browser.path == f'/ui/jobs?pipeline={other}'
    browser.wait_text('Pipeline: Weather of March')


def test_no_match_is_said_and_the_filters_can_go(browser, erin):
    ready_jobs(erin, 'one')
    browser.log_in(erin).open('/ui/jobs?name=none')
    browser.wait_text('No job matches')
    browser.click(browser.link('Remove the filters'))
    wait_names(browser, 'one')


def test_more_jobs_come_at_a_click(browser, erin):
    _, jobs = ready_jobs(erin, *(f'n{n}' for n in range(52)))
    browser.log_in(erin).open('/ui/jobs')
    browser.until(lambda: len(names(browser)) == 50, 'the first page')
    browser.click(browser.button('More jobs'))
    browser.until(lambda: len(names(browser)) == len(jobs), 'all jobs')
    assert names(browser) == [f'n{n}' for n in reversed(range(52))]
    assert browser.focused() == ['n1', 'a'], 'the focus is on the first one that came'


def test_the_last_lines_of_a_failed_job_are_one_click_away(browser, erin):
    erin.wait_job(*erin.begin(r'printf "reading\n\033[31mNo such file\033[0m: \033]0;t\007x.csv\n"; exit 3'))
    browser.log_in(erin).open('/ui/jobs?state=failed')
    browser.wait_text('exit code 3')
    browser.click(browser.button('last lines'))
    browser.wait_text('No such file: x.csv', '.last-lines')
    browser.click(browser.button('last lines'))
    browser.until(lambda: not browser.all('.last-lines'), 'the lines are closed')


def test_a_new_job_does_not_move_what_somebody_reads(browser, kabuto, erin):
    pipeline, job = erin.begin(WAIT, name='the first')
    erin.wait_state(pipeline, job, 'running')
    browser.log_in(erin).open('/ui/jobs')
    wait_names(browser, 'the first')
    browser.press('j')
    browser.until(lambda: browser.focused() == ['the first', 'a'], 'the row has the focus')
    erin.job(pipeline, 'true', name='the second')
    browser.wait_text('1 new job')
    assert names(browser) == ['the first']
    browser.click(browser.button('1 new job'))
    wait_names(browser, 'the second', 'the first')
    kabuto.let_go(job)
    browser.until(lambda: 'running' not in browser.text('tbody'), 'the first job has ended')


def test_a_deleted_job_is_marked_where_it_stands(browser, erin):
    pipeline, jobs = ready_jobs(erin, 'stays', 'goes')
    browser.log_in(erin).open('/ui/jobs')
    wait_names(browser, 'goes', 'stays')
    erin.call('DELETE', f'/pipeline/{pipeline}/job/{jobs[1]}')
    browser.wait_text('deleted')
    assert names(browser) == ['goes', 'stays']


def test_keys_move_open_go_and_help(browser, erin):
    ready_jobs(erin, 'one', 'two', 'three')
    browser.log_in(erin).open('/ui/')
    wait_names(browser, 'three', 'two', 'one')
    browser.press('j')
    browser.until(lambda: browser.focused()[0] == 'three', 'j goes to the first row')
    browser.press('jj', 'k')
    browser.until(lambda: browser.focused()[0] == 'two', 'j and k move')
    browser.press('?')
    browser.wait_text('next row', 'dialog')
    browser.press(Keys.ESCAPE)
    browser.until(lambda: not browser.all('dialog'), 'Esc closes the help')
    browser.press('/')
    browser.until(lambda: browser.focused()[0] == 'Filter by name', '/ goes to the filter')
    browser.press('t')
    wait_names(browser, 'three', 'two')
    browser.press(Keys.ESCAPE)
    browser.until(lambda: browser.focused()[1] != 'input', 'Esc leaves the filter')
    browser.press('gp')
    browser.until(lambda: browser.path == '/ui/pipelines', 'g p goes to the pipelines')
    browser.until(lambda: names(browser), 'the pipelines are listed')
    browser.press('j', Keys.ENTER)
    browser.until(lambda: browser.path.startswith('/ui/pipeline/'), 'Enter opens')


def test_a_new_account_is_told_what_to_do_first(browser, erin):
    browser.log_in(erin).open('/ui/')
    browser.wait_text('Build an image')
    text = browser.text('main')
    assert browser.url in text and 'curl' in text and 'import getpass, requests' in text
    browser.open('/ui/pipelines')
    browser.wait_text('No pipelines yet')


def test_registration_ends_at_the_overview(browser):
    browser.open('/ui/register')
    browser.fill('Login', 'frida')
    browser.fill('E-mail', 'frida@example.org')
    browser.fill('Password', PASSWORD)
    browser.click(browser.button('Register'))
    browser.until(lambda: browser.path == '/ui/', 'the overview')
    browser.wait_text('frida', '#bar')


@pytest.mark.console('status of 409')
def test_a_login_that_is_taken_is_said_in_the_words_of_the_server(browser, erin):
    browser.open('/ui/register')
    browser.fill('Login', erin.login)
    browser.fill('E-mail', 'other@example.org')
    browser.fill('Password', PASSWORD + '2')
    browser.click(browser.button('Register'))
    said = erin.post('/register', {'login': erin.login, 'password': PASSWORD + '2', 'email': 'other@example.org'})
    browser.wait_text(said.json()['error'])
    assert browser.field('Login').get_attribute('value') == erin.login


@pytest.mark.console('status of 403')
def test_a_closed_registration_is_said(browser, own):
    kabuto = own({'registration': 'closed'})
    browser.reset(kabuto.url)
    browser.open('/ui/register')
    browser.fill('Login', 'gus')
    browser.fill('E-mail', 'gus@example.org')
    browser.fill('Password', PASSWORD)
    browser.click(browser.button('Register'))
    browser.wait_text('registration is closed')


@pytest.mark.console('status of 404')
def test_a_link_that_was_used_is_explained(browser):
    browser.open('/ui/confirm/nobody/tokEn')
    browser.click(browser.button('Activate'))
    browser.wait_text('The link has been used, or it is not complete')


@pytest.mark.console('status of 401')
def test_a_wrong_password_is_said_and_the_right_one_leads_back(browser, erin):
    ready_jobs(erin, 'one')
    browser.open('/ui/jobs?state=ready', ready=False)
    browser.until(lambda: browser.path.startswith('/ui/login?to='), 'the login page')
    browser.fill('Login', erin.login)
    browser.fill('Password', 'wrong one')
    browser.click(browser.button('Log in'))
    browser.wait_text('wrong login or password')
    browser.fill('Password', PASSWORD)
    browser.click(browser.button('Log in'))
    wait_names(browser, 'one')
    assert browser.path == '/ui/jobs?state=ready'


def test_log_out_ends_the_session_on_the_server(browser, erin):
    browser.log_in(erin).open('/ui/')
    browser.click(browser.button('Log out'))
    browser.until(lambda: browser.path == '/ui/login', 'the login page')
    assert erin.get('/account').status_code == 401
