"""Two ways to do the same on a page: with the mouse, and with the keyboard alone."""
from selenium.webdriver.common.keys import Keys


class Mouse:
    """Clicks what it sees. Files are dropped."""

    def __init__(self, browser):
        self.browser = browser

    def follow(self, name):
        self.browser.click(self.browser.link(name))

    def press(self, name):
        self.browser.click(self.browser.button(name))

    def enter(self, label, text):
        field = self.browser.field(label)
        self.browser.click(field)
        field.clear()
        field.send_keys(text)

    def pick(self, label, name):
        """Finds one of many in a field with a list."""
        self.enter(label, name)
        self.browser.click(self.browser.named('[role=option]', name))

    def add_folder(self, folder):
        self.browser.drop(self.browser.find('main form'), folder)

    def go(self, page):
        self.follow(page)


class Keyboard:
    """Never looks for the mouse. What the tab key does not reach is not there."""

    def __init__(self, browser):
        self.browser = browser

    def follow(self, name):
        self.browser.link(name)  # once it is there
        self.browser.tab_to(name, 'a')
        self.browser.press(Keys.ENTER)

    def press(self, name):
        self.browser.button(name)
        self.browser.tab_to(name, 'button', 'summary')
        self.browser.press(Keys.ENTER)

    def enter(self, label, text):
        self.browser.field(label)
        self.browser.tab_to(label, 'input', 'textarea', 'select')
        self.browser.select_all()
        self.browser.type(text)

    def pick(self, label, name):
        self.enter(label, name)
        self.browser.named('[role=option]', name)
        self.browser.press(Keys.ARROW_DOWN)
        self.browser.press(Keys.ENTER)

    def add_folder(self, folder):
        self.browser.button('Choose a folder')
        self.browser.tab_to('Choose a folder', 'button')
        self.browser.choose_files(lambda: self.browser.press(Keys.ENTER), folder)

    def go(self, page):
        """By the keys `g` and the page's first letter."""
        if self.browser.focused()[1] in ('input', 'textarea', 'select'):
            self.browser.press(Keys.ESCAPE)
        self.browser.press('g', page[0].lower())
