"""Every route, with every method, by everybody: one table says what each gets."""
import itertools

import pytest

from client import PASSWORD, Client, expect
from description import DESCRIPTION

METHODS = ('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS')

# How far a call reaches: ANYBODY may make it; WHOEVER is logged in may, about themselves; a THING is
# its owner's and an admin's, and is not there for others; a KEPT thing is its owner's alone.
ANYBODY, WHOEVER, THING, KEPT = 'anybody', 'whoever', 'thing', 'kept'
READS, CHANGES = False, True

# method, path, reach, whether it changes something, the owner's status, parameters
TABLE = [
    ('POST', '/register', ANYBODY, CHANGES, 400, {}),
    ('GET', '/register/confirm/{login}/{token}', ANYBODY, READS, 404, {}),
    ('POST', '/login', ANYBODY, CHANGES, 400, {}),
    ('POST', '/logout', WHOEVER, CHANGES, 200, {}),
    ('GET', '/', WHOEVER, READS, 200, {}),
    ('GET', '/account', WHOEVER, READS, 200, {}),
    ('POST', '/account/password', WHOEVER, CHANGES, 400, {}),
    ('GET', '/account/events', WHOEVER, READS, 200, {}),
    ('GET', '/account/token', WHOEVER, READS, 200, {}),
    ('POST', '/account/token', WHOEVER, CHANGES, 200, {'name': 'n'}),
    ('GET', '/account/token/{token}', KEPT, READS, 200, {}),
    ('DELETE', '/account/token/{token}', KEPT, CHANGES, 200, {}),
    ('GET', '/image', WHOEVER, READS, 200, {}),
    ('POST', '/image', WHOEVER, CHANGES, 400, {'name': 'n'}),
    ('GET', '/image/{image}', THING, READS, 200, {}),
    ('PUT', '/image/{image}', THING, CHANGES, 400, {'name': 'n'}),
    ('DELETE', '/image/{image}', THING, CHANGES, 200, {}),
    ('GET', '/image/build', WHOEVER, READS, 200, {}),
    ('GET', '/image/build/{build}', THING, READS, 200, {}),
    ('DELETE', '/image/build/{build}', THING, CHANGES, 409, {}),
    ('GET', '/image/build/{build}/{image}', THING, READS, 200, {}),
    ('GET', '/pipeline', WHOEVER, READS, 200, {}),
    ('POST', '/pipeline', WHOEVER, CHANGES, 200, {'name': 'n'}),
    ('GET', '/pipeline/{pipeline}', THING, READS, 200, {}),
    ('PUT', '/pipeline/{pipeline}', THING, CHANGES, 200, {'name': 'n'}),
    ('DELETE', '/pipeline/{pipeline}', THING, CHANGES, 200, {}),
    ('POST', '/pipeline/{pipeline}/submit', THING, CHANGES, 409, {}),
    ('POST', '/pipeline/{pipeline}/cancel', THING, CHANGES, 200, {}),
    ('POST', '/pipeline/{pipeline}/rerun', THING, CHANGES, 200, {}),
    ('GET', '/pipeline/{pipeline}/job', THING, READS, 200, {}),
    ('POST', '/pipeline/{pipeline}/job', THING, CHANGES, 404, {'image_id': '999999'}),
    ('GET', '/pipeline/{pipeline}/job/{job}', THING, READS, 200, {}),
    ('PUT', '/pipeline/{pipeline}/job/{job}', THING, CHANGES, 200, {'command': 'false'}),
    ('DELETE', '/pipeline/{pipeline}/job/{job}', THING, CHANGES, 200, {}),
    ('GET', '/pipeline/{pipeline}/job/{job}/kill', THING, CHANGES, 409, {}),
    ('POST', '/pipeline/{pipeline}/job/{job}/kill', THING, CHANGES, 409, {}),
    ('GET', '/pipeline/{pipeline}/job/{job}/outbox', THING, READS, 409, {}),
    ('GET', '/pipeline/{pipeline}/job/{job}/outbox/{name}', THING, READS, 409, {}),
    ('POST', '/pipeline/{pipeline}/job/{job}/rerun', THING, CHANGES, 200, {'submit': 'false'}),
    ('GET', '/pipeline/{pipeline}/job/{job}/usage', THING, READS, 200, {}),
    ('POST', '/run', WHOEVER, CHANGES, 404, {'image_id': '999999'}),
    ('POST', '/pipeline/{pipeline}/job/{job}/view', THING, CHANGES, 409, {}),
    ('GET', '/view/{token}', ANYBODY, READS, 404, {}),
    ('GET', '/view/{token}/{name}', ANYBODY, READS, 404, {}),
    ('GET', '/jobs', WHOEVER, READS, 200, {}),
    ('GET', '/execution/{job}/logs', THING, READS, 200, {}),
    ('POST', '/execution/{job}/logs', THING, CHANGES, 200, {}),
    ('GET', '/execution/{job}/logs/{after}', THING, READS, 200, {}),
    ('GET', '/execution/{job}/events', THING, READS, 200, {}),
    ('GET', '/events', WHOEVER, READS, 200, {}),
    ('GET', '/healthz', ANYBODY, READS, 200, {}),
    ('GET', '/openapi.json', ANYBODY, READS, 200, {}),
]
STREAMS = ('/execution/{job}/events', '/events')  # their answers do not end


@pytest.fixture(scope='module')
def world(start, alive):
    """A Kabuto without an engine's work: its images are rows."""
    kabuto = start({'queued_max': 1})
    kabuto.owner, kabuto.other, kabuto.root = (kabuto.user(x) for x in ('owner', 'other', 'root'))
    assert kabuto.ctl('user', 'admin', 'root', 'on').returncode == 0
    yield kabuto
    kabuto.sql('DELETE FROM attachment')
    if kabuto in alive:
        alive.remove(kabuto)
    kabuto.destroy()


