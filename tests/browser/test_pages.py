"""Each page in both colour schemes, on a wide and on a narrow screen, with and without content."""
import json
import pathlib

import pytest

PAGES = ('start', 'jobs', 'failed jobs', 'no jobs', 'job done', 'job failed', 'job ready',
         'pipelines', 'pipeline', 'images', 'image', 'build', 'failed build', 'new',
         'new from a job', 'account')
OPEN_PAGES = ('/ui/login', '/ui/register', '/ui/confirm/nobody/none')
EMPTY_PAGES = ('/ui/jobs', '/ui/pipelines', '/ui/images', '/ui/new', '/ui/account')
GONE_PAGES = ('/ui/job/999999', '/ui/pipeline/999999', '/ui/image/999999', '/ui/build/999999',
              '/ui/nothing/here')
SCHEMES = ('light', 'dark')
# Without preload: axe-core would read the style sheets anew.
AXE = '''
const result = await axe.run(document, { resultTypes: ['violations'], preload: false });
return result.violations.map((found) => ({ impact: found.impact, rule: found.id, help: found.help,
	nodes: found.nodes.slice(0, 5).map((node) => node.html.slice(0, 300) + ' | ' +
		(node.any[0]?.message ?? '')) }));
'''
WIDE = '''
const room = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= room) {
	return [];
}
const scrolls = (element) => {
	for (let one = element.parentElement; one && one !== document.body; one = one.parentElement) {
		if (getComputedStyle(one).overflowX !== 'visible') {
			return true;
		}
	}
	return false;
};
return Array.from(document.body.querySelectorAll('*'))
	.filter((one) => one.getBoundingClientRect().right > room + 1 && !scrolls(one))
	.map((one) => one.outerHTML.slice(0, 200)).concat(['the page scrolls sideways']);
'''


@pytest.fixture(scope='session')
def axe(request):
    path = request.config.getoption('--axe')
    if not path:
        pytest.exit('give --axe FILE: axe.min.js of axe-core (tests/run fetches it)', 2)
    return pathlib.Path(path).read_text(encoding='utf-8')


def serious(browser, axe):
    """What axe-core finds that hinders people seriously."""
    browser.run(axe)
    return [found for found in browser.run_async(AXE) if found['impact'] in ('serious', 'critical')]


@pytest.fixture
def check(request, browser, axe):
    """check(path, name) opens the page in each form; the picture goes to --pictures, if given."""
    pictures = request.config.getoption('--pictures')

    def look(path, name):
        problems = {}
        for scheme in SCHEMES:
            browser.scheme(scheme)
            browser.width(1280, 900)
            browser.open(path).settle()
            assert browser.text('main').strip(), f'{path} shows nothing'
            assert browser.driver.title not in ('', 'Kabuto', 'Kabuto · Kabuto'), f'{path} has no title'
            problems[f'axe, {scheme}'] = serious(browser, axe)
            take(name, scheme, 1280)
            browser.width(360, 740)
            problems[f'360 px, {scheme}'] = browser.run(WIDE)
            take(name, scheme, 360)
        found = {where: what for where, what in problems.items() if what}
        if found:
            pytest.fail(json.dumps(found, indent=1), pytrace=False)

    def take(name, scheme, width):
        if pictures:
            pathlib.Path(pictures).mkdir(parents=True, exist_ok=True)
            name = name.strip('/').replace('/', '-').replace(' ', '-')
            browser.screenshot(f'{pictures}/{name}-{scheme}-{width}.png')
    return look


@pytest.mark.parametrize('page', PAGES)
def test_each_page_is_sound(browser, world, check, page):
    browser.log_in(world.client)
    check(world.path(page), page)


def test_the_page_of_admins_is_sound(browser, world, check):
    browser.log_in(world.admin)
    check(world.path('admin'), 'admin')


@pytest.mark.console('status of 404')
@pytest.mark.parametrize('path', OPEN_PAGES)
def test_each_page_without_a_session_is_sound(check, path):
    check(path, path)


@pytest.mark.parametrize('path', EMPTY_PAGES)
def test_each_page_of_a_new_account_is_sound(browser, nobody_yet, check, path):
    """It says what to do first."""
    browser.log_in(nobody_yet)
    check(path, 'empty' + path)


@pytest.mark.console('status of 404')
@pytest.mark.parametrize('path', GONE_PAGES)
def test_a_page_of_what_is_not_there_says_so(browser, nobody_yet, check, path):
    browser.log_in(nobody_yet)
    check(path, 'gone' + path)
    assert 'not' in browser.text('main') or 'no ' in browser.text('main')


@pytest.mark.console('status of 404')
@pytest.mark.parametrize('page', ('job done', 'pipeline', 'image', 'build'))
def test_what_another_account_has_is_not_found(browser, world, nobody_yet, page):
    browser.log_in(nobody_yet).open(world.path(page)).settle()
    mine = browser.text('main')
    browser.open('/'.join(world.path(page).split('/')[:-1]) + '/999999').settle()
    assert mine.replace(world.path(page).split('/')[-1], '999999') == browser.text('main')
    for secret in ('count cities', 'Analyses', 'tools', 'GREETING'):
        assert secret not in mine


@pytest.mark.console('status of 401')
@pytest.mark.parametrize('page', ('pipelines', 'job done', 'new', 'account'))
def test_without_a_session_each_page_leads_to_the_login_and_back(browser, world, page):
    browser.open(world.path(page))
    browser.until(lambda: browser.path.startswith('/ui/login?to='), 'the login page comes')
    browser.fill('Login', 'analyst')
    browser.fill('Password', 'SecreT')
    browser.click(browser.button('Log in', browser.find('main')))
    browser.until(lambda: browser.path == world.path(page), 'the page comes after the login')
    browser.wait_page()
