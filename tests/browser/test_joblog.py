"""The log on a job's page: all of it, at once, and nothing of it runs."""
import hashlib

import pytest

LINES = 200000
LONG = f"seq 1 {LINES} | sed 's/.*/line & of a log that is as long as logs are, with some words: 0123456789/'"
TEXT = 'return document.querySelector(".log-lines").textContent'
LOADED = 'return document.querySelector(".log-gap").hidden && document.querySelector(".log-text") !== null'
# Milliseconds from the click at a link to the page of the job until the last line is seen.
CLICK = '''
history.replaceState(null, '', '/ui/');
const link = Object.assign(document.createElement('a'), { href: args[0] });
document.body.append(link);
const start = performance.now();
link.click();
for (;;) {
	await new Promise(requestAnimationFrame);
	const box = document.querySelector('.log-box');
	const last = Array.from(document.querySelectorAll('.log-text')).at(-1);
	if (box && last?.textContent.includes(args[1]) &&
		last.getBoundingClientRect().bottom <= box.getBoundingClientRect().bottom + 40) {
		return performance.now() - start;
	}
}'''


@pytest.fixture(scope='module')
def ran(kabuto):
    """ran(command) gives the pipeline and the job that ran it; one account."""
    dora = kabuto.user('dora')

    def run(command, **fields):
        pipeline, job = dora.begin(command, **fields)
        dora.wait_job(pipeline, job)
        return pipeline, job
    run.user = dora
    return run


def open_log(browser, ran, job, fragment=''):
    browser.log_in(ran.user)
    browser.open(f'/ui/job/{job}{fragment}')
    browser.until(lambda: browser.run(LOADED), 'the whole log is loaded')


def raw(ran, job):
    return ran.user.get(f'/execution/{job}/logs?raw').content


