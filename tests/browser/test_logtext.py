"""The pure parts of the log viewer: what a terminal would show, rows, groups, errors, times."""
import pytest

RED = {'fg': 'c1', 'bg': '', 'flags': 0}
PLAIN = {'fg': '', 'bg': '', 'flags': 0}
BOLD, DIM, ITALIC, UNDERLINE, INVERSE, HIDDEN, STRIKE = 1, 2, 4, 8, 16, 32, 64
SHOWN = '''((text) => { const line = new m.Line({ fg: '', bg: '', flags: 0 }); line.write(text);
    return line.segments().map(({ text, pen, href }) => [text, pen.fg, pen.bg, pen.flags, href]); })'''


@pytest.fixture
def shown(module):
    """What a line looks like: [text, colour, background, flags, link] a segment."""
    evaluate = module('log/ansi.js')
    return lambda text: evaluate(f'{SHOWN}(args[0])', text)


STYLES = [  # SGR parameters -> colour, background, flags
    ('31', 'c1', '', 0), ('97', 'c15', '', 0), ('42', '', 'c2', 0), ('103', '', 'c11', 0),
    ('1', '', '', BOLD), ('1;2;3;4;7;8;9', '', '', 127), ('21', '', '', UNDERLINE),
    ('1;2;22', '', '', 0), ('3;23;4;24;7;27;8;28;9;29', '', '', 0), ('5', '', '', 0),
    ('31;39', '', '', 0), ('41;49', '', '', 0), ('31;0', '', '', 0), ('31;', '', '', 0), ('', '', '', 0),
    ('01;31', 'c1', '', BOLD), ('4:3', '', '', UNDERLINE), ('4;4:0', '', '', 0),
    ('38;5;9', 'c9', '', 0), ('38;5;16', '#000000', '', 0), ('38;5;196', '#ff0000', '', 0),
    ('38;5;231', '#ffffff', '', 0), ('38;5;232', '#080808', '', 0), ('48;5;255', '', '#eeeeee', 0),
    ('38;5;999', '#eeeeee', '', 0), ('38;2;1;2;255', '#0102ff', '', 0), ('38;2;1;2;999', '#0102ff', '', 0),
    ('48;2;1;2;3;1', '', '#010203', BOLD), ('38:2::1:2:3', '#010203', '', 0),
    ('38:2:1:2:3', '#010203', '', 0), ('38:5:1', 'c1', '', 0), ('38;5;1;48;5;2;1', 'c1', 'c2', BOLD),
    ('38', '', '', 0), ('38;5', '', '', 0), ('38;2;1;2', '', '', 0), ('38;7;1', 'c', '', None),
    ('58;5;1', '', '', None), ('12345678', '', '', 0)]


def test_a_style_is_as_a_terminal_has_it(shown):
    for parameters, fg, bg, flags in STYLES:
        segments = shown(f'\x1b[{parameters}mx')
        assert len(segments) == 1 and segments[0][0] == 'x', parameters
        if flags is not None:  # None: it only must not break the line
            assert segments[0][1:4] == [fg, bg, flags], parameters


LINES = [  # what is printed -> the text that is shown
    ('plain', 'plain'), ('', ''), ('a\tb', 'a\tb'), ('täglich 日本 🎉', 'täglich 日本 🎉'),
    ('10 %\r50 %\r100 %', '100 %'), ('abc\r', 'abc'), ('abc\rX', 'Xbc'), ('abc\r\x1b[KX', 'X'),
    ('abcdef\x1b[3D\x1b[K', 'abc'), ('abcdef\x1b[3D\x1b[1K', '    ef'), ('abc\x1b[2K\rX', 'X'),
    ('abc\x1b[2KX', '   X'), ('ab\bX', 'aX'), ('\b\bX', 'X'), ('🎉b\b\bX', 'Xb'), ('a\x1b[2GX', 'aX'),
    ('abc\x1b[1GX', 'Xbc'), ('a\x1b[3CX', 'a   X'), ('a\x1b[999999999CX', 'a' + 999 * ' ' + 'X'),
    ('a\x1b[31mb\x1b[0mc', 'abc'), ('a\x1b[?25lb\x1b[?25h', 'ab'), ('a\x1b[2Jb\x1b[Hc\x1b[10Ad', 'abcd'),
    ('\x1b]0;title\x07a', 'a'), ('\x1b]0;title\x1b\\a', 'a'), ('\x1b]0;title', '0;title'),
    ('\x1bP1$r\x1b\\a', 'a'), ('\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\a', 'a'), ('\x1b(Ba\x1b=b\x1b7c', 'abc'),
    ('\x9b31ma\x9d0;x\x9cb', 'ab'), ('a\x00\x01\x07\x7fb', 'ab'), ('a\x1b', 'a'), ('a\x1b[3', 'a'),
    ('a\x1b[31 qb', 'ab'), ('\x1b[>4;2ma', 'a'), ('<b onclick=alert(1)>&amp;', '<b onclick=alert(1)>&amp;')]


def test_a_line_shows_what_a_terminal_would(shown):
    for printed, text in LINES:
        assert (printed, ''.join(segment[0] for segment in shown(printed))) == (printed, text)


