"""What the other tests rely on: the browser refuses and reports what no page may do."""
import pytest


@pytest.fixture
def empty(module, chromium):
    """An empty page under the dashboard's Content-Security-Policy, and what the browser says."""
    module('none.js')
    return chromium


def seen(browser):
    """The problems so far, forgotten."""
    browser.collect()
    problems = browser.problems()
    browser.requests, browser.messages = [], []
    return problems


def test_a_foreign_host_is_not_reached_and_reported(empty):
    empty.run('document.body.append(Object.assign(document.createElement("a"),'
              '{ href: "http://203.0.113.7/", id: "away" })); document.getElementById("away").click()')
    empty.until(lambda: any('203.0.113.7' in url for url in empty.requested()), 'it is requested')
    assert [x for x in seen(empty) if '203.0.113.7' in x]


@pytest.mark.parametrize('script', (
    'document.body.setAttribute("onclick", "window.ran = 1")',
    'document.body.append(Object.assign(document.createElement("script"), { textContent: "1" }))',
    'document.body.append(Object.assign(document.createElement("img"), { src: "http://x.test/" }))',
    'console.error("broken")',
    'setTimeout(() => { throw new Error("broken"); })',
    'Promise.reject(new Error("broken"))'))
def test_errors_and_refusals_of_the_policy_are_reported(empty, script):
    empty.run(script)
    assert empty.until(lambda: seen(empty), 'a problem is reported')
