"""POST /run: one call makes a job, with all that it needs, and queues it."""
import pytest

from client import WAIT, expect, refused

pytestmark = pytest.mark.limit(300)


def run(client, command=None, files=(), key=None, accept=None, **fields):
    """POST /run, whatever the answer; files: [(name, content)]."""
    headers = {'Idempotency-Key': key} if key else {}
    if accept:
        headers['Accept'] = accept
    if command is not None:
        fields['command'] = command
    parts = [('attachments', file) for file in files]
    return client.post('/run', fields, files=parts or None, headers=headers)


def path_of(client, url):
    assert url.startswith(client.url + '/'), url
    return url[len(client.url):]


@pytest.mark.both
def test_one_call_runs_a_job(kabuto, alice):
    made = expect(run(alice, 'sort /inbox/a.csv > /outbox/sorted; echo ran',
                      [('a.csv', b'b\na\n')], image_id=alice.image(), name='sorting'), 201).json()
    assert (made['image'], made['build']) == (alice.image(), None)
    end = alice.wait_job(made['pipeline'], made['job'])
    assert (end['state'], end['name'], end['pipeline_name']) == ('done', 'sorting', 'sorting')
    assert alice.results(end).read('sorted') == b'a\nb\n'
    assert alice.lines(made['job']) == ['ran']
    assert kabuto.sql("SELECT count(*) FROM event WHERE action = 'run' AND object = ?",
                      made['job']) == [(1,)]


def test_urls_of_the_answer_are_the_calls(alice):
    made = expect(run(alice, WAIT, image_id=alice.image()), 201).json()
    urls, job = made['urls'], str(made['job'])
    assert set(urls) == {'job', 'log', 'events', 'results', 'kill', 'build', 'page'}
    assert urls['build'] is None
    assert set(alice.json(path_of(alice, urls['job']))) == {job}
    alice.wait_state(made['pipeline'], made['job'], 'running')
    expect(alice.post(path_of(alice, urls['kill'])), 200)
    assert alice.wait_job(made['pipeline'], made['job'])['error'] == 'killed by its owner'
    assert alice.json(path_of(alice, urls['log'])) is not None
    expect(alice.get(path_of(alice, urls['results'])), 200)
    assert '"event":"end"' in alice.get(path_of(alice, urls['events']),
                                        headers={'Accept': 'application/x-ndjson'}).text
    assert path_of(alice, urls['page']) == f'/ui/job/{job}'


@pytest.mark.parametrize('headers, address', [
    ({'Host': 'kabuto.example'}, 'http://kabuto.example'),
    ({'Host': 'kabuto.example:81', 'X-Forwarded-Proto': 'https'}, 'https://kabuto.example:81'),
])
def test_urls_have_the_address_that_the_client_called(alice, headers, address):
    fields = {'image_id': alice.image(), 'command': 'true'}
    cookie = f"session={alice.session.cookies['session']}"  # it is not sent to another host
    made = expect(alice.post('/run', fields, headers={**headers, 'Cookie': cookie}), 201).json()
    alice.wait_job(made['pipeline'], made['job'])
    assert made['urls']['job'] == f"{address}/pipeline/{made['pipeline']}/job/{made['job']}"


def test_a_run_in_a_pipeline_is_its_last_job(alice):
    pipeline = alice.pipeline('mine')
    first = alice.job(pipeline, 'true')
    made = expect(run(alice, 'true', image_id=alice.image(), pipeline=pipeline), 201).json()
    assert made['pipeline'] == pipeline
    assert [x['id'] for x in alice.pipeline_state(pipeline)['jobs']] == [first, made['job']]
    alice.wait_job(pipeline, made['job'])
    assert alice.state(pipeline, first)['state'] == 'ready', 'only the new job is queued'


def test_a_pipeline_without_a_name_is_called_run(alice):
    made = expect(run(alice, 'true', image_id=alice.image()), 201).json()
    assert alice.pipeline_state(made['pipeline'])['name'] == 'run'
    alice.wait_job(made['pipeline'], made['job'])


@pytest.mark.both
def test_the_same_key_gives_the_same_job(kabuto, carol):
    fields = {'image_id': carol.image()}
    first = expect(run(carol, 'true', [('a', b'1')], key='k1', **fields), 201)
    again = expect(run(carol, 'true', [('a', b'1')], key='k1', **fields), 201)
    assert again.json() == first.json()
    assert again.headers['Idempotency-Replayed'] == 'true'
    refused(run(carol, 'true', [('a', b'2')], key='k1', **fields), 422, 'different call')
    assert len(carol.json('/jobs')) == 1 and len(carol.json('/pipeline')) == 1
    carol.wait_job(first.json()['pipeline'], first.json()['job'])


def made(client):
    return len(client.json('/jobs')), len(client.json('/pipeline')), len(client.json('/image'))


@pytest.mark.parametrize('fields, status, words', [
    ({'image_id': None}, 400, ['image_id', 'missing']),
    ({'image_id': '999999'}, 404, ['Image not found']),
    ({'pipeline': '999999'}, 404, ['Pipeline not found']),
    ({'memory': '900t'}, 422, ['memory']),
    ({'imageid': '1'}, 400, ['did you mean image_id']),
])
def test_what_cannot_run_makes_nothing(alice, fields, status, words):
    fields = {'image_id': alice.image(), **fields}
    before = made(alice)
    refused(run(alice, 'true', [('a', b'1')], **fields), status, *words)
    assert made(alice) == before


def test_another_accounts_image_and_pipeline_are_not_there(alice, carol):
    refused(run(carol, 'true', image_id=alice.image()), 404, 'Image not found')
    pipeline = alice.pipeline()
    refused(run(carol, 'true', image_id=carol.image(), pipeline=pipeline), 404,
            'Pipeline not found')
    assert alice.pipeline_state(pipeline)['jobs'] == [] and carol.json('/jobs') == {}


def test_a_full_queue_refuses_the_run_whole(own):
    kabuto = own({'queued_max': 1})
    dave = kabuto.user('dave')
    image = dave.image()
    kabuto['spooler'].stop()
    expect(run(dave, 'true', image_id=image), 201)
    answer = run(dave, 'true', [('a', b'1')], image_id=image)
    refused(answer, 429, 'at most 1 jobs in queue')
    assert int(answer.headers['Retry-After']) > 0
    assert len(dave.json('/jobs')) == 1 and len(dave.json('/pipeline')) == 1
    kabuto['spooler'].start()
