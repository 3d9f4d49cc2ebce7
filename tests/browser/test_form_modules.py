"""The pure parts of the forms: what is read, checked and kept before anything is sent."""
import pytest

# A dropped folder as the browser gives it: at most 100 entries a call, then fewer, then none.
ENTRIES = '''
(() => {
	const file = (path) => ({ isFile: true, fullPath: path,
		file: (done, fail) => path.endsWith('locked') ? fail(new Error('no')) : done(new File(['x'], 'f')) });
	const folder = (path, below) => ({ isFile: false, fullPath: path, createReader: () => {
		const rest = [...below];
		return { readEntries: (done) => done(rest.splice(0, 100)) };
	} });
	const many = Array.from({ length: 250 }, (_, i) => file(`/top/many/${i}`));
	const top = folder('/top', [folder('/top/many', many), folder('/top/empty', []),
		file('/top/locked')]);
	const item = (entry) => ({ kind: 'file', webkitGetAsEntry: () => entry, getAsFile: () => null });
	return { items: [item(top), item(file('/alone'))], files: [] };
})()
'''


def test_a_dropped_folder_is_read_whole_with_its_paths(module):
    drop = module('forms/drop.js')
    paths, empty, unreadable = drop(
        f'm.readDropped({ENTRIES}).then((found) => [found.files.map((one) => one.path),'
        ' found.empty, found.unreadable])')
    assert sorted(paths) == sorted(['alone', *(f'top/many/{i}' for i in range(250))])
    assert (empty, unreadable) == (['top/empty'], ['top/locked'])


@pytest.mark.parametrize('paths, folder', [
    (['a/b', 'a/c/d'], 'a'), (['a/b', 'b/c'], ''), (['a/b', 'a'], ''), (['a'], ''), ([], ''),
    (['a/b', 'ab/c'], '')])
def test_the_folder_of_all_files(module, paths, folder):
    assert module('forms/drop.js')('m.commonFolder(args[0])', paths) == folder


def test_a_file_that_cannot_be_read_is_named(module):
    drop = module('forms/drop.js')
    bad = '{ slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) }'
    assert drop('m.findUnreadable([{ path: "good", file: new File(["x"], "good") },'
                f' {{ path: "bad", file: {bad} }}])') == ['bad']


@pytest.mark.parametrize('text, pairs', [
    ('A=1\nB=two words\r\n', [['A', '1'], ['B', 'two words']]),
    ('# comment\n\nexport KEY="quoted value"\n', [['KEY', 'quoted value']]),
    ("A=b=c\nE=\nQ='it'\n", [['A', 'b=c'], ['E', ''], ['Q', 'it']]),
    ('A="half', [['A', '"half']]),
    ('no pair\n=x\n', []),
])
def test_pasted_lines_become_variables(module, text, pairs):
    assert module('forms/pairs.js')('m.parsePairs(args[0])', text) == pairs


@pytest.mark.parametrize('size, text', [
    (512 << 20, '512m'), (2 << 30, '2g'), (1536 << 20, '1536m'), (1000, '1000'), (1 << 40, '1t'), (0, '0')])
def test_a_size_is_shown_as_the_server_reads_it(module, size, text):
    assert module('forms/options.js')('m.sizeText(args[0])', size) == text


def test_options_are_checked_before_they_are_sent(module):
    options = module('forms/options.js')
    wrong = options('''(() => { const fields = m.optionFields('');
        for (const [name, value] of Object.entries(args[0])) { fields[name].set(value); }
        return m.checkOptions(fields); })()''',
                    {'memory': '12 apples', 'cpus': '1.5', 'timeout': '-1', 'workdir': 'srv',
                     'disk': '10 GiB', 'pids': '', 'retries': '2', 'env': ['=x']})
    assert sorted(wrong) == ['env', 'memory', 'timeout', 'workdir']


@pytest.mark.parametrize('dockerfile, line', [
    ('FROM a\nCOPY x /x\n', 'COPY x /x'), ('FROM a\n  add . /app', 'add . /app'),
    ('COPY --from=build /x /x', ''), ('ADD https://example.org/x /x', ''),
    ('COPY <<END /x\nhi\nEND', ''), ('FROM a\nRUN echo COPY x\n', '')])
def test_a_dockerfile_that_copies_files_is_known(module, dockerfile, line):
    assert module('forms/image.js')('m.copyLine(args[0])', dockerfile) == line


def test_a_draft_is_its_accounts_alone_and_survives_a_reload(module):
    draft = module('forms/draft.js')
    draft('m.keepDraft("f", { account: 1, values: { a: "b" }, lost: [], key: "k",'
          ' files: [{ path: "in/x", file: new File([], "x") }] })')
    assert draft('m.loadDraft("f", 2)') is None
    assert draft('m.loadDraft("f", 1).files.length') == 1
    stored = draft('(async () => { const again = await import("/ui/forms/draft.js?again");'
                   ' return [again.loadDraft("f", 2), again.loadDraft("f", 1)]; })()')
    assert stored == [None, {'account': 1, 'values': {'a': 'b'}, 'files': [], 'lost': ['in/x'],
                             'key': 'k'}]
    draft('m.dropDrafts()')
    assert draft('[m.loadDraft("f", 1), sessionStorage.length]') == [None, 0]


@pytest.mark.parametrize('error, command', [
    ('no spooler has run yet: start kabuto-spooler', 'systemctl start kabuto-spooler'),
    ('the spooler (pid 7) has been silent for 40 s: check whether it runs, and read its log',
     'systemctl restart kabuto-spooler'),
    ('the engine has not answered since 10:31: connect: refused', 'systemctl status docker'),
    ('less than 2 GiB of disk free', 'df -h'), ('', '')])
def test_an_operator_is_told_what_to_do(module, error, command):
    remedy = module('pages/admin.js')('m.remedyOf(args[0])', error)
    assert command in remedy and bool(command) == bool(remedy)
