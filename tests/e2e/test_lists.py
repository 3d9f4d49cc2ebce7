"""Lists: filters, orders and pages, which the server answers."""
import threading

import pytest

from client import expect, refused
from ctl import known_as
from holding import HoldingServer
from wait import until


def pages(client, path):
    """The ids of all pages, in the order in which they come."""
    found = []
    while path:
        answer = expect(client.get(path), 200)
        items = answer.json()
        found.append([item['id'] for item in items] if isinstance(items, list) else
                     [int(key) for key in items])
        path = answer.links.get('next', {}).get('url')
        path = path and path.replace(client.url, '')
    return found


def ids(client, path):
    return [one for page in pages(client, path) for one in page]


@pytest.fixture(scope='module')
def shared(lasting):
    return lasting()


@pytest.fixture
def dave(shared):
    return shared.user()


@pytest.fixture(scope='module')
def root(shared):
    assert shared.ctl('user', 'add', 'root', '--admin', input='SecreT').returncode == 0
    return known_as(shared, 'root')


@pytest.mark.both
def test_jobs_are_filtered_by_name_image_pipeline_and_state(carol):
    first, second = carol.pipeline('a'), carol.pipeline('b')
    image = carol.image('FROM busybox\nENV A=1\n')
    jobs = [carol.job(first, 'true', name='Fit model 1'),
            carol.job(first, 'true', name='fit&50%', image=image),
            carol.job(second, 'exit 1', name='other', image=image),
            carol.job(second, 'exit 1')]
    carol.submit(second)
    for job in jobs[2:]:
        carol.wait_job(second, job)
    for query, expected in (
            ('', jobs), ('name=FIT', jobs[:2]), ('name=fit%2650%25', jobs[1:2]),
            ('name=%25', jobs[1:2]), ('name=', jobs), ('name=nothing', []), (f'image={image}', jobs[1:3]),
            (f'pipeline={second}', jobs[2:]), ('state=failed', jobs[2:]),
            (f'state=failed&image={image}&name=o', jobs[2:3]), ('image=0', []),
            (f'pipeline={first}&state=failed', []), (f'account={carol.login.upper()}', jobs)):
        assert ids(carol, f'/jobs?{query}') == expected, query
        assert ids(carol, f'/jobs?{query}&order=newest') == expected[::-1], query
        assert ids(carol, f'/jobs?{query}&limit=1') == expected, query
        assert ids(carol, f'/jobs?{query}&limit=1&order=newest') == expected[::-1], query
    assert ids(carol, f'/pipeline/{second}/job?image={image}&order=newest') == jobs[2:3]
    assert pages(carol, f'/pipeline/{second}/job?limit=1&order=newest&state=failed') == \
        [jobs[3:], jobs[2:3]]
    assert ids(carol, f'/jobs?order=newest&after={jobs[2]}') == jobs[1::-1]
    answer = carol.get('/jobs?limit=1&name=f%26%25t&order=oldest&after=0')
    assert answer.json() == {} and 'next' not in answer.links
    answer = carol.get('/jobs?limit=1&name=fit&order=newest')
    assert f'after={jobs[1]}' in answer.links['next']['url']


@pytest.mark.parametrize('query, word', [
    ('order=up', 'oldest newest'), ('image=x', 'image'), ('pipeline=-1', 'pipeline'),
    ('own=perhaps', 'own'), ('account=', 'account'), ('name=' + 'x' * 256, 'name')])
def test_wrong_filters_are_refused(alice, query, word):
    refused(alice.get(f'/jobs?{query}'), 400, word)


