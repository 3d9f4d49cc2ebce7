"""Debian's Chromium without a window, and what a person does and sees in it."""
import contextlib
import json
import pathlib

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from wait import until

FLAGS = (
    '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-default-apps',
    '--disable-extensions', '--disable-sync', '--mute-audio', '--lang=en', '--window-size=1280,900',
    # All hosts but loopback have a proxy that nobody listens on, so that nothing leaves the machine.
    '--proxy-server=http://127.0.0.1:9')
MOST_TABS = 200  # presses of the tab key to reach any element of a page

# The name that a person sees or hears of an element. <label>, aria-label and text are all we use.
NAME_OF = '''
function nameOf(element) {
	const labels = Array.from(element.labels ?? [], (label) => label.textContent);
	const ids = (element.getAttribute('aria-labelledby') ?? '').split(' ').filter(Boolean);
	const by = ids.map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
	const text = by || element.getAttribute('aria-label') || labels.join(' ') ||
		element.textContent || element.value || element.title || '';
	return text.replace(/\\s+/g, ' ').trim();
}
function isShown(element) {
	return element.checkVisibility({ visibilityProperty: true });
}
'''
FIND = NAME_OF + '''
const [selector, name, within] = arguments;
const found = Array.from((within ?? document).querySelectorAll(selector)).filter(isShown);
const wanted = name.toLowerCase();
return found.find((element) => nameOf(element).toLowerCase() === wanted) ??
	found.find((element) => nameOf(element).toLowerCase().startsWith(wanted)) ?? null;
'''
FOCUSED = NAME_OF + '''
const element = document.activeElement;
return element && element !== document.body ? [nameOf(element), element.localName] : ['', 'body'];
'''
BUTTON = 'button, [role=button], input[type=submit], summary'
FIELD = 'input, select, textarea'


