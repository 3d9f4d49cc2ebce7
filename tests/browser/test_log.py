"""The log of a job's page: all of it, whatever its size, its content, and whoever dies meanwhile."""
import hashlib

import pytest

from client import WAIT, expect

LINES = 200_000
MANY = f'seq 1 {LINES} | sed "s/^/line number /"'
# Some 20 lines at a time, so that it takes a while; the number of lines is what counts.
SLOW_LINES = 6_000
SLOW = (f'i=0; while [ $i -lt {SLOW_LINES} ]; do i=$((i + 1)); '
        'echo "line number $i of a log with \\033[1;34mcolours\\033[0m"; '
        '[ $((i % 20)) != 0 ] || usleep 20000; done')
# The text of the log as the page has it: of all blocks, in their order, without the gutter.
TEXT = "Array.from(document.querySelectorAll('.log-body .log-text'), (one) => one.textContent)"


def plain(raw):
    return raw.replace('\x1b[1;34m', '').replace('\x1b[0m', '')


def raw_of(client, job):
    client.kabuto.wait_healthy()
    return expect(client.get(f'/execution/{job}/logs?raw'), 200).text


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def shown_text(browser):
    return browser.run(f'return {TEXT}.join("")')


def wait_whole(browser, raw, seconds=60):
    """Waits until the page has as many characters as the log."""
    browser.until(lambda: browser.run(f'return {TEXT}.join("").length') >= len(raw),
                  'all of the log is there', seconds)


def assert_same(shown, raw):
    """Compares them without a diff of megabytes."""
    if shown != raw:
        at = next((i for i, (a, b) in enumerate(zip(shown, raw)) if a != b),
                  min(len(shown), len(raw)))
        raise AssertionError(f'{len(shown)} characters are shown and {len(raw)} were printed; from '
                             f'{at}: {shown[at - 80:at + 80]!r} instead of {raw[at - 80:at + 80]!r}')
    assert digest(shown) == digest(raw)


@pytest.fixture(scope='module')
def long_log(kabuto):
    """Somebody, and a job of theirs with 200,000 lines."""
    client = kabuto.user()
    pipeline, job = client.begin(MANY)
    assert client.wait_job(pipeline, job)['state'] == 'done'
    return client, job


@pytest.mark.limit(300)
def test_the_end_of_a_long_log_is_shown_before_the_rest_is_loaded(browser, long_log):
    client, job = long_log
    browser.log_in(client).open(f'/ui/job/{job}')
    browser.until(lambda: f'line number {LINES}\n' in browser.run(
        'return Array.from(document.querySelectorAll(".log-body .log-text")).at(-1)?.textContent '
        '?? ""'), 'the end is there')
    seen = browser.run('''
        const room = document.querySelector('.log-body').getBoundingClientRect();
        return room.bottom <= innerHeight + 100 ||
            document.querySelector('.log-body').parentElement.scrollTop > 0;''')
    assert seen, 'the end is not in sight'
    browser.settle()
    logs = [url for url in browser.requested() if f'/execution/{job}/logs' in url]
    assert 'tail=' in logs[0], logs


@pytest.mark.limit(300)
def test_a_long_log_is_whole_and_the_browser_finds_words_in_all_of_it(browser, long_log):
    client, job = long_log
    browser.log_in(client).open(f'/ui/job/{job}')
    raw = raw_of(client, job)
    wait_whole(browser, raw, 120)
    assert_same(shown_text(browser), raw)
    for number in (1, LINES // 2, LINES - 1):
        browser.run('getSelection().removeAllRanges(); getSelection().collapse(document.body, 0)')
        assert browser.run('return window.find(arguments[0], true)', f'line number {number}\n'.strip())
        assert browser.run('return String(getSelection())') == f'line number {number}'


@pytest.mark.limit(300)
@pytest.mark.console('net::ERR')
@pytest.mark.console('status of 503')
@pytest.mark.console('status of 502')
def test_reloads_and_killed_processes_leave_no_gap(browser, own):
    kabuto = own()
    browser.reset(kabuto.url)
    client = kabuto.user()
    pipeline, job = client.begin(SLOW)
    browser.log_in(client).open(f'/ui/job/{job}')

    def reached():
        return browser.run(f'return {TEXT}.join("").split("\\n").length')
    kills = 0
    while client.state(pipeline, job)['state'] in ('in_queue', 'running') and kills < 20:
        before = reached()
        browser.until(lambda: reached() > before + 20 or
                      client.state(pipeline, job)['state'] == 'done', 'the log goes on', 60)
        kabuto['follow'].kill()
        kabuto['follow'].start()
        kills += 1
        if kills % 4 == 0:
            browser.reload()
    assert kills >= 3, 'the job was over too early'
    assert client.wait_job(pipeline, job)['state'] == 'done'
    raw = plain(raw_of(client, job))
    assert raw.count('\n') == SLOW_LINES
    wait_whole(browser, raw)
    browser.until(lambda: 'done' in browser.text('main .badge'), 'the end is shown')
    assert_same(shown_text(browser), raw)
    browser.reload()
    wait_whole(browser, raw)
    assert_same(shown_text(browser), raw)


def test_lines_come_while_the_job_runs(browser, kabuto):
    client = kabuto.user()
    pipeline, job = client.begin(f'echo the first; echo a warning >&2; {WAIT}; echo the last')
    browser.log_in(client).open(f'/ui/job/{job}')
    browser.until(lambda: 'the first' in shown_text(browser), 'the first line is there')
    kabuto.let_go(job)
    browser.until(lambda: 'the last' in shown_text(browser), 'the last line is there')
    client.wait_job(pipeline, job)
    assert_same(''.join(sorted(shown_text(browser).splitlines(True))),
                ''.join(sorted(raw_of(client, job).splitlines(True))))


def test_a_link_to_lines_shows_them_again(browser, long_log):
    client, job = long_log
    line = client.log(job, LINES, limit=1)[0]  # an id in the first part of the log
    line = client.log(job, line['id'], limit=1)[0]
    browser.log_in(client).open(f'/ui/job/{job}#{line["id"]}')
    browser.until(lambda: browser.run('''
        const [words] = arguments;
        const block = Array.from(document.querySelectorAll('.log-body .log-text'))
            .find((one) => one.textContent.includes(words));
        if (!block) {
            return false;
        }
        const box = block.getBoundingClientRect();
        return box.top < innerHeight && box.bottom > 0;''', line['logline'] + '\n'),
        'the line is in sight', 60)
    assert browser.path.endswith(f'#{line["id"]}')
