"""POST /run as a stream: text, events, or the results, in one call from the command to its end."""
import contextlib
import io
import json
import threading
import zipfile

import pytest
import requests

import webserver
from client import WAIT, expect, refused
from events import of
from wait import until

pytestmark = pytest.mark.limit(300)

MARKED = 'FROM busybox\nRUN echo built for a run\nCOPY mark /mark\n'  # no cache has this RUN
BUILD = r'POST /v[0-9.]+/build\?'
NDJSON, SSE, TEXT, ZIP = ('application/x-ndjson', 'text/event-stream', 'text/plain',
                          'application/zip')


class Run:
    """An open answer of POST /run, of which a test reads as much as it likes."""

    def __init__(self, client, accept, command='true', key=None, files=(), **fields):
        headers = {'Accept': accept, **({'Idempotency-Key': key} if key else {})}
        self.answer = client.post('/run', {'command': command, **fields}, headers=headers,
                                  files=list(files) or None, stream=True)
        self.status, self.headers = self.answer.status_code, self.answer.headers
        self.read, self.pieces = b'', self.answer.iter_content(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()

    def until(self, wanted):
        """All that has come when it has these bytes."""
        while wanted not in self.read:
            self.read += next(self.pieces)
        return self.read

    def rest(self):
        """All of it, when the stream has ended."""
        self.read += b''.join(self.pieces)
        return self.read

    def job(self):
        return int(self.headers['X-Job'])


def text_of(client, command, **kw):
    with Run(client, TEXT, command, **kw) as run:
        assert (run.status, run.headers['Content-Type']) == (201, 'text/plain; charset=utf-8')
        return run.rest().decode(), run.job(), int(run.headers['X-Pipeline'])


def events_of(client, accept, command, **kw):
    with Run(client, accept, command, **kw) as run:
        assert run.status == 201 and run.headers['Content-Type'].startswith(accept)
        text = run.rest().decode()
    if accept == NDJSON:
        return [(x['event'], x.get('id'), x['data']) for x in
                map(json.loads, filter(None, text.split('\n')))]
    found = []
    for block in text.split('\n\n'):
        fields = dict(line.split(': ', 1) for line in block.split('\n') if ': ' in line)
        if 'event' in fields:
            number = fields.get('id')
            found.append((fields['event'], number and int(number), json.loads(fields['data'])))
    return found


def results_url(client, job, pipeline):
    return f'{client.url}/pipeline/{pipeline}/job/{job}?result'


# Text

@pytest.mark.both
def test_text_is_the_log_and_then_how_it_ended(alice):
    text, job, pipeline = text_of(alice, 'echo out; echo err >&2; printf end; echo x > /outbox/x',
                                  image_id=alice.image(), stderr='stdout')
    assert text == f'out\nerr\nend\nexit 0, results: {results_url(alice, job, pipeline)}\n'
    assert alice.state(pipeline, job)['state'] == 'done'


@pytest.mark.parametrize('command, fields, end', [
    ('exit 3', {}, 'exit 3, results: URL'),
    ('sleep 100', {'timeout': '1', 'grace': '0'}, 'exit 143 (timed out after 1 s), results: URL'),
    ('/nothing', {'user': 'nosuchuser'}, "failed: user: the image has no user 'nosuchuser'"),
])
def test_text_says_how_another_end_came(alice, command, fields, end):
    text, job, pipeline = text_of(alice, command, image_id=alice.image(), **fields)
    last = text.rstrip('\n').split('\n')[-1].replace(results_url(alice, job, pipeline), 'URL')
    assert last.startswith(end), text


@pytest.mark.both
def test_text_comes_while_the_job_runs(kabuto, alice):
    with Run(alice, TEXT, f'echo first; {WAIT}; echo last', image_id=alice.image()) as run:
        assert run.until(b'first\n') == b'first\n'
        kabuto.let_go(run.job())
        assert run.rest().startswith(b'first\nlast\nexit 0, results: http')


@pytest.mark.both
def test_text_of_a_silent_job_is_not_cut_by_the_web_server(own, monkeypatch):
    """lighttpd cuts other answers that are silent for so long."""
    example = webserver.example
    monkeypatch.setattr(webserver, 'example', lambda kabuto: example(kabuto).replace(
        'max-write-idle = 3600\n', 'max-write-idle = 1\n'))
    dave = own().user('dave')
    text, _, _ = text_of(dave, 'sleep 4; echo said', image_id=dave.image())
    assert text.startswith('said\nexit 0')


@pytest.mark.both
def test_text_begins_with_the_build(alice):
    files = [('context', ('mark', b'of the context\n'))]
    text, _, _ = text_of(alice, 'cat /mark', dockerfile=MARKED, files=files)
    assert 'RUN echo built' in text and '\nbuilt for a run\n' in text
    *_, log, end = text.rstrip('\n').split('\n')
    assert log == 'of the context' and end.startswith('exit 0, results: ')
    again, _, _ = text_of(alice, 'cat /mark', dockerfile=MARKED, files=files)
    assert again.startswith('of the context\nexit 0'), 'it was not built again'


@pytest.mark.both
def test_text_ends_with_why_the_build_failed(alice):
    text, job, pipeline = text_of(alice, 'true', dockerfile='FROM busybox\nRUN echo told; exit 9\n')
    assert '\ntold\n' in text
    last = text.rstrip('\n').split('\n')[-1]
    assert last.startswith('build failed: ') and '9' in last
    refused(alice.get(f'/pipeline/{pipeline}/job/{job}'), 404, 'Job not found')


def test_text_has_the_logs_of_all_attempts(alice):
    text, _, _ = text_of(alice, 'echo tried; exit 1', image_id=alice.image(), retries='1')
    assert text.startswith('tried\nretry 1 of 1 follows\ntried\nexit 1, results: ')


def test_text_is_byte_by_byte_what_the_job_printed(alice):
    with Run(alice, TEXT, "printf 'a\\rb\\n\\377\\n'; seq 100000", image_id=alice.image()) as run:
        text = run.rest()
    raw = alice.get(f'/execution/{run.job()}/logs?raw').content
    assert text.startswith(raw + b'exit 0, ') and raw.startswith(b'a\rb\n\377\n1\n')


# Events

@pytest.mark.both
@pytest.mark.parametrize('accept', [NDJSON, SSE])
def test_events_are_those_of_the_build_and_of_the_job(alice, accept):
    dockerfile = f'{MARKED}ENV FORMAT={accept}\n'
    events = events_of(alice, accept, 'cat /mark', dockerfile=dockerfile,
                       files=[('context', ('mark', b'1\n'))])
    names = [name for name, _, _ in events]
    made, = of(events, 'run')
    assert names[0] == 'run' and set(made) == {'job', 'pipeline', 'image', 'build', 'urls'}
    first_state = names.index('state')
    assert set(names[1:first_state]) == {'build'} and 'build' not in names[first_state:]
    assert 'built' in json.dumps(of(events, 'build'))
    assert [line['logline'] for line in of(events, 'log')] == ['1']
    assert events[-1][0] == 'end' and events[-1][2] == {'state': 'done', 'response': 0}
    assert of(events, 'state')[-1]['id'] == made['job']


@pytest.mark.parametrize('accept', [NDJSON, SSE])
def test_events_end_with_why_the_build_failed(alice, accept):
    events = events_of(alice, accept, 'true', dockerfile='FROM busybox\nRUN exit 9\n')
    end = events[-1]
    assert end[0] == 'end' and end[2]['state'] == 'FAILED' and '9' in end[2]['error']
    assert of(events, 'state') == []


# The results

@pytest.mark.both
def test_zip_is_the_results_after_the_end(alice):
    with Run(alice, ZIP, 'echo x > /outbox/x; exit 3', image_id=alice.image()) as run:
        content = run.rest()
    assert run.status == 200 and run.headers['X-Exit-Code'] == '3'
    assert run.headers['Content-Type'] == 'application/zip'
    assert f'job-{run.job()}.zip' in run.headers['Content-Disposition']
    assert zipfile.ZipFile(io.BytesIO(content)).read('x') == b'x\n'


@pytest.mark.both
def test_zip_of_a_failed_build_is_its_error(alice):
    answer = alice.post('/run', {'dockerfile': 'FROM busybox\nRUN exit 9\n'},
                        headers={'Accept': ZIP})
    refused(answer, 422, '9')


def test_zip_of_a_job_that_never_ran_is_its_error(alice):
    answer = alice.post('/run', {'image_id': alice.image(), 'user': 'nosuchuser'},
                        headers={'Accept': ZIP})
    refused(answer, 409, 'nosuchuser')


def test_the_form_is_the_one_that_accept_prefers(alice):
    """A client may name JSON, too, since errors are JSON."""
    with Run(alice, 'application/json;q=0.5, application/zip', 'echo x > /outbox/x',
             image_id=alice.image()) as run:
        assert (run.status, run.headers['Content-Type']) == (200, ZIP)
        assert zipfile.ZipFile(io.BytesIO(run.rest())).namelist() == ['x']


# Cuts, and the same key

@pytest.mark.both
@pytest.mark.parametrize('accept', [TEXT, NDJSON, ZIP])
def test_a_cut_leaves_the_job_running_and_the_key_joins_it(kabuto, carol, accept):
    fields = {'key': 'joined', 'image_id': carol.image()}
    command = f'echo first; {WAIT}; echo last; echo x > /outbox/x'
    if accept == ZIP:
        with pytest.raises(Exception):
            carol.post('/run', {'command': command, 'image_id': fields['image_id']}, timeout=3,
                       headers={'Accept': ZIP, 'Idempotency-Key': 'joined'})
    else:
        with Run(carol, accept, command, **fields) as run:
            run.until(b'first')
    job, = carol.json('/jobs')
    until(lambda: carol.lines(job) == ['first'], 'the job goes on')
    kabuto.let_go(int(job))
    with Run(carol, accept, command, **fields) as run:
        text = run.rest()
    assert len(carol.json('/jobs')) == 1
    if accept == ZIP:
        assert zipfile.ZipFile(io.BytesIO(text)).namelist() == ['go', 'x']
    else:
        assert text.index(b'first') < text.index(b'last'), 'from its beginning'
    again = carol.post('/run', {'command': command, 'image_id': fields['image_id']},
                       headers={'Idempotency-Key': 'joined'})
    assert expect(again, 201).json()['job'] == int(job)


def test_a_key_joins_a_build_and_what_is_gone_says_so(own, proxy):
    dave = own(engine_socket=proxy.path).user('dave')
    image = dave.image()
    proxy.hold(BUILD)
    fields = {'key': 'k', 'dockerfile': 'FROM busybox\nENV X=1\n'}
    with Run(dave, TEXT, 'echo $X', **fields) as run:
        job, pipeline = run.job(), int(run.headers['X-Pipeline'])
        proxy.wait_held(1)
    with Run(dave, TEXT, 'echo $X', **fields) as run:
        proxy.release_all()
        text = run.rest()
    assert b'ENV X=1' in text and b'\n1\nexit 0, results: ' in text
    expect(dave.call('DELETE', f'/pipeline/{pipeline}/job/{job}'), 200)
    with Run(dave, TEXT, 'echo $X', **fields) as run:
        assert run.rest().endswith(b'\nfailed: the job was deleted\n')
    events = events_of(dave, NDJSON, 'echo $X', **fields)
    assert events[-1] == ('end', None, {'state': 'FAILED', 'response': None,
                                        'error': 'the job was deleted'})
    refused(dave.post('/run', {'command': 'echo $X', 'dockerfile': fields['dockerfile']},
                      headers={'Accept': ZIP, 'Idempotency-Key': 'k'}), 410, 'deleted')
    assert image


@pytest.mark.parametrize('how, words', [('kill', 'killed by its owner'),
                                        ('delete', 'the job was deleted')])
def test_a_job_that_leaves_its_build_ends_the_stream(own, proxy, how, words):
    dave = own(engine_socket=proxy.path).user('dave')
    dave.image()
    proxy.hold(BUILD)
    with Run(dave, TEXT, 'true', dockerfile='FROM busybox\nENV X=1\n') as run:
        path = f"/pipeline/{run.headers['X-Pipeline']}/job/{run.job()}"
        proxy.wait_held(1)
        expect(dave.post(path + '/kill') if how == 'kill' else dave.call('DELETE', path), 200)
        assert run.rest().endswith(f'failed: {words}\n'.encode())
    proxy.release_all()


def test_streams_of_runs_count_and_a_refused_one_makes_no_job(own):
    kabuto = own({'streams_max': 1})
    dave = kabuto.user('dave')
    image = dave.image()
    with Run(dave, TEXT, WAIT, image_id=image) as run:
        refused(dave.post('/run', {'image_id': image}, headers={'Accept': TEXT}), 429, 'streams')
        assert len(dave.json('/jobs')) == 1
        made = expect(dave.post('/run', {'image_id': image, 'command': 'true'}), 201).json()
        kabuto.let_go(run.job())
        run.rest()
    dave.wait_job(made['pipeline'], made['job'])


@pytest.mark.both
@pytest.mark.parametrize('how', ['kill', 'stop'])
def test_a_text_whose_pool_ends_has_no_last_line_and_its_key_joins_again(kabuto, carol, how):
    """nginx ends such an answer as if it were complete; lighttpd cuts it off."""
    fields, command = {'key': 'r', 'image_id': carol.image()}, f'echo first; {WAIT}; echo last'
    with Run(carol, TEXT, command, **fields) as run:
        run.until(b'first')
        getattr(kabuto['upload'], how)()
        kabuto['upload'].start()
        kabuto.wait_healthy()
        with contextlib.suppress(requests.exceptions.RequestException):
            run.rest()
        assert b'exit' not in run.read
    job, = carol.json('/jobs')
    kabuto.let_go(int(job))
    text, again, _ = text_of(carol, command, **fields)
    assert text.startswith('first\nlast\nexit 0, ') and again == int(job)


def test_many_runs_at_once_keep_apart(alice):
    texts = {}

    def one(i):
        texts[i], _, _ = text_of(alice.again(), f'echo {i}', image_id=alice.image())
    alice.image()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {i: text.split('\n')[0] for i, text in texts.items()} == {i: str(i) for i in range(12)}