def test_a_long_log_shows_its_end_at_once_and_is_found_whole(browser, ran):
    _, job = ran(LONG)
    browser.log_in(ran.user)
    browser.open('/ui/')
    took = browser.run_async(CLICK, f'/ui/job/{job}', f'line {LINES} of')
    print(f'the end of {LINES} lines is seen after {took:.0f} ms')
    browser.until(lambda: browser.run(LOADED), 'the whole log is loaded')
    text = browser.run_async(TEXT)
    assert hashlib.sha256(text.encode()).digest() == hashlib.sha256(raw(ran, job)).digest()
    for line in (LINES // 2, 7, LINES - 7):
        found = browser.run('getSelection().removeAllRanges();'
                            f'return window.find("line {line} of", false, false, true)')
        assert found, f'the browser finds line {line}'
    assert browser.run('return document.querySelectorAll(".log *").length') < 3000
    print('heap:', browser.run('return performance.memory.usedJSHeapSize') >> 20, 'MiB')


def test_the_text_is_what_the_job_printed(browser, ran):
    _, job = ran("printf 'a\\r\\nb\\n\\n\\ttab  two\\nmixed '; sleep 0.2; printf 'err' >&2; sleep 0.2; "
                 "printf ' out\\n'; printf 'no newline at the end'")
    open_log(browser, ran, job)
    assert browser.run(TEXT) == raw(ran, job).decode().replace('\r\n', '\n')
    assert browser.run('return document.querySelectorAll(".log-text .stderr").length') == 1
    assert browser.run('return Array.from(document.querySelectorAll(".log-gutter"), (one) =>'
                       ' one.dataset.lines).join("")').count('!') == 1


HOSTILE = (
    '<script>window.ran = 1</script>', '<img src=x onerror="window.ran = 1">', '\\033]8;;javascript:window.ran=1\\007x',
    '\\033]0;window.ran\\007', '"><svg onload=window.ran=1>', '::group::<b onclick=window.ran=1>', '</pre></span><h1>x',
    '\\033[31;<script>m', '--- <iframe src=javascript:window.ran=1>', '\\000\\001\\002\\377\\376', '\\342\\200\\256abc',
    '\\033]8;;https://x\\042 onclick=window.ran=1\\007link', '&lt;b&gt;', '\\033[2J\\033[H\\033[999A\\033c')


def test_a_hostile_log_runs_nothing(browser, ran):
    _, job = ran('; '.join(f"printf '%b\\n' '{line}'" for line in HOSTILE))
    open_log(browser, ran, job)
    assert browser.run('return window.ran ?? null') is None
    tags = browser.run('return Array.from(new Set(Array.from(document.querySelectorAll(".log *"),'
                       '(one) => one.localName))).sort()')
    assert not {'script', 'img', 'svg', 'iframe', 'b', 'h1'} & set(tags), tags
    assert browser.run('return Array.from(document.querySelectorAll(".log a"), (a) => a.protocol)') in ([], ['https:'])
    assert '<script>window.ran = 1</script>\n' in browser.run(TEXT)


def gutter(browser, row):
    """Where the number of the row of a log of one block is: the element, and the place in it."""
    return browser.find('.log-block .log-gutter'), row * 20 - 10


def click_row(browser, row, shift=False):
    element, y = gutter(browser, row)
    browser.run('''const [gutter, y, shiftKey] = arguments, box = gutter.getBoundingClientRect();
        gutter.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey,
            clientX: box.left + 5, clientY: box.top + y }));''', element, y, shift)


def marked(browser):
    """The first and the last marked row of a log of one block, from 1 on."""
    return browser.run('''const mark = document.querySelector('.log-mark');
        return mark && [parseInt(mark.style.top) / 20 + 1, (parseInt(mark.style.top) + parseInt(mark.style.height)) / 20]''')


def test_rows_have_addresses_that_last(browser, ran):
    _, job = ran('for i in 1 2 3 4 5 6 7 8; do echo "row $i"; done')
    start = raw(ran, job).index(b'row 1')  # after "image pulled"
    first = raw(ran, job)[:start].count(b'\n')
    open_log(browser, ran, job)
    click_row(browser, first + 3)
    assert browser.path == f'/ui/job/{job}#{start + 18}'
    click_row(browser, first + 5, shift=True)
    assert browser.path == f'/ui/job/{job}#{start + 18}-{start + 30}'
    open_log(browser, ran, job, f'#{start + 18}-{start + 30}')
    browser.driver.refresh()
    browser.until(lambda: marked(browser) == [first + 3, first + 5], 'the rows are marked after a reload')


def test_the_row_of_an_address_is_shown_wherever_it_is(browser, ran):
    _, job = ran(LONG)
    id_ = raw(ran, job).index(b'line 5000 of')
    open_log(browser, ran, job, f'#{id_ + 10}')
    browser.until(lambda: browser.run('''const mark = document.querySelector('.log-mark');
        const box = document.querySelector('.log-box').getBoundingClientRect();
        const at = mark?.getBoundingClientRect();
        return Boolean(at) && at.top >= box.top && at.bottom <= box.bottom'''), 'the marked row is seen')


def test_search_leads_from_match_to_match(browser, ran):
    _, job = ran("for i in $(seq 1 300); do echo \"row $i of <many>\"; done; printf '\\033[31mneedle\\033[0m red\\n'; "
                 'seq 1 300; echo Needle; seq 1 300')
    open_log(browser, ran, job)
    browser.fill('Search the log', 'needle')
    browser.until(lambda: browser.text('.log-hits') == '1 of 2 lines', 'two lines are found')
    browser.press('\n')
    browser.until(lambda: browser.text('.log-hits') == '2 of 2 lines', 'Enter goes on')
    browser.press('\n')
    browser.until(lambda: browser.text('.log-hits') == '1 of 2 lines', 'and round')
    assert browser.run('return Array.from(CSS.highlights.get("log-found"), String).join()') == 'needle'
    browser.fill('Search the log', 'of <many>')
    browser.until(lambda: browser.text('.log-hits').endswith('of 300 lines'), '300 lines are found')
    browser.fill('Search the log', 'nowhere')
    browser.until(lambda: browser.text('.log-hits') == 'not found', 'nothing is found')


def test_a_key_leads_to_the_next_error(browser, ran):
    _, job = ran("seq 1 300; printf '\\033[31mred\\033[0m\\n'; seq 1 300; echo 'Traceback (most recent call last):'; seq 1 300")
    open_log(browser, ran, job)
    places = []
    for _ in range(3):
        browser.press('e')
        browser.until(lambda: browser.path not in places[-1:], 'the address names the next one')
        places.append(browser.path)
    text = raw(ran, job)
    ends = [text.index(b'\n', text.index(word)) + 1 for word in (b'red', b'Traceback')]
    assert places == [f'/ui/job/{job}#{end}' for end in (*ends, ends[0])]


def test_groups_are_closed_unless_they_have_errors(browser, ran):
    _, job = ran("echo '::group::one'; seq 1 5; echo '::endgroup::'; echo between; echo '--- two'; seq 1 5; "
                 "printf '\\033[31mbad\\033[0m\\n'; echo '+++ three'; seq 1 3; echo '--- four'; seq 1 3; echo '--- last'; echo x")
    open_log(browser, ran, job)
    groups = browser.run('return Array.from(document.querySelectorAll(".log-group"), (one) => ['
                         ' one.querySelector("summary .log-text").textContent, one.open,'
                         ' one.querySelector("summary").dataset.errors ?? ""])')
    assert groups == [['::group::one\n', False, ''], ['--- two\n', True, '1 error line'], ['+++ three\n', True, ''],
                      ['--- four\n', False, ''], ['--- last\n', True, '']]
    assert browser.run(TEXT) == raw(ran, job).replace(b'\x1b[31m', b'').replace(b'\x1b[0m', b'').decode()


def test_rows_that_wrap_keep_their_numbers(browser, ran):
    _, job = ran("echo short; head -c 3000 /dev/zero | tr '\\0' x; echo; echo end")
    open_log(browser, ran, job)
    if not browser.run('return document.querySelector(".log").classList.contains("wrap")'):
        browser.press('w')
    heights = browser.until(lambda: browser.run('''
        const gutter = document.querySelector('.log-block .log-gutter'), text = gutter.nextElementSibling;
        const lines = gutter.dataset.lines.split('\\n').length - 1;
        return lines > 6 && lines * 20 === text.getBoundingClientRect().height ? lines : null'''), 'the gutter is as high')
    assert heights > 6