def test_a_line_of_hostile_length_is_shown_all_the_same(shown, module):
    """Each took minutes, since the time grew with the square of the length."""
    text = shown('x' * 60000 + '\x1b[1K' * 1000000 + 'y')[0][0]
    assert len(text) == 60001 and text.endswith('y')
    title = '---' + ' ' * 2000000
    evaluate = module('log/groups.js')
    assert evaluate('m.markerOf(args[0])', title + 'x') == {'kind': 'begin', 'open': False}
    assert evaluate('m.markerOf(args[0])', title + 'a/b') is None


LINKS = [  # address -> what the link opens, '' where there is none
    ('https://example.org/a?b#c', 'https://example.org/a?b#c'), ('http://[::1]:5000/', 'http://[::1]:5000/'),
    ('HTTPS://EXAMPLE.org', 'https://example.org/'), ('javascript:alert(1)', ''), ('JaVaScRiPt:alert(1)', ''),
    (' javascript:alert(1)', ''), ('data:text/html,<script>', ''), ('file:///etc/passwd', ''),
    ('blob:https://a/b', ''), ('vbscript:x', ''), ('//example.org', ''), ('/account', ''), ('', ''),
    ('mailto:a@example.org', ''), ('https://', '')]


def test_only_http_addresses_become_links(shown):
    for address, href in LINKS:
        segments = shown(f'\x1b]8;id=1;{address}\x07text\x1b]8;;\x07')
        assert (address, segments) == (address, [['text', '', '', 0, href]])


def test_text_that_was_written_over_keeps_each_ones_style(shown):
    assert shown('\x1b[31mred red\r\x1b[32mok') == [['ok', 'c2', '', 0, ''], ['d red', 'c1', '', 0, '']]


HOSTILE = ('\x1b]', '\x1b[', '\x1bP', 'a\r', 'a\b', '\x1b[999Cx', '\x1b[1K', '\x1b[K',
           '\x1b[31m', '\x1b]8;;http://a\x07x', '\x1b[38;5;', '\x1b[38;2;1;')


def test_a_hostile_line_takes_no_time_that_grows_with_its_square(module):
    evaluate = module('log/ansi.js')
    slow = [piece for piece in HOSTILE if not evaluate(
        '''(() => { const times = (n) => { let least = Infinity;
            for (let i = 0; i < 3; i++) { const text = args[0].repeat(n), start = performance.now();
                const line = new m.Line({ fg: '', bg: '', flags: 0 }); line.write(text); line.segments();
                least = Math.min(least, performance.now() - start); } return least; };
        times(500); return times(16000) < 40 * times(2000) + 200; })()''', piece)]
    assert not slow


ROWS = '''((items) => { const rows = new m.Rows(); items.forEach((item) => rows.add(item)); rows.settle();
    return [rows.list.map((row) => [row.id, row.shown, row.end, row.stream, row.open]), rows.text()]; })'''


def item(id, logline, stream='stdout', **kw):
    return {'id': id, 'job': 1, 'logline': logline, 'stream': stream, 'time': '2026-11-28T10:00:00.000Z', **kw}


ITEMS = [  # lines of the API -> rows, and the text of ?raw
    ([item(2, 'a'), item(4, 'b')], [[2, 'a', '\n', 'stdout', False], [4, 'b', '\n', 'stdout', False]], 'a\nb\n'),
    ([item(2, 'x'), item(5, 'a')], [[2, 'x', '\n', 'stdout', False], [5, 'a', '\r\n', 'stdout', False]],
     'x\na\r\n'),
    ([item(2, 'x'), item(6, 'äb')], [[2, 'x', '\n', 'stdout', False], [6, 'äb', '\n', 'stdout', False]], 'x\näb\n'),
    ([item(3, 'a')], [[3, 'a', '\r\n', 'stdout', False]], 'a\r\n'),
    ([item(2, 'x'), item(3, 'a')], [[2, 'x', '\n', 'stdout', False], [3, 'a', '', 'stdout', True]], 'x\na'),
    ([item(2, 'x'), item(4, '1\r'), item(6, '2\r'), item(8, '3')],
     [[2, 'x', '\n', 'stdout', False], [8, '3', '\n', 'stdout', False]], 'x\n1\r2\r3\n'),
    ([item(2, 'x'), item(4, 'ab', partial=True), item(7, 'cd', 'stderr')],
     [[2, 'x', '\n', 'stdout', False], [7, 'abcd', '\n', 'stderr', False]], 'x\nabcd\n'),
    ([item(2, 'x'), item(4, '\ufffd')], [[2, 'x', '\n', 'stdout', False], [4, '\ufffd', '\n', 'stdout', False]],
     'x\n\ufffd\n'),
    ([item(13, 'image pulled', 'system')], [[13, 'image pulled', '\n', 'system', False]], 'image pulled\n'),
    ([item(65536, 65536 * 'a', partial=True), item(65538, 'b')],
     [[65536, 65536 * 'a', '', 'stdout', False], [65538, 'b', '\n', 'stdout', False]], 65536 * 'a' + 'b\n'),
    ([item(5, '\x1b[31m', partial=True), item(7, 'r'), item(9, 'r'), item(15, '\x1b[0mp')],
     [[7, 'r', '\n', 'stdout', False], [9, 'r', '\n', 'stdout', False], [15, 'p', '\n', 'stdout', False]],
     '\x1b[31mr\nr\n\x1b[0mp\n'),
    ([item(3, '\x1b[3', partial=True), item(7, '1mr')], [[7, 'r', '\n', 'stdout', False]], '\x1b[31mr\n'),
    ([], [], '')]


