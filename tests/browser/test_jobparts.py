"""The pure parts of a job's page: words for its state, numbers of its usage, tables and folders."""
import pytest

JOB = {'id': 1, 'state': 'ready', 'error': None, 'attempt': 1, 'timeout': 60, 'response': None}


@pytest.mark.parametrize('change, reason, next_step', (
    ({}, 'not been submitted', 'Submit'),
    ({'error': 'cancelled by its owner'}, 'cancelled by its owner', 'Submit'),
    ({'build': {'id': 7}, 'queue': {'position': None, 'eta_s': None, 'reason': 'its image is being built (build 7)'}},
     'It waits: its image is being built (build 7).', 'build fails'),
    ({'state': 'in_queue', 'queue': {'position': 3, 'reason': '2 jobs before it in its pipeline', 'eta_s': 90}},
     'Place 3 in its pipeline: 2 jobs before it in its pipeline. It should start in about 1 min 30 s.', ''),
    ({'state': 'in_queue', 'queue': {'position': 1, 'reason': 'all 4 slots are taken', 'eta_s': None}},
     'Place 1 in its pipeline: all 4 slots are taken.', ''),
    ({'state': 'in_queue', 'queue': {'position': 1, 'eta_s': None,
                                     'reason': 'the engine has not answered since 10:31'}}, 'engine', 'by itself'),
    ({'state': 'running', 'attempt': 2}, 'Attempt 2', 'stopped after 1 min'),
    ({'state': 'done', 'response': 0}, 'exit code 0', ''),
    ({'state': 'failed', 'error': 'exit code 3'}, 'It failed: exit code 3.', 'end of the log'),
    ({'state': 'failed', 'error': 'exit code 127'}, 'exit code 127', 'not found'),
    ({'state': 'failed', 'error': 'out of memory (limit 64 MiB)'}, 'limit 64 MiB', 'more memory'),
    ({'state': 'failed', 'error': 'timed out after 60 s'}, 'timed out', 'longer time limit'),
    ({'state': 'failed', 'error': 'the engine lost the container while the job ran'}, 'lost', "not the job's fault"),
    ({'state': 'failed', 'error': None}, 'no reason', 'log')), ids=str)
def test_each_state_has_a_reason_and_a_next_step(module, change, reason, next_step):
    words = module('job/explain.js')('m.explain(args[0])', {**JOB, **change})
    assert reason in words['reason'] and next_step in words['next'], words
    assert next_step or not words['next'], words


def test_a_place_in_a_list_that_no_event_updates_has_no_number(module):
    evaluate = module('pages/jobrow.js')
    for reason, shown in (('1 job before it in its pipeline', 'waits for its turn'),
                          ('12 jobs before it in its pipeline', 'waits for its turn'),
                          ('all 4 slots are taken', 'all 4 slots are taken'), (None, '')):
        job = {**JOB, 'state': 'in_queue', 'queue': reason and {'position': 2, 'reason': reason}}
        assert evaluate('m.reasonOf(args[0]).textContent', job) == shown, reason


def test_more_memory_is_at_least_twice_as_much_in_a_round_number(module):
    evaluate = module('job/explain.js')
    for limit, text in ((64 << 20, '128 MiB'), (100 << 20, '256 MiB'), (512 << 20, '1 GiB'),
                        ((3 << 29) + 1, '3.5 GiB'), (6 << 20, '64 MiB')):
        more = evaluate('m.moreMemory(args[0])', limit)
        assert more['text'] == text and more['bytes'] >= 2 * limit, (limit, more)


TABLES = [  # text, separator -> rows, and whether there are more
    ('a,b\n1,2\n', ',', [['a', 'b'], ['1', '2']], False), ('a,b\r\n1,2', ',', [['a', 'b'], ['1', '2']], False),
    ('"a,b";c\n', ';', [['a,b', 'c']], False), ('"a ""b"" c",d\n', ',', [['a "b" c', 'd']], False),
    ('"two\nlines",x\ny,z\n', ',', [['two\nlines', 'x'], ['y', 'z']], False), ('a\tb\n', '\t', [['a', 'b']], False),
    ('\ufeffa,b\n', ',', [['a', 'b']], False), ('a,\n,b\n', ',', [['a', ''], ['', 'b']], False),
    ('a,b,', ',', [['a', 'b', '']], False), ('"open,\nx', ',', [['open,\nx']], False), ('', ',', [], False),
    ('\n\na\n', ',', [[''], [''], ['a']], False), ('"a"b,c\n', ',', [['ab', 'c']], False),
    ('a|b\n1|2\n3|4\n5|6\n', '|', [['a', 'b'], ['1', '2'], ['3', '4']], True),
    ('<script>,"<img src=x onerror=alert(1)>"\n', ',', [['<script>', '<img src=x onerror=alert(1)>']], False)]


def test_a_table_is_read_with_quotes_and_any_separator(module):
    evaluate = module('results/csv.js')
    for text, separator, rows, more in TABLES:
        assert evaluate('m.parseCsv(args[0], args[1], 3, true)', text, separator) == \
            {'rows': rows, 'more': more}, text


