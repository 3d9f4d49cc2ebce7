"""The page of one pipeline: what its buttons do, and how its jobs are put in order."""
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from client import WAIT
from test_overview import names, wait_names


@pytest.fixture
def erin(kabuto):
    return kabuto.user()


@pytest.fixture
def pipeline(browser, erin):
    """Of three jobs, and its page."""
    one = erin.pipeline('three of them')
    for name in ('a', 'b', 'c'):
        erin.job(one, 'true' if name != 'b' else 'exit 7', name=name)
    browser.log_in(erin).open(f'/ui/pipeline/{one}')
    wait_names(browser, 'a', 'b', 'c')
    return one


def order(erin, pipeline):
    """The names of its jobs, as the server has them."""
    jobs = erin.json(f'/pipeline/{pipeline}/job')
    return [jobs[str(job['id'])]['name'] for job in erin.pipeline_state(pipeline)['jobs']]


def wait_ended(browser):
    browser.until(lambda: browser.text('tbody').count('done') == 2 and 'failed' in browser.text('tbody'),
                  'all jobs have ended')


def test_submit_says_that_finished_jobs_run_again(browser, erin, pipeline):
    assert 'Submit runs 3 ready jobs.' in browser.text('main')
    browser.click(browser.button('Submit'))
    browser.wait_text('3 jobs in queue or running')
    wait_ended(browser)
    browser.wait_text('Submit runs 3 finished jobs again.')
    assert '7' in browser.text('tbody tr:nth-child(2)')
    assert 'failed' in browser.driver.title


def test_failed_jobs_run_again_as_new_jobs(browser, erin, pipeline):
    erin.submit(pipeline)
    wait_ended(browser)
    browser.click(browser.button('Run failed again'))
    browser.wait_text('1 new job in queue')
    wait_names(browser, 'a', 'b', 'c', 'b')


def test_cancel_takes_queued_jobs_out(browser, kabuto, erin):
    one = erin.pipeline()
    job = erin.job(one, WAIT, name='runs')
    erin.job(one, 'true', name='waits')
    erin.submit(one)
    erin.wait_state(one, job, 'running')
    browser.log_in(erin).open(f'/ui/pipeline/{one}')
    browser.click(browser.button('Cancel'))
    browser.until(lambda: 'ready' in browser.text('tbody'), 'the job that waited is ready')
    erin.wait_job(one, job)
    browser.wait_text('killed by its owner')


def test_columns_sort(browser, pipeline):
    browser.click(browser.button('Job'))
    browser.click(browser.button('Job'))
    wait_names(browser, 'c', 'b', 'a')


def test_jobs_are_put_in_order_by_the_keyboard(browser, erin, pipeline):
    browser.tab_to('Edit', 'button').send_keys(Keys.ENTER)
    browser.wait_text('They start in this order')
    browser.tab_to('Move down', 'button').send_keys(Keys.ENTER)
    browser.wait_text('is now number 2 of 3')
    assert browser.focused()[0].startswith('Move down'), 'the focus stays with the job'
    chain = ActionChains(browser.driver)
    chain.key_down(Keys.ALT).send_keys(Keys.ARROW_DOWN).key_up(Keys.ALT).perform()
    browser.wait_text('is now number 3 of 3')
    browser.tab_to('Save', 'button').send_keys(Keys.ENTER)
    wait_names(browser, 'b', 'c', 'a')
    assert order(erin, pipeline) == ['b', 'c', 'a']


def test_jobs_are_put_in_order_by_dragging(browser, erin, pipeline):
    browser.click(browser.button('Edit'))
    items = browser.until(lambda: browser.all('.order li'), 'the list of jobs')
    ActionChains(browser.driver).drag_and_drop(items[2], items[0]).perform()
    browser.until(lambda: browser.run(
        'return document.querySelector(".order li .text").textContent').endswith(' c'), 'c stands first')
    browser.click(browser.button('Save'))
    wait_names(browser, 'c', 'a', 'b')
    assert order(erin, pipeline) == ['c', 'a', 'b']


def test_name_and_settings_and_removals_are_one_call(browser, erin, pipeline):
    browser.click(browser.button('Edit'))
    browser.fill('Name', 'two of them <b>')
    browser.fill('Jobs at a time', '2')
    browser.choose('After a failure', 'stop')
    browser.click(browser.button('Remove from the pipeline'))
    browser.click(browser.button('Save'))
    browser.click(browser.named('dialog button', 'Remove'))
    wait_names(browser, 'b', 'c')
    browser.wait_text('two of them <b>', 'h1')
    state = erin.pipeline_state(pipeline)
    assert (state['name'], state['max_parallel'], state['on_failure']) == ('two of them <b>', 2, 'stop')
    assert len(state['jobs']) == 2
    puts = [parameters for method, parameters in browser.collect().requests
            if method == 'Network.requestWillBeSent' and parameters['request']['method'] == 'PUT']
    assert len(puts) == 1


def test_delete_asks_first(browser, erin, pipeline):
    browser.click(browser.button('Delete'))
    browser.click(browser.named('dialog button', 'Cancel'))
    assert erin.pipeline_state(pipeline)['id'] == pipeline
    browser.click(browser.button('Delete'))
    browser.click(browser.named('dialog button', 'Delete'))
    browser.until(lambda: browser.path == '/ui/pipelines', 'the list of pipelines')
    assert erin.get(f'/pipeline/{pipeline}').status_code == 404


def test_a_pipeline_that_is_deleted_elsewhere_is_gone(browser, erin, pipeline):
    erin.call('DELETE', f'/pipeline/{pipeline}')
    browser.wait_text('This pipeline has been deleted')
    assert names(browser) == []


def test_the_menu_beside_a_button_shows_its_call(browser, pipeline):
    browser.click(browser.named('summary', 'More about: Submit'))
    browser.run('navigator.clipboard.writeText = async (text) => { window.copied = text; }')
    browser.click(browser.button('Copy as curl'))
    browser.until(lambda: browser.run('return window.copied'), 'the line is copied')
    assert browser.run('return window.copied') == \
        f'curl -X POST {browser.url}/pipeline/{pipeline}/submit -b cookies.txt'


def test_an_answer_moves_no_button_and_goes_with_the_next_one(browser, pipeline):
    places = 'return [...document.querySelectorAll("main .row button")].map((one) => one.getBoundingClientRect().x)'
    before = browser.run(places)
    browser.click(browser.button('Submit'))
    browser.wait_text('in queue or running')
    assert browser.run(places) == before
    browser.click(browser.button('Cancel'))
    browser.wait_text('Running jobs are being stopped')
    assert 'in queue or running' not in browser.text('main')


def test_a_new_pipeline_opens(browser, erin):
    browser.log_in(erin).open('/ui/pipelines')
    browser.fill('Name of the new pipeline', 'fresh')
    browser.click(browser.button('New pipeline'))
    browser.until(lambda: browser.path.startswith('/ui/pipeline/'), 'the page of the pipeline')
    browser.wait_text('fresh', 'h1')
    browser.wait_text('No jobs yet')
