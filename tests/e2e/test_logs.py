"""Logs: every form of the call, while the job runs and after it; and logs that lie."""
import pathlib
import threading

import pytest

from client import WAIT, expect, refused
from wait import until


@pytest.fixture(scope='module')
def ten(alice):
    """A job that printed ten lines."""
    return alice.run('for i in 0 1 2 3 4 5 6 7 8 9; do echo line $i; done')['id']


LINES = [f'line {i}' for i in range(10)]


def texts(lines):
    return [line['logline'] for line in lines if line['stream'] == 'stdout']


@pytest.mark.both
def test_all_lines_in_order(alice, ten):
    log = [line for line in alice.log(ten) if line['stream'] == 'stdout']
    assert texts(log) == LINES
    assert set(log[0]) == {'id', 'job', 'logline', 'stream', 'time'}
    ids = [line['id'] for line in log]
    assert ids == sorted(set(ids)) and {line['job'] for line in log} == {ten}
    assert log[0]['time'].endswith('Z') and len(log[0]['time']) == 24
    assert [line['time'] for line in log] == sorted(line['time'] for line in log)


@pytest.mark.both
def test_lines_after_an_id(alice, ten):
    log = alice.log(ten)
    assert alice.log(ten, 0) == log
    for i, line in enumerate(log):
        assert alice.log(ten, line['id']) == log[i + 1:]


def test_limit(alice, ten):
    log = alice.log(ten)
    assert alice.log(ten, limit=3) == log[:3]
    assert alice.log(ten, log[2]['id'], limit=3) == log[3:6]
    assert alice.log(ten, limit=1000) == log


def test_tail(alice, ten):
    log = alice.log(ten)
    assert alice.log(ten, tail=3) == log[-3:]
    assert alice.log(ten, tail=1000) == log


@pytest.mark.parametrize('query', [
    'limit=0', 'limit=-1', 'limit=x', 'tail=-1', 'tail=x', 'wait=x', 'wait=-1'])
def test_bad_parameters(alice, ten, query):
    refused(alice.get(f'/execution/{ten}/logs?{query}'), 400, query.split('=')[0])


@pytest.mark.parametrize('last', ['x', '-', '1.5', '0x1', '99999999999999999999', '%00'])
def test_bad_id_after_which(alice, ten, last):
    answer = alice.get(f'/execution/{ten}/logs/{last}')
    assert answer.status_code in (400, 404), answer.text
    assert answer.json()['error']


@pytest.mark.both
@pytest.mark.parametrize('last', [0, -1, -5])
def test_id_before_all_lines_gives_all(alice, ten, last):
    """The original's clients begin with -1."""
    assert alice.log(ten, last) == alice.log(ten)


def test_id_beyond_the_end_has_nothing_after_it(alice, ten):
    assert alice.log(ten, 1 << 40) == []


def test_id_in_the_middle_of_a_line_does_no_harm(alice, ten):
    log = alice.log(ten)
    rest = alice.log(ten, log[3]['id'] + 2)
    assert rest[-1] == log[-1] and len(rest) <= len(log) - 4


@pytest.mark.both
def test_raw_is_what_the_job_printed(alice, ten):
    answer = expect(alice.get(f'/execution/{ten}/logs?raw'), 200)
    assert answer.headers['Content-Type'].startswith('text/plain')
    assert answer.content == '\n'.join(LINES + ['']).encode()
    assert answer.headers['X-Log-Size'] == str(len(answer.content))


@pytest.mark.both
@pytest.mark.parametrize('span, part', [
    ('bytes=0-6', slice(0, 7)), ('bytes=7-', slice(7, None)), ('bytes=-7', slice(-7, None)),
    ('bytes=3-3', slice(3, 4))])
def test_raw_with_range(alice, ten, span, part):
    whole = alice.get(f'/execution/{ten}/logs?raw').content
    answer = expect(alice.get(f'/execution/{ten}/logs?raw', headers={'Range': span}), 206)
    assert answer.content == whole[part]
    assert answer.headers['X-Log-Size'] == str(len(whole))