def test_users_see_their_own_and_an_admin_chooses(shared, root, dave):
    erin = shared.user()
    begun = {}
    for user in (dave, erin, root):
        begun[user.login] = user.begin('true')
        user.wait_job(*begun[user.login])
    mine, hers, roots = (begun[user.login] for user in (dave, erin, root))
    assert {mine[1], hers[1], roots[1]} <= set(ids(root, '/jobs?order=newest&limit=100'))
    assert ids(root, '/jobs?own=true') == ids(root, '/jobs?own') == [roots[1]]
    assert roots[1] in ids(root, '/jobs?own=false') and mine[1] in ids(root, '/jobs?own=false')
    assert ids(root, '/pipeline?own=true') == [roots[0]]
    assert ids(root, '/image?own=true') == [root.image()]
    assert len(ids(root, '/image/build?own=true')) == 1
    assert ids(root, f'/jobs?account={erin.login}') == [hers[1]]
    assert ids(root, f'/jobs?account={erin.login}&state=done&limit=1') == [hers[1]]
    refused(root.get('/jobs?account=nobody'), 404, 'no account')
    refused(root.get(f'/jobs?account={erin.login}&own=true'), 403, 'admin')
    refused(dave.get(f'/jobs?account={erin.login}'), 403, 'admin')
    refused(dave.get('/jobs?account=nobody'), 403, 'admin')
    assert ids(dave, f'/jobs?pipeline={hers[0]}') == ids(dave, f'/jobs?image={erin.image()}') == []
    assert ids(dave, f'/image/build?image={erin.image()}') == []
    for path in ('/jobs', '/pipeline', '/image', '/image/build'):
        shown = root.json(path).values()
        assert {item['account'] for item in shown} >= {dave.login, erin.login, 'root'}
        told = dave.login if path in ('/jobs', '/image/build') else None
        assert {item.get('account') for item in dave.json(path).values()} == {told}
    for path in (f'/pipeline/{hers[0]}/job/{hers[1]}', f'/pipeline/{hers[0]}',
                 f'/image/{erin.image()}'):
        shown, = root.json(path).values()
        assert shown['account'] == erin.login


@pytest.mark.both
def test_pipelines_images_and_events_come_newest_first(carol):
    pipelines = [carol.pipeline(name) for name in ('One', 'two', 'ONE more')]
    image = carol.image('FROM busybox\nENV B=1\n', name='First')
    second = carol.image('FROM busybox\nENV C=1\n', name='second')
    assert ids(carol, '/pipeline?order=newest') == pipelines[::-1]
    assert pages(carol, '/pipeline?order=newest&limit=2') == [pipelines[:0:-1], pipelines[:1]]
    assert ids(carol, '/pipeline?name=one&order=newest&limit=1') == [pipelines[2], pipelines[0]]
    assert ids(carol, '/pipeline?name=one') == [pipelines[0], pipelines[2]]
    assert ids(carol, '/image?order=newest') == [second, image]
    assert ids(carol, '/image?name=FIR') == [image]
    assert pages(carol, '/image?order=newest&limit=1') == [[second], [image]]
    events = ids(carol, '/account/events')
    assert ids(carol, '/account/events?order=newest') == events[::-1]
    assert ids(carol, '/account/events?order=newest&limit=2') == events[::-1]


@pytest.mark.both
def test_builds_are_listed(carol):
    builds, image = [], None
    for text in ('FROM busybox\n', 'FROM busybox\nRUN exit 3\n'):
        builds.append(int(carol.build(text, name='mine')))
        image = image or carol.wait_build(builds[0], 'SUCCESS')['id']
    carol.wait_build(builds[1], 'FAILED')
    answer = expect(carol.call('PUT', f'/image/{image}',
                               data={'name': 'new', 'dockerfile': 'FROM busybox\n'}), 200)
    builds.append(int(answer.json()['build_id']))
    carol.wait_build(builds[2], 'SUCCESS')
    shown = carol.json('/image/build')
    assert [int(key) for key in shown] == builds
    assert [build['state'] for build in shown.values()] == ['SUCCESS', 'FAILED', 'SUCCESS']
    assert [build['name'] for build in shown.values()] == ['new', 'mine', 'new']
    assert all('output' not in build for build in shown.values())
    one = carol.build_state(builds[1])
    assert one.pop('output') and one == shown[str(builds[1])]
    assert one['build_id'] == builds[1] and one['account'] == carol.login
    assert one['creation_date'] <= one['started_at'] <= one['finished_at']
    assert ids(carol, f'/image/build?image={image}&order=newest') == [builds[2], builds[0]]
    assert ids(carol, '/image/build?state=FAILED') == [builds[1]]
    assert pages(carol, '/image/build?order=newest&limit=2&state=SUCCESS') == \
        [[builds[2], builds[0]]]
    assert pages(carol, '/image/build?limit=2') == [builds[:2], builds[2:]]
    refused(carol.get('/image/build?state=done'), 400, 'PENDING')


