"""A job's page while the job waits, runs and ends; what its buttons do."""
from datetime import datetime

import pytest

TEXT = 'return document.querySelector(".log-lines").textContent'
# Prints a line each time that the file "go<n>" is there; the test makes them.
STEPS = '''echo begun; n=1; while [ $n -le {last} ]; do
until [ -e /outbox/go$n ]; do sleep 0.05; done
seq 1 {lines} | sed "s/^/step $n line /"; n=$((n+1)); done; rm -f /outbox/go*; {end}'''


@pytest.fixture
def eve(kabuto, browser):
    """A new account, logged in in the browser."""
    one = kabuto.user()
    browser.log_in(one)
    return one


def steps(user, last=1, lines=5, end='true', **fields):
    return user.begin(STEPS.format(last=last, lines=lines, end=end), **fields)


def let_go(kabuto, job, name):
    kabuto.let_go(job, name)


def see_log(browser, text):
    browser.until(lambda: text in browser.run(TEXT), f'{text!r} is in the log')


def test_a_page_lives_with_its_job(kabuto, browser, eve):
    pipeline, job = eve.pipeline(), None
    job = eve.job(pipeline, STEPS.format(last=2, lines=5, end='echo hi > /outbox/out.txt'))
    browser.open(f'/ui/job/{job}')
    browser.wait_text('not been submitted')
    assert browser.driver.title.startswith('ready')
    eve.submit(pipeline)
    see_log(browser, 'begun')
    browser.wait_text('running', 'header .badge, .head')
    let_go(kabuto, job, 'go1')
    see_log(browser, 'step 1 line 5\n')
    assert browser.driver.title.startswith('running')
    let_go(kabuto, job, 'go2')
    browser.wait_text('It ended with exit code 0.')
    browser.wait_text('out.txt', '#results')
    assert browser.driver.title.startswith('done')
    raw = eve.get(f'/execution/{job}/logs?raw').text
    assert browser.run(TEXT) == raw
    browser.wait_text('Ended: exit code 0', '#log')
    # Times are counted from the job's start, although the page was there before.
    first = browser.run('return document.querySelector(".log-gutter").dataset.lines.split("\\n")[0]')
    lines = eve.json(f'/execution/{job}/logs')
    began = eve.state(pipeline, job)['started_at']
    passed = datetime.fromisoformat(lines[0]['time']) - datetime.fromisoformat(began)
    assert f'{max(0, passed.total_seconds()):.3f}' in first


def test_a_log_is_followed_only_while_its_end_is_seen(kabuto, browser, eve):
    pipeline, job = steps(eve, last=3, lines=100)
    browser.open(f'/ui/job/{job}')
    see_log(browser, 'begun')
    let_go(kabuto, job, 'go1')
    see_log(browser, 'step 1 line 100\n')
    at_end = '''const box = document.querySelector('.log-box');
        return box.scrollHeight - box.clientHeight - box.scrollTop < 5 && box.scrollTop > 0'''
    browser.until(lambda: browser.run(at_end), 'the end is seen')
    browser.run('document.querySelector(".log-box").scrollTop = 0')
    browser.until(lambda: not browser.field('Follow').is_selected(), 'it is not followed any more')
    let_go(kabuto, job, 'go2')
    see_log(browser, 'step 2 line 100\n')
    browser.until(lambda: browser.text('.log-new') == '100 new lines ↓', 'the new lines are counted')
    assert browser.run('return document.querySelector(".log-box").scrollTop') == 0
    browser.click(browser.button('100 new lines'))
    browser.until(lambda: browser.run(at_end), 'the end is seen again')
    let_go(kabuto, job, 'go3')
    eve.wait_job(pipeline, job)
    browser.wait_text('It ended with exit code 0.')
    browser.until(lambda: browser.run(at_end), 'and stays seen')


def test_the_place_in_the_queue_is_kept_up_to_date(kabuto, browser, eve):
    pipeline = eve.pipeline()
    jobs = [eve.job(pipeline, STEPS.format(last=1, lines=1, end='true')) for _ in range(3)]
    eve.submit(pipeline)
    browser.open(f'/ui/job/{jobs[2]}')
    browser.wait_text('Place 2 in its pipeline: 1 job before it')
    let_go(kabuto, jobs[0], 'go1')
    browser.wait_text("Place 1 in its pipeline: 1 of its pipeline's jobs runs")
    browser.click(browser.button('Cancel'))
    browser.wait_text('cancelled by its owner')
    eve.wait_job(pipeline, jobs[1])


def test_a_silent_job_is_told_from_one_that_does_not_run(browser, eve):
    pipeline = eve.pipeline()
    job = eve.job(pipeline, 'sleep 1000')
    browser.open(f'/ui/job/{job}')
    browser.wait_text('The job has not run yet', '#log')
    eve.submit(pipeline)
    browser.wait_text('The job runs. New lines come by themselves.', '#log')
    browser.click(browser.button('Kill'))
    browser.wait_text('Ended: killed by its owner', '#log')