def test_the_last_row_of_a_part_of_a_file_is_left_out(module):
    assert module('results/csv.js')('m.parseCsv("a,b\\nc,d\\ne,f", ",", 9, false)') == \
        {'rows': [['a', 'b'], ['c', 'd']], 'more': True}


def test_the_separator_is_found(module):
    evaluate = module('results/csv.js')
    for text, separator in (('a,b\n1,2\n', ','), ('a;b\n1,5;2\n', ';'), ('a\tb, c\n1\t2\n', '\t'), ('a|b\n', '|'),
                            ('"a;b;c",d\n"e",f\n', ','), ('one column\n', ','), ('', ',')):
        assert evaluate('m.findSeparator(args[0])', text + text) == separator, text


def test_numbers_of_a_table_are_known(module):
    evaluate = module('results/csv.js')
    for text, number in (('1', True), (' -1.5e-3 ', True), ('1,234.50', True), ('12%', True), ('', True),
                         ('1a', False), ('n/a', False), ('e', False), (' ' * 2000000 + 'x', False)):
        assert evaluate('m.isNumber(args[0])', text) == number, text[:20]


DEEP = '[' * 3000 + '1,' * 300000 + '1' + ']' * 3000  # 900 kB, which become 1.8 GB


def test_json_is_indented_and_else_as_it_stands(module):
    evaluate = module('results/json.js')
    for text, shown in (('{"b":[1,{"a":null}],"c":[],"d":{}}',
                         '{\n  "b": [\n    1,\n    {\n      "a": null\n    }\n  ],\n  "c": [],\n  "d": {}\n}'),
                        ('{"2":12345678901234567890,"1":1.0,"1":1e400}',
                         '{\n  "2": 12345678901234567890,\n  "1": 1.0,\n  "1": 1e400\n}'),
                        ('{"__proto__":"a\\"{[,:b"}', '{\n  "__proto__": "a\\"{[,:b"\n}'),
                        (' [ ] ', '[]'), ('"x"', '"x"'), ('{"a":}', None), ('', None), (DEEP, None)):
        assert evaluate('m.indentJson(args[0])', text) == shown, text[:20]


def test_names_become_folders_in_the_order_of_their_numbers(module):
    names = ['b/2.txt', 'b/10.txt', 'b/1.txt', 'a.txt', 'b/c/d/e.txt', '__proto__/x']
    tree = module('results/tree.js')('m.makeTree(args[0])', [
        {'name': name, 'size': 10, 'sha256': 'x'} for name in names])
    assert (tree['count'], tree['size']) == (6, 60)
    assert [folder['name'] for folder in tree['folders']] == ['__proto__', 'b']
    b = tree['folders'][1]
    assert [file['name'] for file in b['files']] == ['b/1.txt', 'b/2.txt', 'b/10.txt']
    assert (b['count'], b['size']) == (4, 40)
    assert b['folders'][0]['folders'][0]['files'][0]['name'] == 'b/c/d/e.txt'


def test_the_end_of_a_name_says_how_a_file_is_shown(module):
    evaluate = module('results/tree.js')
    for name, kind in (('a/plot.PNG', 'picture'), ('x.jpeg', 'picture'), ('t.csv', 'table'), ('t.tsv', 'table'),
                       ('m.json', 'json'), ('r.html', 'page'), ('r.pdf', 'page'), ('README.md', 'text'),
                       ('Makefile', 'text'), ('png', 'text'), ('.csv', 'table')):
        assert evaluate('m.kindOf(args[0])', name) == kind, name


def test_processors_are_counted_between_samples(module):
    samples = [{'time': f'2026-11-28T10:00:0{s}.000Z', 'cpu_s': cpu, 'memory': 1}
               for s, cpu in ((0, 0), (1, 1.5), (1, 1.5), (3, 2.5), (4, 2))]
    points = module('job/usage.js')('m.cpuPoints(args[0])', samples)
    assert [point['y'] for point in points] == [1.5, 0.5, 0]


def test_the_top_of_a_chart_is_a_round_number(module):
    evaluate = module('chart.js')
    for n, binary, top in ((0, False, 1), (0.3, False, 0.5), (1, False, 1), (1.2, False, 2), (70, False, 100),
                           (300, True, 512), (512, True, 512), (0, True, 1)):
        assert abs(evaluate('m.roundUp(args[0], args[1])', n, binary) - top) < 1e-9, n


MANY = 'Array.from({ length: 100000 }, (_, i) => ({ name: `f${i}`, size: 1 }))'


def test_a_hundred_thousand_inputs_do_not_fill_the_page(module):
    rows, text = module('job/facts.js')(
        f"(() => {{ const e = m.jobInputs({{ attachments: {MANY} }});"
        "return [e.querySelectorAll('tbody tr').length, e.textContent]; })()")
    assert rows == 1000 and '100,000 files' in text and '99,000 more' in text


def test_a_hundred_thousand_inputs_of_a_former_job_do_not_fill_the_form(module):
    boxes, text, removed = module('forms/oldinputs.js')(
        f"(() => {{ const i = m.oldInputs({MANY}, ['f1', 'f600'], () => {{}});"
        "return [i.element.querySelectorAll('input').length, i.element.textContent, i.removed()]; })()")
    assert boxes == 500 and '99,500 more files' in text and removed == ['f1']