def test_output_of_a_build_is_followed_without_a_repetition(alice):
    with HoldingServer() as server:
        url = f'http://{server.address(alice)}/'
        build = alice.build(f'FROM busybox\nRUN echo before; wget -q -O - {url}; echo after\n')
        until(lambda: server.asked, 'the build runs')
        path, seen = f'/image/build/{build}', []
        until(lambda: len(alice.build_state(build)['output']) > 0, 'it has output')
        seen = alice.build_state(build)['output']
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(
            alice.again().json(f'{path}?wait=30&output_after={len(seen)}')))
        waiting.start()
        server.release()
        waiting.join(60)
        assert answers and answers[0]['output'], 'it answers before the end, or at the end'
        while answers[-1]['state'] == 'PENDING':
            seen += answers[-1]['output']
            answers.append(alice.json(f'{path}?wait=30&output_after={len(seen)}'))
        seen += answers[-1]['output']
    whole = alice.build_state(build)
    assert whole['output'] == seen and whole['state'] == 'SUCCESS'
    assert alice.json(f'{path}?output_after={len(seen)}')['output'] == []
    assert alice.json(f'{path}?output_after={len(seen) - 1}')['output'] == seen[-1:]
    assert alice.json(f'{path}?output_after=9999&wait=30')['output'] == []
    refused(alice.get(f'{path}?output_after=x'), 400, 'output_after')


FILL = '''
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO job (pipeline, account, image, position, network, timeout, grace, memory, cpus,
                     pids, disk, attachment_token, created_at, finished_at, state, name)
    SELECT pipeline.id, pipeline.account, ?, i, 'none', 1, 1, 1, 1, 1, 1, '', 1, 1,
           iif(i = 1, 'failed', 'done'), iif(i = 1, 'needle', 'hay')
    FROM n, pipeline WHERE pipeline.id = ?'''


def test_page_of_a_hundred_thousand_jobs_examines_some_of_them(own):
    """In a test build a statement that reads a whole table or sorts it ends the process."""
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, image = dave.pipeline(), dave.image()
    kabuto.sql(FILL, image, pipeline)
    job, = ids(dave, '/jobs?limit=1&after=0&state=failed')
    newest = list(range(job + 99999, job + 99949, -1))
    for query in ('', '&state=done', f'&pipeline={pipeline}', f'&image={image}', '&name=HA',
                  f'&pipeline={pipeline}&state=done&name=h&image={image}'):
        answer = expect(dave.get(f'/jobs?limit=50&order=newest{query}'), 200)
        assert [int(key) for key in answer.json()] == newest, query
        assert f'after={newest[-1]}' in answer.links['next']['url']
    assert pages(dave, '/jobs?limit=50&order=newest&state=failed') == [[job]]
    for query in ('name=needle', f'pipeline={pipeline}&state=failed', f'image={image}&name=NEEDLE'):
        assert pages(dave, f'/jobs?limit=50&order=newest&{query}') == [[], [], [], [], [job], []]
        assert pages(dave, f'/jobs?limit=50&{query}') == [[job], [], [], [], [], []]
    assert ids(dave, '/jobs?order=newest&name=needle') == [job], 'a whole list has no bound'
    mallory = kabuto.user('mallory')
    for query in (f'pipeline={pipeline}', f'image={image}', f'pipeline={pipeline}&state=failed'):
        for order in ('oldest', 'newest'):
            answer = mallory.get(f'/jobs?limit=1&order={order}&{query}')
            assert answer.json() == {} and 'next' not in answer.links, 'it tells how many there are'
    kabuto.sql("DELETE FROM job WHERE name IN ('hay', 'needle')")


def test_page_of_jobs_with_many_attachments_is_short(own):
    """So that a page needs about as much memory as one job of that kind."""
    kabuto = own()
    erin = kabuto.user()
    pipeline = erin.pipeline()
    jobs = [erin.job(pipeline, 'true') for _ in range(4)]
    for job in jobs[:3]:
        kabuto.sql('WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 60000) '
                   'INSERT INTO attachment (job, name, size) SELECT ?, i, 1 FROM n', job)
    for path in ('/jobs', f'/pipeline/{pipeline}/job'):
        assert pages(erin, f'{path}?limit=10') == [jobs[:2], jobs[2:]]
        assert pages(erin, f'{path}?limit=10&order=newest') == [[*jobs[:0:-1]], [jobs[0]]]
        assert ids(erin, path) == jobs
    kabuto.sql('DELETE FROM attachment')
