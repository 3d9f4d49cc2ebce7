"""The forms of a job, an image and the account, as a person uses and misuses them."""
import re

import pytest
from selenium.webdriver.common.keys import Keys

from client import PASSWORD, expect

QUOTES = 'it\'s "quoted" & <b>bold<b>.csv'


@pytest.fixture
def ann(kabuto, browser):
    """A new account whose session the browser has, with one image."""
    client = kabuto.user()
    client.made = client.image('FROM busybox\n', name='tools')
    browser.log_in(client)
    return client


def open_form(browser, client, query=''):
    browser.open(f'/ui/new?image={client.made}{query}')
    browser.until(lambda: 'tools' in browser.field('Image').get_attribute('value'), 'the image is chosen')
    browser.fill('Command', 'cd /inbox && find . -type f -exec sha256sum {} + >/outbox/sums')


def run(browser, name='Run'):
    browser.click(browser.button(name))


def test_the_curl_lines_of_a_form_are_copied_and_shown(browser, ann):
    open_form(browser, ann)
    browser.run('navigator.clipboard.writeText = async (text) => { window.copied = text; }')
    browser.click(browser.button('Copy as curl'))
    browser.wait_text('Copied')
    copied = browser.run('return window.copied')
    assert copied == browser.run('return document.querySelector("main .code pre").textContent')
    assert f'--form-string image_id={ann.made}' in copied


def wait_job(browser, client):
    """Waits for the page of the new job; gives the job once it is done."""
    browser.until(lambda: re.fullmatch(r'/ui/job/\d+', browser.path), 'the job comes', 120)
    job = int(browser.path.rpartition('/')[2])
    one = client.json(f'/jobs?after={job - 1}&limit=1')[str(job)]
    return client.wait_job(one['pipeline']['id'], job)


def names(job):
    return sorted(one['name'] for one in job['attachments'])


def test_dropped_files_and_folders_arrive_with_their_paths(browser, ann, tmp_path):
    (tmp_path / 'data/deep').mkdir(parents=True)
    for path in ('data/a.csv', 'data/deep/é ü.txt', 'empty', QUOTES):
        (tmp_path / path).write_text('' if path == 'empty' else path)
    open_form(browser, ann)
    browser.drop(browser.find('main form'), tmp_path / 'data', tmp_path / 'empty', tmp_path / QUOTES)
    browser.wait_text('4 files')
    run(browser)
    job = wait_job(browser, ann)
    assert job['state'] == 'done', job
    assert names(job) == sorted(['data/a.csv', 'data/deep/é ü.txt', 'empty', QUOTES])
    pipeline = ann.pipeline_state(job['pipeline']['id'])
    assert pipeline['name'] == job['command'][:59] + '…'


@pytest.mark.console('status of 422')
def test_a_refusal_stands_beside_its_field_and_loses_nothing(browser, ann, tmp_path):
    (tmp_path / 'in.txt').write_text('x')
    before = len(ann.json('/pipeline'))
    open_form(browser, ann)
    browser.drop(browser.find('main form'), tmp_path / 'in.txt')
    browser.click(browser.named('summary', 'Limits and other options'))
    browser.fill('Memory', '900t')
    run(browser)
    browser.wait_text('Must be at most', '.field-error:not([hidden])')
    assert browser.focused() == ['Memory', 'input']
    assert 'in.txt' in browser.text('.file-list')
    assert len(ann.json('/pipeline')) == before, 'the pipeline of the refused job is left'
    browser.fill('Memory', '64m')
    run(browser)
    job = wait_job(browser, ann)
    assert (job['memory'], names(job)) == (64 << 20, ['in.txt'])


def test_a_double_click_makes_one_job(browser, ann):
    open_form(browser, ann)
    browser.run('const one = arguments[0]; one.click(); one.click(); one.click();',
                browser.button('Run'))
    wait_job(browser, ann)
    assert len(ann.json('/jobs')) == 1 and len(ann.json('/pipeline')) == 1


@pytest.mark.console('status of 401')
def test_a_session_that_ends_costs_nothing_that_was_entered(browser, ann, tmp_path):
    (tmp_path / 'in.txt').write_text('x')
    open_form(browser, ann)
    browser.drop(browser.find('main form'), tmp_path / 'in.txt')
    browser.wait_text('1 file')
    expect(ann.post('/logout'), 200)
    run(browser)
    browser.until(lambda: browser.path.startswith('/ui/login'), 'the login page comes')
    browser.fill('Login', ann.login)
    browser.fill('Password', PASSWORD)
    browser.click(browser.button('Log in'))
    browser.until(lambda: browser.path.startswith('/ui/new'), 'the form comes back')
    browser.wait_text('in.txt', '.file-list')
    run(browser)
    expect(ann.log_in(ann.login), 200)
    assert names(wait_job(browser, ann)) == ['in.txt']


