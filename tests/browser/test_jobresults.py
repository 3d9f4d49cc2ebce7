"""The results on a job's page: listed, and shown in place or in a tab of their own."""
import hashlib

import pytest

PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d49484452000000100000001008020000009091683600000017494441542891636cf8ff'
    '9f8114c04492ea510da32a460000b5f3021e7a6d3f240000000049454e44ae426082')
COMMAND = r'''
mkdir -p /outbox/plots /outbox/report "/outbox/<b>x & 'y'" && cd /outbox
cp /inbox/p.png plots/p.png; printf 'not a picture' > plots/broken.png
printf 'name;value\n"a;b";1\n"two\nlines";2.5\n<img src=x onerror=window.ran=1>;3\n' > table.csv
{ echo n,square; i=0; while [ $i -lt 400 ]; do echo $i,$((i * i)); i=$((i + 1)); done; } > long.csv
echo '{"a":[1,{"b":null}]}' > metrics.json; printf '{"broken": ' > broken.json
printf '# Title\n<script>window.ran = 1</script>\n' > README.md; : > empty.txt
head -c 2000000 /dev/zero | tr '\0' 'x' > big.txt; head -c 2000 /dev/zero > data.bin
printf '<h1 id=h>report</h1><script>document.title = "script ran " + location.pathname.split("/").length</script>' > report/index.html
echo inside > "<b>x & 'y'/%41 #?.txt"
'''


@pytest.fixture(scope='module')
def job(kabuto):
    """(user, pipeline, job) with results of each kind."""
    fay = kabuto.user('fay')
    pipeline, job = fay.begin(COMMAND, [('p.png', PNG)])
    assert fay.wait_job(pipeline, job)['state'] == 'done'
    return fay, pipeline, job


@pytest.fixture
def page(browser, job):
    """The page with the list; page(name) shows a file and gives the element that it is shown in."""
    user, _, number = job
    browser.log_in(user)
    browser.open(f'/ui/job/{number}')
    browser.wait_text('README.md', '#results')

    def show(name):
        browser.click(browser.button(name, browser.find('#results')))
        browser.until(lambda: browser.run(
            'const file = Array.from(document.querySelectorAll(".file")).find((one) => !one.querySelector(".preview").hidden &&'
            ' one.querySelector(".file-name").textContent.startsWith(arguments[0]));'
            'window.shown = file?.querySelector(".preview");'
            'return window.shown && !window.shown.textContent.includes("Loading")', name), f'{name} is shown')
        return browser.run('return window.shown')
    return show


def cells(browser, place):
    return browser.run('return Array.from(arguments[0].querySelectorAll("tr"), (row) =>'
                       ' Array.from(row.cells, (cell) => cell.textContent))', place)


def test_the_list_has_sizes_and_sums(browser, page, job):
    user, pipeline, number = job
    listed = user.json(f'/pipeline/{pipeline}/job/{number}/outbox')
    rows = browser.run('return Array.from(document.querySelectorAll(".file"), (file) => ['
                       'file.querySelector(".file-size span").title, file.querySelector("code").title])')
    assert sorted(rows) == sorted([f'{file["size"]:,} bytes', f'SHA-256: {file["sha256"]}'] for file in listed)
    assert browser.link('Download all as a zip').get_attribute('href').endswith('?result')
    assert 'plots/ 2 files' in browser.text('#results')


def test_pictures_are_shown_in_place(browser, page):
    place = page('p.png')
    browser.until(lambda: browser.run('return arguments[0].querySelector("img").naturalWidth', place) == 16,
                  'the picture is there')
    place = page('broken.png')
    browser.until(lambda: 'cannot show this picture' in place.text, 'it says so')


def test_tables_have_their_first_rows(browser, page):
    assert cells(browser, page('table.csv')) == [
        ['name', 'value'], ['a;b', '1'], ['two\nlines', '2.5'], ['<img src=x onerror=window.ran=1>', '3']]
    place = page('long.csv')
    rows = cells(browser, place)
    assert len(rows) == 201 and rows[200] == ['199', '39601']
    assert 'The first 200 rows are shown.' in place.text
    assert browser.run('return window.ran ?? null') is None


def test_texts_are_shown_in_place(browser, page):
    content = 'return arguments[0].querySelector("pre").textContent'
    assert browser.run(content, page('metrics.json')) == '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ]\n}'
    assert browser.run(content, page('broken.json')) == '{"broken": '
    assert browser.run(content, page('README.md')) == '# Title\n<script>window.ran = 1</script>\n'
    assert browser.run(content, page('%41 #?.txt')) == 'inside\n'
    place = page('big.txt')
    assert browser.run(content, place) == 1000000 * 'x'
    assert 'The first 977 KiB of 1.91 MiB are shown.' in place.text
    assert 'empty' in page('empty.txt').text and 'not a text' in page('data.bin').text
    assert browser.run('return window.ran ?? null') is None


def test_a_page_opens_in_a_tab_where_its_scripts_run(browser, page):
    before = browser.driver.window_handles
    browser.click(browser.button('index.html', browser.find('#results')))
    browser.wait_new_tab(before)
    browser.until(lambda: browser.driver.title.startswith('script ran'), 'its script runs')
    assert '/view/' in browser.driver.current_url and browser.driver.current_url.endswith('/report/index.html')
    browser.close_others()
    assert browser.link('Open index.html in a new tab').get_attribute('rel') == 'noopener noreferrer'


def test_a_download_is_the_file(browser, page, job):
    user, pipeline, number = job
    href = browser.link('Download plots/p.png').get_attribute('href')
    content = user.get(href.removeprefix(browser.url)).content
    assert hashlib.sha256(content).digest() == hashlib.sha256(PNG).digest()


def test_a_job_without_results_says_so(browser, kabuto):
    user = kabuto.user()
    pipeline, job = user.begin('true')
    user.wait_job(pipeline, job)
    browser.log_in(user).open(f'/ui/job/{job}')
    browser.wait_text('the job left no file in /outbox', '#results')