def test_rows_end_at_newlines_and_joined_are_the_raw_text(module):
    evaluate = module('log/rows.js')
    for items, rows, text in ITEMS:
        assert evaluate(f'{ROWS}(args[0])', items) == [rows, text]


def test_a_colour_lasts_until_it_is_reset_in_a_later_row(module):
    colours = module('log/rows.js')('''((items) => { const rows = new m.Rows();
        items.forEach((item) => rows.add(item));
        return rows.list.map((row) => row.segments.map((segment) => segment.pen.fg)); })(args[0])''', [
            item(7, '\x1b[31ma'), item(9, 'b'), item(22, 'image pulled', 'system'), item(29, 'c\x1b[0md')])
    assert colours == [['c1'], ['c1'], [''], ['c1', '']]


GROUPS = [
    ('::group::Install', {'kind': 'begin', 'open': False}), ('##[group]Install', {'kind': 'begin', 'open': False}),
    ('::endgroup::', {'kind': 'end'}), ('##[endgroup]', {'kind': 'end'}), (' ::group::x', None),
    ('--- Tests', {'kind': 'begin', 'open': False}), ('+++ :rocket: Tests', {'kind': 'begin', 'open': True}),
    ('---', None), ('----- x', None), ('--- ', None), ('--- a/file.c', None), ('+++ b/file.c', None),
    ('--- /dev/null', None), ('--- old.c\t2026-11-28 10:00', None), ('--- Logging error ---', None), ('plain', None)]


def test_a_group_begins_and_ends_at_a_marker(module):
    evaluate = module('log/groups.js')
    for text, marker in GROUPS:
        assert (text, evaluate('m.markerOf(args[0])', text)) == (text, marker)


ERRORS = [
    ('stderr', 'warning', '', '', True), ('stdout', 'fine', '', '', False), ('system', 'image pulled', '', '', False),
    ('stdout', 'Traceback (most recent call last):', '', '', True), ('stdout', 'x', 'c1', '', True),
    ('stdout', 'x', 'c9', '', True), ('stdout', 'x', 'c2', '', False), ('stdout', 'x', '#ff2010', '', True),
    ('stdout', 'x', '#ffaa00', '', False), ('stdout', 'x', '#200000', '', False), ('stdout', ' ', 'c1', '', False),
    ('stdout', 'x', '', 'c1', False)]


def test_an_error_is_stderr_red_text_or_a_traceback(module):
    evaluate = module('log/groups.js')
    for stream, text, fg, bg, error in ERRORS:
        segments = [{'text': text, 'href': '', 'pen': {'fg': fg, 'bg': bg, 'flags': 0}}]
        found = evaluate('m.isError(args[0], args[1], args[2])', stream, text, segments)
        assert found == error, (stream, text, fg, bg)


TIMES = ((0, '0.000'), (1234, '1.234'), (61500, '1:01.500'), (3723004, '1:02:03.004'), (-1500, '-1.500'))


def test_a_time_since_the_start_has_milliseconds(module):
    evaluate = module('log/gutter.js')
    for ms, text in TIMES:
        assert evaluate('m.sinceStart(args[0])', ms) == text


HASHES = (('12', [12, 12]), ('12-40', [12, 40]), ('40-12', [12, 40]), ('', None), ('a', None), ('12-', None),
          ('-3', None), ('1e3', None), ('9999999999999999', None))


def test_an_address_names_rows_by_their_ids(module):
    evaluate = module('log/marks.js')
    for hash_text, ids in HASHES:
        expected = ids and {'from': ids[0], 'to': ids[1]}
        assert (hash_text, evaluate('m.parseHash(args[0])', hash_text)) == (hash_text, expected)


def test_a_line_that_is_read_before_the_stream_tells_it_is_shown_once(module):
    """A job that runs again: its log is empty at first, and has a line when its beginning is read."""
    run = module('log/store.js')
    assert run('''(async () => {
        const shown = [], add = (items) => shown.push(...items.map((item) => item.id));
        const sink = { head: add, tail: add, join: add, live: add, progress() {}, trouble() {} };
        window.fetch = async (url) => new Response(JSON.stringify(
            String(url).includes('tail=') ? [] : [{ id: 6, logline: 'begun' }]));
        const store = new m.LogStore(1, sink, new AbortController().signal, { attempts: 2 });
        await store.load();
        await store.rest();
        store.append({ id: 6, logline: 'begun' });
        store.append({ id: 12, logline: 'after' });
        return shown;
    })()''') == [6, 12]