@pytest.mark.console('status of 401')
@pytest.mark.console('status of 404')
def test_nobody_else_gets_what_was_entered(browser, ann, kabuto):
    open_form(browser, ann)
    browser.fill('Name', 'my secret plan')
    browser.until(lambda: 'my secret plan' in browser.run('return JSON.stringify(sessionStorage)'),
                  'the draft is kept')
    browser.log_in(kabuto.user())
    browser.open(f'/ui/new?image={ann.made}')
    browser.wait_text('There is no image')
    assert 'my secret plan' not in browser.field('Name').get_attribute('value')


@pytest.mark.console('ERR_FILE_NOT_FOUND')
@pytest.mark.console('ERR_UPLOAD_FILE_CHANGED')
def test_a_file_that_is_gone_is_named(browser, ann, tmp_path):
    for name in ('stays', 'goes'):
        (tmp_path / name).write_text(name)
    open_form(browser, ann)
    browser.drop(browser.find('main form'), tmp_path / 'stays', tmp_path / 'goes')
    browser.wait_text('2 files')
    (tmp_path / 'goes').unlink()
    run(browser)
    browser.wait_text('can no longer read goes:')
    browser.click(browser.button('Remove goes'))
    run(browser)
    assert names(wait_job(browser, ann)) == ['stays']


def test_an_upload_that_is_stopped_leaves_nothing(browser, ann, tmp_path):
    with open(tmp_path / 'large', 'wb') as file:
        file.truncate(3 << 30)
    before = ann.json('/pipeline')
    open_form(browser, ann)
    browser.drop(browser.find('main form'), tmp_path / 'large')
    browser.wait_text('1 file')
    run(browser)
    browser.click(browser.button('Stop the upload'))
    browser.wait_text('The upload was stopped')
    browser.until(lambda: ann.json('/pipeline') == before, 'the pipeline is removed')
    assert ann.json('/jobs') == {} and 'large' in browser.text('.file-list')


def test_an_answer_that_is_lost_makes_no_second_job(browser, ann):
    """The job's call arrives, but its answer does not: the same button goes on from there."""
    open_form(browser, ann)
    browser.run('''
        const open = XMLHttpRequest.prototype.open;
        XMLHttpRequest.prototype.open = function (...words) {
            XMLHttpRequest.prototype.open = open;
            this.addEventListener('load', (event) => {
                event.stopImmediatePropagation();
                this.dispatchEvent(new ProgressEvent('error'));
            });
            open.apply(this, words);
        };''')
    run(browser)
    browser.wait_text('The connection to the server was cut')
    assert len(ann.json('/jobs')) == 1
    run(browser)
    wait_job(browser, ann)
    assert len(ann.json('/jobs')) == 1 and len(ann.json('/pipeline')) == 1


def test_a_job_is_run_again_with_other_values(browser, ann):
    pipeline = ann.pipeline()
    old = ann.job(pipeline, 'ls /inbox; echo $A', image=ann.made, env='A=1', memory='32m',
                  files=[('keep', b'k'), ('drop', b'd')])
    browser.open(f'/ui/new?from={old}')
    browser.until(lambda: browser.field('Command').get_attribute('value') == 'ls /inbox; echo $A',
                  'the command is filled in')
    browser.click(browser.field('drop'))
    browser.click(browser.named('summary', 'Limits and other options'))
    assert browser.field('Memory').get_attribute('value') == '32m'
    browser.fill('Memory', '48m')
    run(browser, 'Run')
    job = wait_job(browser, ann)
    assert (job['rerun_of'], job['env'], job['memory'], names(job)) == \
        (old, ['A=1'], 48 << 20, ['keep'])


def test_a_dockerfile_that_fails_is_edited_and_built_again(browser, ann, tmp_path):
    (tmp_path / 'app').mkdir()
    (tmp_path / 'app/Dockerfile').write_text('FROM busybox\nCOPY a.txt /a.txt\nRUN false\n')
    (tmp_path / 'app/a.txt').write_text('a')
    browser.open('/ui/image/new')
    browser.fill('Name', 'mine')
    browser.drop(browser.find('main form'), tmp_path / 'app')
    browser.wait_text('1 file')
    assert 'RUN false' in browser.field('Dockerfile').get_attribute('value')
    browser.click(browser.button('Build'))
    browser.wait_text('A step of the Dockerfile failed', seconds=120)
    browser.click(browser.link('Edit and build again'))
    browser.wait_text('a.txt', '.file-list')
    browser.fill('Dockerfile', 'FROM busybox\nCOPY a.txt /a.txt\n')
    browser.click(browser.button('Build'))
    browser.until(lambda: browser.has('a', 'New job with this image'), 'it is built', 120)
    assert [one['name'] for one in ann.json('/image').values()] == ['tools', 'mine']
    browser.open('/ui/images')
    browser.wait_text('Last builds')
    states = [row.text.split()[1] for row in browser.all('section tbody tr')]
    assert states == ['built', 'failed', 'built'], 'the newest build comes first'


def test_tab_writes_a_tab_and_the_keyboard_still_leaves(browser, ann):
    browser.open('/ui/image/new')
    browser.tab_to('Dockerfile', 'textarea')
    browser.press('a', Keys.TAB, 'b')
    assert browser.field('Dockerfile').get_attribute('value') == 'a\tb'
    browser.press(Keys.ESCAPE, Keys.TAB)
    assert browser.focused()[0] == 'Choose files'