class Browser:
    """One Chromium. reset() makes it as new; problems() says what no page may do."""

    def __init__(self, folder):
        options = Options()
        options.binary_location = '/usr/bin/chromium'
        for flag in (*FLAGS, f'--user-data-dir={folder}/profile'):
            options.add_argument(flag)
        options.add_experimental_option('prefs', {
            'download.default_directory': f'{folder}/downloads', 'download.prompt_for_download': False})
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        options.set_capability('unhandledPromptBehavior', 'ignore')
        self.downloads = pathlib.Path(folder) / 'downloads'
        self.driver = Chrome(options=options, service=Service(
            '/usr/bin/chromedriver', log_path=f'{folder}/chromedriver.log'))
        self.driver.set_script_timeout(60)
        self.url, self.requests, self.messages, self.choosers = None, [], [], []

    def quit(self):
        self.driver.quit()

    def cdp(self, method, **parameters):
        """A call of the Chrome DevTools Protocol."""
        return self.driver.execute_cdp_cmd(method, parameters)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def run_async(self, body, *arguments):
        """Runs the body of an async function of `args`, and gives what it returns."""
        answer = self.driver.execute_async_script(
            'const done = arguments[arguments.length - 1];'
            'const args = Array.prototype.slice.call(arguments, 0, -1);'
            f'(async () => {{ {body} }})().then((value) => done([value]),'
            '(error) => done([null, String(error?.stack ?? error)]));', *arguments)
        assert len(answer) == 1, answer[1]
        return answer[0]

    def reset(self, url):
        """One empty window without cookies and storage, whose paths begin at this URL."""
        self.close_others()
        self.driver.get('about:blank')
        self.url = url
        self.cdp('Network.clearBrowserCookies')
        self.cdp('Storage.clearDataForOrigin', origin=url, storageTypes='all')
        self.cdp('Emulation.clearDeviceMetricsOverride')
        self.scheme('light')
        self.driver.get_log('browser')
        self.driver.get_log('performance')
        self.requests, self.messages, self.choosers = [], [], []

    def close_others(self):
        first, *others = self.driver.window_handles
        for other in others:
            self.driver.switch_to.window(other)
            self.driver.close()
        self.driver.switch_to.window(first)

    # What it looks like

    def scheme(self, name):
        """The colour scheme that the person prefers: light or dark."""
        self.cdp('Emulation.setEmulatedMedia',
                 features=[{'name': 'prefers-color-scheme', 'value': name}])

    def width(self, pixels, height=800):
        self.cdp('Emulation.setDeviceMetricsOverride', width=pixels, height=height,
                 deviceScaleFactor=1, mobile=False)

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    # Going somewhere

    def open(self, path, ready=True):
        """Opens a page; waits until the page says that it is complete."""
        self.driver.get(self.url + path)
        while 'A network change was detected' in self.text():  # an engine has made a network
            self.driver.get(self.url + path)
        if ready:
            self.wait_page()
        return self

    def wait_page(self):
        """Until the page's module has drawn it."""
        self.until(lambda: self.run('return document.readyState === "complete" &&'
                                    '!!document.querySelector("main :is(h1, h2, form, [role=alert])")'),
                   'the page is drawn')

    def under_way(self):
        """The URLs of the calls without an answer, but for the streams, which stay open."""
        calls = {}
        for method, said in self.collect().requests:
            if method == 'Network.requestWillBeSent':
                calls[said['requestId']] = said['request']['url']
            elif method in ('Network.loadingFinished', 'Network.loadingFailed'):
                calls.pop(said['requestId'], None)
        return [url for url in calls.values()
                if not url.split('?')[0].endswith('/events') and 'wait=' not in url]

    def settle(self):
        """Waits until all calls have their answers."""
        try:
            self.until(lambda: not self.under_way(), 'all calls have their answers')
        except AssertionError as error:
            raise AssertionError(f'{error}\nunder way: {self.under_way()}') from None
        return self

    def reload(self):
        self.driver.refresh()
        self.wait_page()

    @property
    def path(self):
        """Path, query and fragment of the address."""
        return self.driver.current_url.removeprefix(self.url)

    def log_in(self, client):
        """Gives the browser the session of a client of the API."""
        for cookie in client.session.cookies:
            self.cdp('Network.setCookie', url=self.url, name=cookie.name, value=cookie.value,
                     httpOnly=True, sameSite='Lax')
        return self

    @contextlib.contextmanager
    def other_tab(self, path='about:blank'):
        """A new tab for the time of the block."""
        before = self.driver.current_window_handle
        self.driver.switch_to.new_window('tab')
        if path != 'about:blank':
            self.open(path)
        try:
            yield self
        finally:
            self.driver.close()
            self.driver.switch_to.window(before)

    def wait_new_tab(self, before):
        """Switches to the tab that was opened since the handles `before` were taken."""
        new = self.until(lambda: set(self.driver.window_handles) - set(before), 'a new tab opens')
        self.driver.switch_to.window(new.pop())

    # Waiting and finding

    def until(self, condition, what, seconds=30):
        """Waits until the condition holds, whatever happens to its elements meanwhile."""
        def holds():
            try:
                return condition()
            except (StaleElementReferenceException, NoSuchElementException):
                return None
        try:
            return until(holds, what, seconds)
        except AssertionError as error:
            raise AssertionError(f'{error}; {self.path} shows:\n{self.text()[:3000]}') from None

    def text(self, selector='body'):
        """What a person can read there."""
        return self.run('return document.querySelector(arguments[0])?.innerText ?? ""', selector)

    def wait_text(self, text, selector='body', seconds=30):
        self.until(lambda: text in self.text(selector), f'{text!r} in {selector}', seconds)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def find(self, selector, seconds=30):
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector),
                          f'there is {selector}', seconds)

    def named(self, selector, name, within=None):
        """The shown element with that name (its beginning, in any case), when it is there."""
        return self.until(lambda: self.run(FIND, selector, name, within), f'{selector} {name!r}')

    def has(self, selector, name):
        return self.run(FIND, selector, name, None) is not None

    def button(self, name, within=None):
        return self.named(BUTTON, name, within)

    def link(self, name, within=None):
        return self.named('a[href]', name, within)

    def field(self, name, within=None):
        return self.named(FIELD, name, within)

    # Mouse

    def click(self, element):
        ActionChains(self.driver).move_to_element(element).click().perform()

    def fill(self, name, text):
        field = self.field(name)
        field.clear()
        field.send_keys(text)

    def choose(self, name, option):
        """Chooses what begins with these words in a <select>."""
        self.run('const [field, words] = arguments;'
                 'field.value = Array.from(field.options).find((one) =>'
                 '  one.textContent.trim().startsWith(words)).value;'
                 'field.dispatchEvent(new Event("input", { bubbles: true }));'
                 'field.dispatchEvent(new Event("change", { bubbles: true }));',
                 self.field(name), option)

    def drop(self, element, *paths):
        """Drags files or folders of this machine onto an element, as from a file manager."""
        self.run('arguments[0].scrollIntoView({ block: "center", behavior: "instant" })', element)
        x, y = self.run('const box = arguments[0].getBoundingClientRect();'
                        'return [box.x + box.width / 2, box.y + box.height / 2];', element)
        data = {'items': [], 'files': [str(path) for path in paths], 'dragOperationsMask': 1}
        for kind in ('dragEnter', 'dragOver', 'drop'):
            self.cdp('Input.dispatchDragEvent', type=kind, x=x, y=y, data=data)

    def choose_files(self, act, *paths):
        """Chooses files in the dialog that opens when act() presses or clicks something."""
        self.cdp('Page.enable')
        self.cdp('Page.setInterceptFileChooserDialog', enabled=True)
        act()
        chooser = self.until(lambda: self.collect().choosers, 'the dialog for files opens').pop()
        self.cdp('DOM.setFileInputFiles', files=[str(path) for path in paths], backendNodeId=chooser)
        self.cdp('Page.setInterceptFileChooserDialog', enabled=False)

    # Keyboard

    def press(self, *keys):
        """Presses keys, whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def select_all(self):
        chain = ActionChains(self.driver)
        chain.key_down(Keys.CONTROL).send_keys('a').key_up(Keys.CONTROL).perform()

    def type(self, text):
        """Types a text into what has the focus."""
        self.driver.switch_to.active_element.send_keys(text)

    def focused(self):
        """Name and tag of what has the focus."""
        return self.run(FOCUSED)

    def tab_to(self, name, *tags):
        """Presses the tab key until what has that name has the focus."""
        met = []
        for _ in range(MOST_TABS):
            self.press(Keys.TAB)
            met.append(self.focused())
            if met[-1][1] == 'textarea' and met[-1:] == met[-2:-1]:
                self.press(Keys.ESCAPE)  # the tab key writes a tab there
            if met[-1][0].lower().startswith(name.lower()) and (not tags or met[-1][1] in tags):
                return self.driver.switch_to.active_element
        raise AssertionError(f'the tab key does not reach {name!r}; it went over {met[:60]}')

    # What it has done

    def collect(self):
        """Reads the logs of Chromium into self.requests and self.messages."""
        self.messages += self.driver.get_log('browser')
        for entry in self.driver.get_log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'].startswith('Network.'):
                self.requests.append((message['method'], message['params']))
            elif message['method'] == 'Page.fileChooserOpened':
                self.choosers.append(message['params']['backendNodeId'])
        return self

    def requested(self):
        """The URLs of all requests so far, in their order."""
        self.collect()
        return [parameters['request']['url'] for method, parameters in self.requests
                if method == 'Network.requestWillBeSent']

    def problems(self, allowed=()):
        """Errors of the console, refusals of the CSP among them, and requests of other hosts."""
        foreign = [f'request of {url}' for url in self.requested()
                   if not url.startswith((self.url + '/', 'data:', 'blob:', 'about:', 'chrome:'))]
        errors = [entry['message'] for entry in self.messages
                  if entry['level'] in ('SEVERE', 'WARNING')]
        return foreign + [text for text in errors if not any(word in text for word in allowed)]