def things(kabuto):
    """One of each of the owner's, anew."""
    owner = kabuto.owner
    account = owner.json('/account')['id']
    image, = kabuto.sql("INSERT INTO image (account, name, created_at) VALUES (?, 'i', 1) "
                        'RETURNING id', account)[0]
    build, = kabuto.sql("INSERT INTO build (image, account, state, nocache, created_at) "
                        "VALUES (?, ?, 'SUCCESS', 0, 1) RETURNING id", image, account)[0]
    kabuto.sql('UPDATE image SET build = ? WHERE id = ?', build, image)
    (kabuto.state / 'builds' / str(build)).mkdir()
    pipeline = owner.pipeline()
    job = owner.job(pipeline, 'true', image=image)
    # A submit finds a job without an image: no job of these runs.
    lost, = kabuto.sql("INSERT INTO image (account, name, created_at, deleted) "
                       "VALUES (?, 'gone', 1, 1) RETURNING id", account)[0]
    other = owner.job(pipeline, 'true', image=image)
    kabuto.sql('UPDATE job SET image = ? WHERE id = ?', lost, other)
    token = expect(owner.post('/account/token', {'name': 'n'}), 200).json()
    return {'image': image, 'build': build, 'pipeline': pipeline, 'job': job,
            'token': token['id'], 'login': 'owner', 'name': 'a.txt', 'after': 0}


def forget(kabuto):
    kabuto.sql('DELETE FROM token')
    kabuto.sql('UPDATE account SET disabled = 0')


def nobody(kabuto):
    return Client(kabuto), {}


def owner(kabuto):
    return kabuto.owner.again(), {}


def stranger(kabuto):
    return kabuto.other.again(), {}


def admin(kabuto):
    return kabuto.root.again(), {}


def expired(kabuto):
    client = kabuto.owner.again()
    kabuto.sql('UPDATE session SET used_at = 1 WHERE used_at = (SELECT max(used_at) FROM session) '
               'AND hash NOT IN (SELECT hash FROM session ORDER BY used_at LIMIT 3)')
    return client, {}


def by_token(kabuto):
    value = expect(kabuto.owner.post('/account/token', {'name': 'n'}), 200).json()['token']
    return Client(kabuto), {'Authorization': f'Bearer {value}'}


def from_another_site(kabuto):
    return kabuto.owner.again(), {'Sec-Fetch-Site': 'cross-site'}


def from_another_origin(kabuto):
    return kabuto.owner.again(), {'Origin': 'https://evil.example'}


def expected(who, reach, changes, status):
    """What the table's row means for somebody else than the owner."""
    if who in (from_another_site, from_another_origin) and changes:
        return 403
    if reach == ANYBODY:
        return status
    if who in (nobody, expired):
        return 401
    if who is stranger and reach in (THING, KEPT) or who is admin and reach == KEPT:
        return 404
    return status


WHO = (nobody, owner, stranger, admin, expired, by_token, from_another_site, from_another_origin)


def test_table_has_each_route():
    described = {(method.upper(), path) for path, item in DESCRIPTION['paths'].items()
                 for method in item if method != 'head'}  # those are the GETs'
    assert described == {(row[0], row[1]) for row in TABLE}


@pytest.mark.limit(600)
@pytest.mark.parametrize('who', WHO, ids=lambda who: who.__name__)
def test_who_gets_what(world, who):
    wrong = []
    for method, path, reach, changes, status, fields in TABLE:
        place = path.format(**things(world))
        client, headers = who(world)
        answer = client.call(method, place, data=fields or None, headers=headers,
                             stream=path in STREAMS)
        should_be = expected(who, reach, changes, status)
        if answer.status_code != should_be:
            wrong.append(f'{method} {path}: {answer.status_code}, not {should_be}: '
                         + ('' if path in STREAMS else answer.text))
        answer.close()
        forget(world)
    assert not wrong, '\n'.join(wrong)


@pytest.mark.limit(600)
def test_other_methods_are_405_for_everybody(world):
    place = things(world)
    routes = {}
    for method, path, *_ in TABLE:
        routes.setdefault(path, set()).add(method)
    wrong = []
    for (path, known), method, who in itertools.product(routes.items(), METHODS, (nobody, owner)):
        reads = 'GET' in known and not path.endswith('/kill')
        if path == '/image/build':  # "build" could be the id of /image/{image}
            known = known | {'PUT', 'DELETE'}
        if method in known or (method == 'HEAD' and reads):
            continue
        client, headers = who(world)
        answer = client.call(method, path.format(**place), headers=headers)
        allowed = {word.strip() for word in answer.headers.get('Allow', '').split(',')}
        if answer.status_code != 405 or allowed - {'HEAD'} != known:
            wrong.append(f'{method} {path}: {answer.status_code} {allowed}')
    assert not wrong, '\n'.join(wrong)


def test_lists_show_ones_own_alone(world):
    place = things(world)
    for path, key in (('/image', 'image'), ('/pipeline', 'pipeline'), ('/jobs', 'job'),
                      ('/account/token', 'token')):
        assert str(place[key]) in world.owner.json(path)
        assert str(place[key]) not in world.other.json(path)
        assert (str(place[key]) in world.root.json(path)) == (key != 'token')
    forget(world)


def test_password_is_asked_for_even_with_a_session(world):
    answer = world.owner.again().post('/account/password', {'password': PASSWORD + 'x',
                                                            'new_password': 'another one'})
    assert answer.status_code == 401
