"""The modules that all pages share: numbers and times in words, curl lines, elements, tables."""
import json
import subprocess

import pytest

FORMATS = [
    ('bytes', None, ''), ('bytes', 0, '0 B'), ('bytes', 999, '999 B'), ('bytes', 1000, '0.98 KiB'),
    ('bytes', 1024, '1 KiB'), ('bytes', 1536, '1.5 KiB'), ('bytes', 1023 * 1024, '1 MiB'),
    ('bytes', 536870912, '512 MiB'), ('bytes', 1503238553, '1.4 GiB'), ('bytes', 10 ** 18, '888 PiB'),
    ('seconds', None, ''), ('seconds', 0, '0 s'), ('seconds', 0.4237, '0.42 s'), ('seconds', 3.14, '3.1 s'),
    ('seconds', 9.96, '10 s'), ('seconds', 59.4, '59 s'), ('seconds', 59.7, '1 min'),
    ('seconds', 200, '3 min 20 s'), ('seconds', 3600, '1 h'), ('seconds', 18120, '5 h 2 min'),
    ('seconds', 273600, '3 d 4 h'), ('count', 1234567, '1,234,567'), ('count', None, ''),
    ('stateWord', 'in_queue', 'queued'), ('stateWord', 'SUCCESS', 'built'), ('stateWord', '<b>', '<b>'),
    ('duration', {'started_at': None}, ''),
    ('duration', {'started_at': '2026-11-28T10:00:00.000Z', 'finished_at': '2026-11-28T10:00:12.400Z'}, '12 s'),
]


def test_numbers_and_times_have_three_digits_at_most_and_a_unit(module):
    run = module('format.js')
    got = run('args[0].map(([name, value]) => m[name](value))', [row[:2] for row in FORMATS])
    assert got == [row[2] for row in FORMATS]


@pytest.mark.parametrize('seconds, text', [
    (5, 'just now'), (100, '2 min ago'), (7300, '2 h ago'), (200000, '2 d ago'), (-100, 'in 2 min'),
    (-5, 'in a moment'), (40 * 86400, None)])
def test_a_time_is_relative_and_exact_on_hover(module, seconds, text):
    run = module('format.js')
    iso, shown, title = run(
        '[new Date(Date.now() - 1000 * args[0]).toISOString()].flatMap((iso) => '
        '{ const e = m.time(iso); return [iso, e.textContent, e.title]; })', seconds)
    assert shown == (text or iso[:10])
    assert iso in title


def test_a_state_is_a_word_a_colour_and_a_shape(module):
    run = module('format.js')
    badges = run('args[0].map((s) => { const e = m.stateBadge(s);'
                 ' return [e.textContent, e.className, e.querySelector("path").getAttribute("d")]; })',
                 ['ready', 'in_queue', 'running', 'done', 'failed'])
    for part in range(3):
        assert len({badge[part] for badge in badges}) >= 4, badges
    assert len({badge[2] for badge in badges}) == 5, 'each state has its shape'


# method, path, body, what curl gets as its arguments but for the URL's origin and the cookies
CALLS = [
    ('GET', '/jobs?state=failed&limit=5', None, []),
    ('POST', '/pipeline/3/submit', None, ['-X', 'POST']),
    ('DELETE', '/image/4', None, ['-X', 'DELETE']),
    ('POST', '/pipeline', {'name': "it's $(id) `id` \"quoted\" \\ & more"},
     ['-H', 'Content-Type: application/json', '-d']),
    ('PUT', '/pipeline/3', {'max_parallel': 2}, ['-X', 'PUT', '-H', 'Content-Type: application/json', '-d']),
]


