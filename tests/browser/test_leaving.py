"""A page that was left does nothing more: no timer, stream or late answer of it is felt."""

ROUNDS = 9  # of six pages
INTERVALS = '''
window.intervals = new Set();
const { setInterval: set, clearInterval: clear } = window;
window.setInterval = (...args) => { const id = set(...args); window.intervals.add(id); return id; };
window.clearInterval = (id) => { window.intervals.delete(id); clear(id); };
'''
# Answers to calls with this method wait until window.letGo() is called.
HOLD = '''
const real = window.fetch;
const held = new Promise((resolve) => { window.letGo = resolve; });
window.fetch = async (path, options) => {
	const answer = await real(path, options);
	if (options?.method === arguments[0]) {
		await held;
		window.wasHeld = true;
	}
	return answer;
};
'''


def go(browser, href, text):
    """Presses a link. By script, since the driver keeps each element that it has found."""
    browser.run('document.querySelector(`a[href="${arguments[0]}"]`).click()', href)
    browser.until(lambda: text in browser.run('return document.querySelector("main").textContent'),
                  f'{href} is shown')


def test_typing_in_a_filter_does_not_change_the_address_of_the_next_page(browser, kabuto):
    client = kabuto.user()
    client.job(client.pipeline(), 'true')
    for page, name, other in (('/ui/jobs', 'Filter by name', '/ui/pipelines'),
                              ('/ui/pipelines', 'Filter by name', '/ui/jobs'),
                              ('/ui/images', 'Filter by name', '/ui/jobs')):
        browser.log_in(client).open(page).settle()
        browser.field(name)
        browser.run_async('''
            const field = document.querySelector('main input[type=search]');
            field.value = 'wind';
            field.dispatchEvent(new Event('input', { bubbles: true }));
            document.querySelector(`#bar a[href="${args[0]}"]`).click();
            await new Promise((done) => setTimeout(done, 300)); // later than the field's timer
        ''', other)
        browser.settle()
        assert browser.path == other


def test_an_answer_that_comes_late_does_not_take_the_reader_away(browser, kabuto):
    client = kabuto.user()
    pipeline = client.pipeline('to be deleted')
    browser.log_in(client).open(f'/ui/pipeline/{pipeline}').settle()
    browser.run(HOLD, 'DELETE')
    browser.click(browser.button('Delete'))
    browser.click(browser.button('Delete', browser.find('dialog')))
    go(browser, '/ui/images', 'No images yet')
    browser.run('window.letGo()')
    browser.until(lambda: browser.run('return window.wasHeld'), 'the answer has come')
    browser.run_async('await new Promise(requestAnimationFrame)')
    assert browser.path == '/ui/images'
    assert browser.text('main h1') == 'Images'


def test_fifty_pages_leave_no_timer_stream_or_listener_behind(browser, world):
    added = browser.cdp('Page.addScriptToEvaluateOnNewDocument', source=INTERVALS)['identifier']
    try:
        browser.log_in(world.client).open(world.path('job done')).settle()
        counts = []
        for _ in range(ROUNDS):
            for href, text in ((world.path('pipelines'), 'Analyses of the year'),
                               (world.path('pipeline'), 'at a time'),
                               ('/ui/images', 'Last builds'), ('/ui/new', 'Limits'),
                               ('/ui/jobs', 'count cities'), (world.path('job done'), 'cities.csv')):
                go(browser, href, text)
                browser.settle()
            browser.cdp('HeapProfiler.collectGarbage')
            counters = browser.cdp('Memory.getDOMCounters')
            counts.append((browser.run('return window.intervals.size'),
                           counters['jsEventListeners'], counters['nodes'],
                           len(under_way(browser, '/events'))))
        first, last = counts[2], counts[-1]
        assert last[0] == first[0], f'timers: {counts}'
        assert last[1] <= first[1] + 10, f'listeners: {counts}'
        assert last[2] <= first[2] * 1.2, f'nodes: {counts}'
        assert last[3] == 0, f'streams: {counts}'
    finally:
        browser.cdp('Page.removeScriptToEvaluateOnNewDocument', identifier=added)


def under_way(browser, part):
    """The ids of the calls under way whose URLs have this part."""
    calls = set()
    for method, said in browser.collect().requests:
        if method == 'Network.requestWillBeSent' and part in said['request']['url']:
            calls.add(said['requestId'])
        elif method in ('Network.loadingFinished', 'Network.loadingFailed'):
            calls.discard(said['requestId'])
    return calls


def test_a_hidden_page_of_a_build_holds_no_connection(browser, kabuto):
    """A browser has six to a host: hidden pages that wait would keep them from the others."""
    client = kabuto.user()
    build = client.build('FROM busybox\nRUN sleep 600\n')
    try:
        browser.log_in(client).open(f'/ui/build/{build}')
        browser.wait_text('Waiting for more')
        browser.until(lambda: waiting(browser), 'the page waits for more')
        with browser.other_tab('/ui/jobs'):
            # Much less than the 25 s that the call would take.
            browser.until(lambda: not waiting(browser), 'the hidden page waits no more', seconds=10)
        browser.until(lambda: waiting(browser), 'the page waits again')
    finally:
        client.call('DELETE', f'/image/build/{build}')
        client.wait_build(build, 'FAILED')


def waiting(browser):
    """The calls under way that wait for more of a build's output."""
    return under_way(browser, 'output_after=')