@pytest.mark.both
def test_raw_range_beyond_the_end(alice, ten):
    answer = alice.get(f'/execution/{ten}/logs?raw', headers={'Range': 'bytes=100000-'})
    refused(answer, 416)


def test_raw_with_several_ranges(alice, ten):
    """Not behind lighttpd: it joins those that are near each other."""
    answer = alice.get(f'/execution/{ten}/logs?raw', headers={'Range': 'bytes=0-0,3-3'})
    assert expect(answer, 206).headers['Content-Type'].startswith('multipart/byteranges')


def test_raw_on_a_condition_that_does_not_hold(alice, ten):
    """Not behind lighttpd: it knows no If-Match."""
    refused(alice.get(f'/execution/{ten}/logs?raw', headers={'If-Match': '"other"'}), 412)


@pytest.mark.both
def test_every_form_has_the_size(alice, ten):
    size = str(sum(len(line) + 1 for line in LINES))
    for form in ('', '/0', '?tail=1', '?limit=1', '?raw'):
        assert alice.get(f'/execution/{ten}/logs{form}').headers['X-Log-Size'] == size, form


def test_job_that_gives_its_log_away_keeps_nobody_out(kabuto, alice):
    files = '/run/kabuto/log /run/kabuto/idx /run/kabuto/samples'
    pipeline, job = alice.begin(f'echo mine; chown 4242:4242 {files}; chmod 0 {files};'
                                f'touch /outbox/given; {WAIT}')
    until((alice.kabuto.state / f'run/{job}.1/outbox/given').exists, 'the log is given away')
    for form in ('', '?raw', '?tail=1'):
        expect(alice.get(f'/execution/{job}/logs{form}'), 200)
    alice.json(f'/pipeline/{pipeline}/job/{job}/usage')
    kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'
    assert alice.lines(job) == ['mine']
    assert expect(alice.get(f'/execution/{job}/logs?raw'), 200).content == b'mine\n'
    alice.json(f'/pipeline/{pipeline}/job/{job}/usage')
    expect(alice.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    until(lambda: not list((kabuto.state / 'logs').glob(f'{job}.*')), 'the log is removed')


def test_log_before_the_run_is_empty(alice):
    job = alice.job(alice.pipeline(), 'true')
    for form in ('', '/0', '?tail=3', '?wait=0'):
        answer = expect(alice.get(f'/execution/{job}/logs{form}'), 200)
        assert answer.json() == [] and answer.headers['X-Log-Size'] == '0'
    assert expect(alice.get(f'/execution/{job}/logs?raw'), 200).content == b''


@pytest.mark.both
def test_log_of_others_is_not_found(alice, bob, ten):
    for form in ('', '/0', '?raw', '?tail=1', '?wait=1'):
        assert refused(bob.get(f'/execution/{ten}/logs{form}'), 404) == 'Job not found'
        assert refused(alice.get(f'/execution/999999/logs{form}'), 404) == 'Job not found'


def test_log_files_are_no_pages_of_the_server(kabuto, alice, ten):
    for path in (f'/_kabuto/logs/{ten}.1.log', f'/logs/{ten}.1.log', '/_kabuto/results/',
                 '/kabuto.db', '/_kabuto/logs/../../kabuto.db', '/_kabuto/logs/%2e%2e/kabuto.db'):
        assert alice.get(path).status_code in (400, 404), path


# While it runs

@pytest.mark.both
def test_line_is_seen_while_the_job_runs(alice):
    pipeline, job = alice.begin(f'echo early; {WAIT}; echo late')
    line = alice.wait_line(job, 'early')
    assert alice.state(pipeline, job)['state'] == 'running'
    assert alice.get(f'/execution/{job}/logs?raw').content == b'early\n'
    alice.kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    assert texts(alice.log(job, line['id'])) == ['late']


@pytest.mark.both
def test_wait_answers_as_soon_as_a_line_comes(alice):
    pipeline, job = alice.begin(f'echo early; {WAIT}; echo late; '
                                'until [ -e /outbox/end ]; do sleep 0.05; done')
    early = alice.wait_line(job, 'early')
    other = alice.again()
    got = []
    waiter = threading.Thread(target=lambda: got.extend(other.log(job, early['id'], wait=30)))
    waiter.start()
    alice.kabuto.let_go(job)
    waiter.join(60)
    assert texts(got) == ['late']
    assert alice.state(pipeline, job)['state'] == 'running'
    alice.kabuto.let_go(job, 'end')
    alice.wait_job(pipeline, job)


def test_wait_ends_when_the_job_ends(alice):
    pipeline, job = alice.begin(f'echo early; {WAIT}')
    early = alice.wait_line(job, 'early')
    other, got = alice.again(), []
    waiter = threading.Thread(target=lambda: got.append(other.log(job, early['id'], wait=30)))
    waiter.start()
    alice.kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    waiter.join(60)
    assert texts(got[0]) == []


def test_wait_on_a_log_that_is_complete_answers_at_once(alice, ten):
    last = alice.log(ten)[-1]['id']
    assert alice.log(ten, last, wait=30) == []


def follow(client, pipeline, job, stop=None):
    """All entries as a client gets them that reads on from the last id, until stop says so."""
    entries = []
    while stop is None or not stop(entries):
        ended = client.state(pipeline, job)['state'] in ('done', 'failed')
        news = client.log(job, entries[-1]['id'] if entries else 0, wait=1)
        if ended and not news:
            break
        entries += news
    return entries


def joined(entries):
    """The text that the entries stand for, with plain line ends."""
    return ''.join(x['logline'] + ('' if x.get('partial') or x['logline'].endswith('\r') else '\n')
                   for x in entries if x['stream'] != 'system')


def test_progress_bar_is_seen_while_it_moves(alice):
    bar = '; '.join(f'printf "\\r{i}/3" >&2; {WAIT.replace("go", f"go{i}")}' for i in (1, 2, 3))
    pipeline, job = alice.begin(bar + '; printf "\\r\\ndone\\r\\n" >&2')
    entries = []
    for i in (1, 2, 3):
        until(lambda: f'{i}/3' in alice.lines(job, 'stderr'), f'the bar is at {i} of 3')
        assert alice.lines(job, 'stderr', tail=1) == [f'{i}/3']
        assert alice.log(job)[-1]['partial'] is True
        last = entries[-1]['id'] if entries else 0
        entries += alice.log(job, last)
        alice.kabuto.let_go(job, f'go{i}')
    alice.wait_job(pipeline, job)
    entries += alice.log(job, entries[-1]['id'])
    assert joined(entries) == '\r1/3\r2/3\r3/3\ndone\n'
    assert alice.lines(job, 'stderr') == ['\r', '1/3\r', '2/3\r', '3/3', 'done']
    assert alice.get(f'/execution/{job}/logs?raw').content == b'\r1/3\r2/3\r3/3\r\ndone\r\n'


def test_prompt_without_a_line_end_is_seen_while_the_job_waits(alice):
    pipeline, job = alice.begin(f'printf "ready? "; {WAIT}; echo yes')
    entries = follow(alice, pipeline, job, lambda entries: entries)
    assert [(x['logline'], x.get('partial')) for x in entries] == [('ready? ', True)]
    alice.kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    rest = alice.log(job, entries[-1]['id'])
    assert [(x['logline'], x.get('partial')) for x in rest] == [('yes', None)]
    assert alice.lines(job) == ['ready? yes']


def test_follower_loses_and_repeats_nothing(alice):
    """Whatever pieces the text comes in, and wherever the follower looks."""
    pipeline, job = alice.begin(
        'i=0; while [ $i -lt 60 ]; do i=$((i + 1)); printf "a$i"; [ $((i % 20)) = 0 ] && sleep 0.6; '
        'printf "b\\r"; printf "c\\r\\nd"; done')
    entries = follow(alice, pipeline, job)
    raw = alice.get(f'/execution/{job}/logs?raw').content.decode()
    assert joined(entries) == raw.replace('\r\n', '\n')
    assert [x['id'] for x in entries] == sorted({x['id'] for x in entries})
    assert entries[-1]['id'] == len(raw)


def test_last_line_without_an_end_is_not_partial(alice):
    job = alice.run('printf end')['id']
    assert [(x['logline'], 'partial' in x) for x in alice.log(job)] == [('end', False)]


def test_unfinished_line_comes_whole(alice):
    pipeline, job = alice.begin(f'printf begin; {WAIT}; echo " end"')
    alice.wait_state(pipeline, job, 'running')
    until(lambda: alice.get(f'/execution/{job}/logs?raw').content == b'begin', 'the first half')
    alice.kabuto.let_go(job)
    alice.wait_job(pipeline, job)
    assert alice.lines(job) == ['begin end']


def test_sixteen_followers_see_the_same(alice):
    pipeline, job = alice.begin(f'{WAIT}; for i in 1 2 3; do echo $i; done')
    alice.wait_state(pipeline, job, 'running')
    seen = [[] for _ in range(16)]

    def follow(lines, one):
        last = 0
        while True:
            news = one.log(job, last, wait=30)
            if not news and one.state(pipeline, job)['state'] in ('done', 'failed'):
                return
            lines += texts(news)
            last = news[-1]['id'] if news else last
    threads = [threading.Thread(target=follow, args=(lines, alice.again())) for lines in seen]
    for thread in threads:
        thread.start()
    alice.kabuto.let_go(job)
    for thread in threads:
        thread.join(60)
    assert all(lines == ['1', '2', '3'] for lines in seen)


# What jobs print

def test_both_streams(alice):
    job = alice.run('echo out; echo err >&2; echo out again')['id']
    assert alice.lines(job, 'stdout') == ['out', 'out again']
    assert alice.lines(job, 'stderr') == ['err']
    raw = alice.get(f'/execution/{job}/logs?raw').content
    assert sorted(raw.splitlines()) == [b'err', b'out', b'out again']


def test_streams_do_not_cut_each_other(alice):
    job = alice.run('(for i in $(seq 500); do echo oooooooooo; done) & '
                    '(for i in $(seq 500); do echo eeeeeeeeee >&2; done) & wait')['id']
    assert alice.lines(job, 'stdout') == ['o' * 10] * 500
    assert alice.lines(job, 'stderr') == ['e' * 10] * 500


def test_bytes_that_are_not_utf8(alice):
    job = alice.run(r'printf "a\377b\n\303\nc\355\240\200d\n\360\237\230\200\n\0x\n"')['id']
    lines = alice.lines(job)
    assert lines[0] == 'a\ufffdb' and lines[1] == '\ufffd' and lines[3] == '😀'
    assert set(lines[2]) == {'c', '\ufffd', 'd'}
    assert lines[4] == '\0x'
    raw = alice.get(f'/execution/{job}/logs?raw').content
    assert raw == b'a\xffb\n\xc3\nc\xed\xa0\x80d\n\xf0\x9f\x98\x80\n\0x\n'


def test_long_line_comes_in_pieces(alice):
    job = alice.run('head -c 150000 /dev/zero | tr "\\0" x; echo; echo next')['id']
    lines = alice.lines(job)
    assert [len(line) for line in lines[:-1]] == [65536, 65536, 150000 - 131072]
    assert ''.join(lines[:-1]) == 'x' * 150000 and lines[-1] == 'next'


def test_long_line_is_not_cut_within_a_character(alice):
    """Pieces may end before 64 KiB, but the text is the same."""
    text = 'äöüßéèêëàáâãäåæ'
    job = alice.run(f'printf a; for i in $(seq 3000); do printf %s "{text}"; done; echo')['id']
    assert ''.join(alice.lines(job)) == 'a' + text * 3000


def test_last_line_without_newline(alice):
    job = alice.run('echo first; printf last')['id']
    assert alice.lines(job) == ['first', 'last']
    assert alice.get(f'/execution/{job}/logs?raw').content.startswith(b'first\nlast')


def test_empty_lines_and_carriage_returns(alice):
    job = alice.run(r'printf "\n\n a \r\n\r\n"')['id']
    assert [line.rstrip('\r') for line in alice.lines(job)] == ['', '', ' a ', '']


def test_no_output_at_all(alice):
    job = alice.run('true')['id']
    assert texts(alice.log(job)) == []


def test_many_lines(alice):
    job = alice.run('seq 100000')['id']
    assert alice.lines(job) == [str(i) for i in range(1, 100001)]
    page, last, lines = None, 0, []
    while page != []:
        page = alice.log(job, last, limit=9999)
        lines += texts(page)
        last = page[-1]['id'] if page else last
    assert lines == [str(i) for i in range(1, 100001)]


def test_output_of_background_processes_is_kept(alice):
    job = alice.run('(sleep 0.2; echo late) & echo early; wait')['id']
    assert alice.lines(job) == ['early', 'late']


# Logs that lie: a job can reach the two files it is given

@pytest.mark.limit(300)
def test_reader_that_goes_away_frees_its_thread(own):
    """To make all of the answers that nobody waits for would take minutes."""
    kabuto = own({'threads': {'follow': 1}})
    dave = kabuto.user('dave')
    job = dave.run("head -c 60000000 /dev/zero | tr '\\0' '\\n'", timeout=200)['id']
    for _ in range(10):
        answer = dave.get(f'/execution/{job}/logs', stream=True)
        next(answer.iter_content(1000))
        answer.close()
    assert kabuto.pools_answer()


def find_log_files():
    """A shell fragment that sets $log and $idx to the files as the job sees them."""
    return ("for m in $(awk '{print $5}' /proc/self/mountinfo); do case $(readlink -f $m) in "
            "*log) log=$m;; *idx) idx=$m;; *index) idx=$m;; esac; done; ")


HOSTILE = {
    'text without end': 'head -c 300000 /dev/zero | tr "\\0" x >> $log',
    'text cut': ': > $log',
    'index cut': ': > $idx',
    'index of noise': 'head -c 16000 /dev/urandom >> $idx',
    'index of ones': 'head -c 16000 /dev/zero | tr "\\0" "\\377" >> $idx',
    'index of zeros': 'head -c 1600 /dev/zero >> $idx',
    'index with half a record': 'printf 1234567 >> $idx',
    'both of noise': 'head -c 50000 /dev/urandom > $log; head -c 50001 /dev/urandom > $idx',
    'huge': 'truncate -s 5G $log; truncate -s 1G $idx',
}


@pytest.mark.parametrize('deed', HOSTILE, ids=lambda x: x.replace(' ', '_'))
def test_log_made_by_a_hostile_job(alice, deed):
    job = alice.run(f'{find_log_files()} echo before; sleep 0.1; ({HOSTILE[deed]}) 2>/dev/null; '
                    'echo after; exit 0')
    assert job['state'] in ('done', 'failed')
    first = alice.get(f'/execution/{job["id"]}/logs?limit=100', timeout=30)
    for line in expect(first, 200).json():
        assert line['stream'] in ('stdout', 'stderr', 'system')
        assert len(line['logline']) <= 65536
    for form in ('?tail=5', '/3?limit=5', '/100000?limit=5', '?wait=1&limit=1'):
        expect(alice.get(f'/execution/{job["id"]}/logs{form}', timeout=30), 200)
    answer = alice.get(f'/execution/{job["id"]}/logs?raw', timeout=30,
                       headers={'Range': 'bytes=0-9'})
    assert answer.status_code in (200, 206, 416)


def test_log_files_are_not_readable_by_others(kabuto, alice, ten):
    assert (kabuto.state / 'logs').stat().st_mode & 0o007 == 0
    for kind in ('log', 'idx', 'usage'):
        path = pathlib.Path(kabuto.state, 'logs', f'{ten}.1.{kind}')
        assert path.stat().st_mode & 0o777 == 0o640