def test_a_kill_is_one_click(browser, eve):
    pipeline, job = steps(eve)
    browser.open(f'/ui/job/{job}')
    see_log(browser, 'begun')
    browser.click(browser.button('Kill'))
    browser.wait_text('It failed: killed by its owner.')
    browser.until(lambda: not browser.has('button', 'Kill'), 'there is nothing to kill')
    assert eve.state(pipeline, job)['error'] == 'killed by its owner'


def test_out_of_memory_is_answered_with_more(browser, eve):
    pipeline, job = eve.begin('x=$(head -c 300000000 /dev/zero | tr "\\0" x)', memory='64m')
    eve.wait_job(pipeline, job)
    browser.open(f'/ui/job/{job}')
    browser.wait_text('out of memory (limit 64 MiB)')
    browser.click(browser.button('Run again with 128 MiB'))
    browser.until(lambda: browser.path != f'/ui/job/{job}', 'the new job is shown')
    again = int(browser.path.rsplit('/', 1)[1])
    browser.wait_text('A new run of')
    assert eve.wait_job(pipeline, again)['memory'] == 128 << 20
    assert eve.state(pipeline, again)['rerun_of'] == job
    browser.open(f'/ui/job/{job}')
    browser.wait_text(f'Job {again}', '.facts')


def test_a_job_that_runs_again_has_its_new_log(kabuto, browser, eve):
    pipeline, job = steps(eve, lines=3)
    browser.open(f'/ui/job/{job}')
    see_log(browser, 'begun')
    let_go(kabuto, job, 'go1')
    browser.wait_text('It ended with exit code 0.')
    eve.submit(pipeline)
    browser.run('document.dispatchEvent(new Event("visibilitychange"))')  # as if it was shown again
    browser.until(lambda: 'step' not in browser.run(TEXT) and 'begun' in browser.run(TEXT), 'the new log')
    let_go(kabuto, job, 'go1')
    browser.wait_text('It ended with exit code 0.')
    assert browser.run(TEXT) == eve.get(f'/execution/{job}/logs?raw').text


def test_attempts_are_shown_together_and_alone(browser, eve):
    pipeline, job = eve.begin('echo "try of $(cat /proc/sys/kernel/random/uuid)"; exit 1', retries=1)
    eve.wait_job(pipeline, job)
    browser.open(f'/ui/job/{job}')
    raws = [eve.get(f'/execution/{job}/logs?raw&attempt={attempt}').text for attempt in (1, 2)]
    browser.until(lambda: browser.run(TEXT) == ''.join(raws), 'both attempts are shown')
    browser.choose('Attempt', 'Attempt 1')
    browser.until(lambda: browser.run(TEXT) == raws[0], 'the first one is shown')


def test_another_accounts_job_is_not_found(kabuto, browser, eve):
    other = kabuto.user()
    _, job = other.begin('true')
    for word in (job, 999999999, 'x', 0, '-1', '1e400'):
        browser.open(f'/ui/job/{word}')
        browser.wait_text(f'Job {word} was not found', 'h1')


@pytest.mark.console('410 (Gone)')
def test_a_removed_log_says_so(kabuto, browser, eve):
    pipeline, job = eve.begin('true')
    eve.wait_job(pipeline, job)
    kabuto.sql(f'UPDATE job SET logs_removed_at = 1000000000000 WHERE id = {job}')
    browser.open(f'/ui/job/{job}')
    browser.wait_text('the logs were removed at 2001', '#log')
    assert not browser.has('button', 'Try again')


def test_what_is_copied_is_the_text(browser, eve):
    pipeline, job = eve.begin('seq 1 1700; echo to stderr >&2')
    eve.wait_job(pipeline, job)
    browser.open(f'/ui/job/{job}')
    raw = eve.get(f'/execution/{job}/logs?raw').text
    browser.until(lambda: browser.run(TEXT) == raw, 'the log is loaded')
    copied = browser.run('getSelection().selectAllChildren(document.querySelector(".log-lines"));'
                         'return getSelection().toString()')
    assert copied.rstrip('\n') == raw.rstrip('\n')


def test_deleting_asks_first(browser, eve):
    pipeline, job = eve.begin('true')
    eve.wait_job(pipeline, job)
    browser.open(f'/ui/job/{job}')
    browser.click(browser.button('Delete'))
    dialog = browser.find('dialog')
    browser.click(browser.button('Cancel', dialog))
    assert eve.state(pipeline, job)
    browser.click(browser.button('Delete'))
    browser.click(browser.button('Delete', browser.find('dialog')))
    browser.until(lambda: browser.path == f'/ui/pipeline/{pipeline}', 'its pipeline is shown')
    assert eve.get(f'/pipeline/{pipeline}/job/{job}').status_code == 404