@pytest.mark.parametrize('method, path, body, words', CALLS)
def test_a_shell_reads_the_curl_line_as_the_call(module, method, path, body, words):
    run = module('api.js')
    line, origin = run('[m.curl(args[0], args[1], args[2]), location.origin]', method, path, body)
    read = subprocess.run(['sh', '-c', 'curl() { printf "%s\\0" "$@"; }; ' + line], check=True,
                          capture_output=True, text=True).stdout.split('\0')[:-1]
    assert origin + path in read
    read.remove(origin + path)
    assert read[-2:] == ['-b', 'cookies.txt'] or ['-b', 'cookies.txt'] == read[read.index('-b'):][:2]
    del read[read.index('-b'):read.index('-b') + 2]
    if body is not None:
        assert json.loads(read.pop()) == body
    assert read == words


def test_a_curl_line_names_files_and_texts_of_a_form(module):
    run = module('api.js')
    line = run('(() => { const f = new FormData(); f.append("command", "a; b"); '
               'f.append("attachments", new File(["x"], "my data.csv")); return m.curl("POST", "/p", f); })()')
    assert "--form-string 'command=a; b'" in line
    assert "-F 'attachments=@\"my data.csv\"'" in line
    assert '-X' not in line


def test_strings_become_text_and_never_markup(module):
    run = module('dom.js')
    text, tags = run('(() => { const e = m.h("p", null, args[0], [null, false, 7, [args[0]]]);'
                     ' return [e.textContent, e.children.length]; })()', '<img src=x onerror=alert(1)>')
    assert text == '<img src=x onerror=alert(1)>7<img src=x onerror=alert(1)>'
    assert tags == 0


def test_a_table_sorts_empty_values_last_and_keeps_the_focus(module):
    run = module('table.js')
    shown = run('''(() => {
        const rows = [{ id: 1, n: 10 }, { id: 2, n: null }, { id: 3, n: 9 }];
        const link = (row) => Object.assign(document.createElement('a'), { href: '#', textContent: String(row.n) });
        const cell = (row) => { const a = link(row); a.dataset.row = ''; return a; };
        const table = m.table([{ title: 'n', value: (row) => row.n, cell }], rows);
        const texts = () => [...table.querySelectorAll('tbody td')].map((td) => td.textContent);
        document.body.append(table);
        const seen = [texts()];
        table.querySelector('button').click();
        seen.push(texts());
        table.querySelector('button').click();
        seen.push(texts());
        table.querySelectorAll('tbody a')[1].focus();
        table.update([{ id: 1, n: 10 }, { id: 3, n: 90 }, { id: 4, n: 1 }]);
        seen.push(texts(), [document.activeElement.textContent]);
        table.remove();
        return seen;
    })()''')
    assert shown == [['10', 'null', '9'], ['9', '10', 'null'], ['10', '9', 'null'], ['90', '10', '1'], ['90']]


def test_a_table_shows_rows_without_an_id_each(module):
    run = module('table.js')
    assert run('''(() => {
        const files = [{ name: 'a.csv' }, { name: 'b.csv' }, { name: 'c.csv' }];
        const table = m.table([{ title: 'File', cell: (row) => row.name }], files);
        return [...table.querySelectorAll('tbody td')].map((td) => td.textContent);
    })()''') == ['a.csv', 'b.csv', 'c.csv']


def test_a_copy_button_says_what_happened_and_gets_its_label_back(module):
    run = module('widgets.js')
    copy_twice = '''(async () => {
        const later = [], { setTimeout } = window, button = document.createElement('button');
        const write = args[0] ? async () => {} : () => Promise.reject(new Error('forbidden'));
        Object.defineProperty(navigator, 'clipboard', { value: { writeText: write }, configurable: true });
        document.execCommand = () => false;
        window.setTimeout = (work) => later.push(work);
        button.textContent = 'Copy as curl';
        document.body.append(button);
        await m.copy('text', button);
        await m.copy('text', button);
        window.setTimeout = setTimeout;
        const said = button.textContent;
        later.forEach((work) => work());
        button.remove();
        return [said, button.textContent];
    })()'''
    assert run(copy_twice, True) == ['Copied', 'Copy as curl']
    assert run(copy_twice, False) == ['Not copied', 'Copy as curl']
