"""The whole main job as a new user: from the registration to the results, and once more."""
import re

import pytest

from hands import Keyboard, Mouse
from test_mail import certificate, password_file, server, settings  # noqa: F401 fixtures

DOCKERFILE = 'FROM busybox\nRUN echo made of two lines\n'
COMMAND = ('echo "reading $(ls /inbox/data | wc -l) files"; cat /inbox/data/*.csv | sort -r '
           '>/outbox/sorted.csv; echo it is over')
PASSWORD = 'correct horse'


@pytest.fixture
def data(tmp_path):
    """A folder as an analyst has it."""
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/a.csv').write_text('Kyoto,3\nOaxaca,4\n')
    (tmp_path / 'data/b.csv').write_text('Zagreb,5\n')
    return tmp_path / 'data'


@pytest.fixture
def town(own, server, settings, browser):  # noqa: F811
    """A Kabuto that registers people by mail: (Kabuto, its mail server), with nobody logged in."""
    kabuto = own({**settings, 'mail': {**settings['mail'], 'url': 'http://127.0.0.1/'}})
    browser.reset(kabuto.url)
    return kabuto, server


def register(hand, browser, mails):
    browser.open('/', ready=False)
    browser.until(lambda: browser.path.startswith('/ui/login'), 'the login page comes')
    hand.follow('Register')
    hand.enter('Login', 'erin')
    hand.enter('E-mail', 'erin@example.org')
    hand.enter('Password', PASSWORD)
    hand.press('Register')
    browser.wait_text('mail')
    browser.until(lambda: mails, 'the mail comes')
    link = re.search(r'https?://[^/]+(/\S+)', mails[-1][1].get_content()).group(1)
    browser.open(link)
    browser.until(lambda: browser.path.startswith('/ui/confirm/erin/'), 'the page of the link comes')
    hand.press('Activate')
    browser.until(lambda: browser.path.startswith('/ui/login'), 'the login page comes')
    hand.enter('Password', PASSWORD)
    hand.press('Log in')
    browser.until(lambda: browser.path in ('/ui/', '/ui/jobs'), 'the jobs come')


def build_image(hand, browser):
    hand.go('Images')
    browser.until(lambda: browser.path == '/ui/images', 'the images come')
    hand.follow('New image' if browser.has('a', 'New image') else 'Build an image')
    hand.enter('Name', 'sorter')
    hand.enter('Dockerfile', DOCKERFILE)
    hand.press('Build')
    browser.until(lambda: browser.path.startswith('/ui/build/'), 'the build comes', 60)
    browser.wait_text('made of two lines', seconds=60)
    browser.until(lambda: 'built' in browser.text('main .badge'), 'it is built', 60)


def new_job(hand, browser, data):
    hand.go('New job')
    browser.until(lambda: browser.path == '/ui/new', 'the form comes')
    browser.button('Run')
    hand.add_folder(data)
    browser.wait_text('data/b.csv')
    hand.pick('Image', 'sorter')
    hand.enter('Command', COMMAND)
    hand.enter('Name', 'sort the towns')
    hand.press('Run')
    browser.until(lambda: re.fullmatch(r'/ui/job/\d+', browser.path), 'the job comes')
    wait_done(browser)
    return browser.path


def wait_done(browser):
    browser.until(lambda: 'done' in browser.text('main .badge'), 'the job is done', 60)
    browser.wait_text('reading 2 files')
    browser.wait_text('it is over')


def main_job(hand, browser, mails, data):
    register(hand, browser, mails)
    build_image(hand, browser)
    job = new_job(hand, browser, data)
    hand.press('sorted.csv')
    browser.until(lambda: 'Zagreb' in browser.text('main table'), 'the CSV is shown as a table')
    hand.press('Run again')
    browser.until(lambda: re.fullmatch(r'/ui/job/\d+', browser.path) and browser.path != job,
                  'the new job comes')
    wait_done(browser)
    hand.go('Jobs')
    browser.until(lambda: browser.text('main').count('sort the towns') >= 2, 'both are listed')
    hand.press('Log out')
    browser.until(lambda: browser.path.startswith('/ui/login'), 'the login page comes')
    browser.open(job, ready=False)
    browser.until(lambda: browser.path.startswith('/ui/login'), 'nothing is shown any more')


@pytest.mark.limit(300)
@pytest.mark.console('status of 401')
@pytest.mark.parametrize('hand', (Mouse, Keyboard))
def test_a_new_user_does_the_whole_main_job(browser, town, data, hand):
    main_job(hand(browser), browser, town[1].mails, data)
