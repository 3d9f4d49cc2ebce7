"""What a log's page asks the server for, and that it loses nothing whoever dies meanwhile."""
import hashlib

import pytest

from client import expect

LINES = 30_000
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


def wait_whole(browser, raw):
    """Waits until the page has as many characters as the log."""
    browser.until(lambda: browser.run(f'return {TEXT}.join("").length') >= len(raw),
                  'all of the log is there', 60)


def assert_same(shown, raw):
    """Compares them without a diff of megabytes."""
    if shown != raw:
        at = next((i for i, (a, b) in enumerate(zip(shown, raw)) if a != b),
                  min(len(shown), len(raw)))
        raise AssertionError(f'{len(shown)} characters are shown and {len(raw)} were printed; from '
                             f'{at}: {shown[at - 80:at + 80]!r} instead of {raw[at - 80:at + 80]!r}')
    assert digest(shown) == digest(raw)


def test_the_end_of_a_long_log_is_asked_for_before_the_rest(browser, kabuto):
    client = kabuto.user()
    pipeline, job = client.begin(MANY)
    client.wait_job(pipeline, job)
    browser.log_in(client).open(f'/ui/job/{job}').settle()
    browser.until(lambda: shown_text(browser).endswith(f'line number {LINES}\n'), 'the end is there')
    wait_whole(browser, raw_of(client, job))
    first, *rest = [url for url in browser.requested() if f'/execution/{job}/logs' in url]
    assert 'tail=' in first and rest and not [url for url in rest if 'tail=' in url]


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
