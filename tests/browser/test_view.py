"""An HTML result is a program of a stranger. What it tries against the person who looks at it."""
import pytest

from client import expect
from wait import until
from world import view_url

# It writes the outcome of each attempt into the page, under the attempt's name.
HOSTILE = r'''<!doctype html><title>hostile</title><pre id=said></pre><img src="dot.svg" id=dot>
<form id=form method=post action="/pipeline"><input name=name value=stolen></form>
<script>
const said = {};
const say = (name, what) => {
  said[name] = String(what);
  document.getElementById('said').textContent = JSON.stringify(said);
};
const attempt = async (name, act) => {
  try { say(name, await act()); } catch (error) { say(name, 'refused: ' + error.name); }
};
const read = (url, options) => async () => {
  const answer = await fetch(url, options);
  return answer.status + ' ' + await answer.text();
};
(async () => {
  await attempt('own file', read('data.json'));
  await attempt('account', read('/account', { credentials: 'include' }));
  await attempt('account without cors', async () => {
    const answer = await fetch('/account', { mode: 'no-cors', credentials: 'include' });
    return answer.type + ' ' + await answer.text();
  });
  await attempt('post', read('/pipeline', { method: 'POST', credentials: 'include',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 'name=stolen' }));
  await attempt('post without cors', async () => {
    const answer = await fetch('/pipeline', { method: 'POST', mode: 'no-cors',
      credentials: 'include', body: new URLSearchParams({ name: 'stolen' }) });
    return answer.type;
  });
  await attempt('beacon', () => navigator.sendBeacon('/pipeline',
    new URLSearchParams({ name: 'stolen' })));
  await attempt('delete', read('/pipeline/PIPELINE', { method: 'DELETE', credentials: 'include' }));
  await attempt('cookie', () => 'read:' + document.cookie);
  await attempt('local storage', () => 'read:' + localStorage.length);
  await attempt('database', () => new Promise((resolve, reject) => {
    const open = indexedDB.open('x');
    open.onsuccess = () => resolve('opened');
    open.onerror = () => reject(open.error);
  }));
  await attempt('opener', () => window.opener === null ? 'refused: null' : window.opener.location.href);
  await attempt('worker', () => navigator.serviceWorker.register('worker.js').then(() => 'yes'));
  await attempt('pop up', () => window.open('/account') === null ? 'refused: null' : 'opened');
  await attempt('form', () => {
    document.getElementById('form').submit();
    return 'submitted';
  });
  await attempt('frame', () => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.src = '/account';
    frame.onload = () => {
      try {
        resolve('read:' + frame.contentWindow.document.body.textContent);
      } catch (error) {
        resolve('refused: ' + error.name);
      }
    };
    document.body.append(frame);
  }));
  await attempt('top', () => {
    window.top.location.href;
    return 'own page';
  });
  document.title = 'over';
})();
</script>
<script type=module>document.documentElement.dataset.module = 'ran'</script>
'''
MAKE = r'''
cat /inbox/report.html >/outbox/report.html
echo '{"ours": true}' >/outbox/data.json
echo '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>' >/outbox/dot.svg
echo 'self.addEventListener("fetch", () => {})' >/outbox/worker.js
'''


@pytest.fixture(scope='module')
def report(kabuto):
    """Somebody, a pipeline of theirs, and the path of a hostile report among their results."""
    client = kabuto.user()
    pipeline = client.pipeline()
    job = client.job(pipeline, MAKE, image=client.image(), files=[
        ('report.html', HOSTILE.replace('PIPELINE', str(pipeline)).encode())])
    client.submit(pipeline)
    assert client.wait_job(pipeline, job)['state'] == 'done'
    return client, pipeline, view_url(client, pipeline, job)


def outcomes(browser):
    browser.until(lambda: browser.driver.title == 'over', 'the report has tried everything')
    return browser.run('return JSON.parse(document.getElementById("said").textContent)')


@pytest.mark.console('')  # it is full of refusals
def test_a_report_works_but_reaches_nothing_of_its_reader(browser, kabuto, report):
    client, pipeline, path = report
    browser.log_in(client).open(path + 'report.html', ready=False)
    said = outcomes(browser)
    assert '"ours": true' in said.pop('own file')
    assert browser.run('return document.documentElement.dataset.module') == 'ran'
    assert browser.run('return document.getElementById("dot").naturalWidth') == 9
    assert said.pop('top') == 'own page' and said.pop('form') == 'submitted'
    said.pop('beacon')  # it says that it will be sent
    said.pop('post without cors')  # opaque either way: the pipelines tell
    assert said.pop('account without cors') in ('opaque ', 'refused: TypeError')
    assert all(what.startswith('refused') or what.startswith('401') for what in said.values()), said
    names = [one['name'] for one in client.json('/pipeline').values()]
    assert names == ['test'], 'it made or removed a pipeline'
    assert browser.path == path + 'report.html'


@pytest.mark.console('')
def test_no_cookie_goes_with_the_calls_of_a_report(browser, report):
    client, _, path = report
    browser.log_in(client).open(path + 'report.html', ready=False)
    outcomes(browser)
    browser.collect()
    urls = {said['requestId']: said['request']['url'] for method, said in browser.requests
            if method == 'Network.requestWillBeSent'}
    carried = [(urls.get(said['requestId'], ''), said['headers']) for method, said in browser.requests
               if method == 'Network.requestWillBeSentExtraInfo']
    calls = [(url, headers) for url, headers in carried if not url.endswith('/report.html')]
    assert {url.rpartition('/')[2] for url, _ in calls} >= {'data.json', 'account', 'pipeline'}
    assert [url for url, headers in calls if 'cookie' in map(str.lower, headers)] == []


@pytest.mark.console('')
def test_a_report_that_leaves_for_the_dashboard_cannot_read_it(browser, report):
    """It may navigate its own tab; what it leaves for has nothing of it."""
    client, _, path = report
    browser.log_in(client).open(path + 'report.html', ready=False)
    outcomes(browser)
    browser.run('location.href = "/ui/jobs"')
    browser.until(lambda: browser.path.startswith('/ui'), 'the dashboard is there')
    browser.wait_page()
    assert browser.run('return window.opener') is None


def test_the_view_needs_its_token_and_no_session(browser, kabuto, report):
    path = report[2]
    browser.open(path, ready=False)
    browser.wait_text('report.html')
    token = path.split('/')[2]
    other = path.replace(token, token[:-1] + ('a' if token[-1] != 'a' else 'b'))
    expect(kabuto.client().get(other + 'report.html'), 404)


def test_a_report_is_shown_only_as_long_as_its_job_exists(browser, kabuto):
    client = kabuto.user()
    pipeline, job = client.begin('echo "<p>mine</p>" >/outbox/index.html')
    client.wait_job(pipeline, job)
    path = view_url(client, pipeline, job)
    browser.open(path, ready=False)
    browser.wait_text('mine')
    expect(client.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    until(lambda: kabuto.client().get(path).status_code == 404, 'the view is gone')