def test_a_token_is_shown_once_and_works(browser, ann, kabuto):
    browser.open('/ui/account')
    browser.fill('Name', 'script')
    browser.click(browser.button('Make a token'))
    browser.wait_text('only once')
    token = browser.text('figure pre').strip()
    answer = kabuto.client().get('/jobs', headers={'Authorization': f'Bearer {token}'})
    assert answer.status_code == 200
    browser.wait_text('script', 'table')
    browser.reload()
    browser.wait_text('script', 'table')
    assert token not in browser.run('return document.documentElement.outerHTML')
    browser.wait_text('made an API token')


@pytest.mark.console('status of 401')
def test_a_wrong_password_stands_beside_its_field(browser, ann):
    browser.open('/ui/account')
    browser.fill('Present password', 'wrong')
    browser.fill('New password', 'another one')
    browser.click(browser.button('Change the password'))
    browser.wait_text('wrong login or password')
    assert browser.path == '/ui/account'
    browser.fill('Present password', PASSWORD)
    browser.click(browser.button('Change the password'))
    browser.wait_text('The password is changed')


def test_an_image_that_is_being_edited_keeps_its_text_until_it_is_forgotten(browser, ann):
    browser.open(f'/ui/image/{ann.made}')
    browser.until(lambda: browser.field('Dockerfile').get_attribute('value') == 'FROM busybox\n',
                  'its Dockerfile is shown')
    browser.open(f'/ui/image/{ann.made}')
    assert 'still there' not in browser.text(), 'to look at it changes nothing'
    browser.fill('Dockerfile', 'FROM scratch')
    browser.click(browser.link('Images'))
    browser.click(browser.link('tools'))
    browser.wait_text('What you had entered here is still there')
    assert browser.field('Dockerfile').get_attribute('value') == 'FROM scratch'
    browser.click(browser.button('Start afresh'))
    browser.until(lambda: browser.field('Dockerfile').get_attribute('value') == 'FROM busybox\n',
                  'the Dockerfile of the image is back')


def test_an_image_is_found_by_typing_and_chosen_by_keys(browser, ann):
    for name in ('tools of May', 'other'):
        ann.image('FROM busybox\nENV A=1\n', name=name)
    browser.open('/ui/new')
    field = browser.tab_to('Image', 'input')
    browser.type('MAY')
    browser.named('[role=option]', 'tools of May')
    browser.until(lambda: len(browser.all('[role=option]')) == 1, 'the server has searched')
    browser.press(Keys.ARROW_DOWN, Keys.ENTER)
    assert field.get_attribute('value').startswith('tools of May (')
    browser.select_all()
    browser.type('nothing like this')
    browser.wait_text('No image has this name')
    browser.press(Keys.ESCAPE, Keys.TAB)
    browser.wait_text('Choose one of the list')


def test_a_job_that_is_added_to_a_pipeline_starts_no_other(browser, ann):
    pipeline = ann.pipeline('Reports')
    first = ann.job(pipeline, 'true', image=ann.made)
    ann.submit(pipeline)
    ann.wait_job(pipeline, first)
    started = ann.state(pipeline, first)['started_at']
    open_form(browser, ann, f'&pipeline={pipeline}')
    browser.wait_text('its other 1 run again')
    assert not browser.field('Start it at once').is_selected()
    run(browser)
    browser.until(lambda: re.fullmatch(r'/ui/job/\d+', browser.path), 'the job comes')
    second = int(browser.path.rpartition('/')[2])
    assert ann.state(pipeline, second)['state'] == 'ready'
    assert ann.state(pipeline, first)['started_at'] == started


def test_an_admin_sees_the_service_and_one_accounts_jobs(browser, ann, kabuto):
    admin, other = kabuto.user(), kabuto.user()
    assert kabuto.ctl('user', 'admin', admin.login, 'on').returncode == 0
    for client, name in ((ann, 'job of ann'), (other, 'job of another')):
        client.job(client.pipeline(), 'true', name=name)
    browser.log_in(admin)
    browser.open('/ui/admin')
    browser.wait_text('The service works')
    browser.wait_text('job of another', 'table')
    browser.wait_text('job of ann', 'table')
    browser.fill('Login of an account', ann.login)
    browser.click(browser.button('Show its jobs'))
    browser.until(lambda: 'job of another' not in browser.text('table') and
                  'job of ann' in browser.text('table'), 'only the jobs of one account are shown')
    browser.log_in(ann)
    browser.open('/ui/admin')
    browser.wait_text('Only an admin')


def test_who_was_made_an_admin_finds_the_admin_page(browser, ann, kabuto):
    browser.open('/ui/account')
    assert 'admin' not in browser.text('main').lower()
    assert kabuto.ctl('user', 'admin', ann.login, 'on').returncode == 0
    browser.open('/ui/account')
    browser.click(browser.named('main a', 'admin'))
    browser.wait_text('The service works')
    browser.wait_text('Admin', '#bar')
