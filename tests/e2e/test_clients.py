"""What clients of many kinds send: it works, or the answer says what to do."""
import base64
import json
import quopri
import re
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

import description
import multipart
from client import PASSWORD, expect, refused
from multipart import field, file

FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
JSON = {'Content-Type': 'application/json'}


@pytest.fixture
def no_job(alice):
    """Where to post a job that must not come to be."""
    pipeline = alice.pipeline()
    yield f'/pipeline/{pipeline}/job'
    assert alice.pipeline_state(pipeline)['jobs'] == []


def post(client, path, parts, status=200, **kw):
    """Posts parts made by hand; gives the answer's JSON."""
    got, text = multipart.send(client, path, multipart.body(parts), **kw)
    assert got == status, (got, text)
    return json.loads(text)


def job_of(alice, *parts, **kw):
    """Posts a job with these parts; gives it as GET shows it."""
    pipeline = alice.pipeline()
    fields = [field('image_id', alice.image()), *parts]
    job = post(alice, f'/pipeline/{pipeline}/job', fields, **kw)['id']
    return alice.state(pipeline, job)


def stored(kabuto, job, name):
    """The file of an attachment."""
    token, = kabuto.sql('SELECT attachment_token FROM job WHERE id = ?', job)[0]
    return kabuto.state / 'inbox' / token / name


# Names

@pytest.mark.both
@pytest.mark.parametrize('name', ['attachments', 'attachments[]', 'attachments[0]',
                                  'attachments%5B%5D'])
def test_files_may_come_as_a_list(alice, name):
    """axios, PHP and jQuery name lists so."""
    job = job_of(alice, file(name, 'a.csv', b'1'), file(name, 'b.csv', b'12'))
    assert job['attachments'] == [{'name': 'a.csv', 'size': 1}, {'name': 'b.csv', 'size': 2}]


@pytest.mark.both
@pytest.mark.parametrize('given', [
    [('env', 'A=1'), ('env', 'B=2')], [('env[]', 'A=1'), ('env[]', 'B=2')],
    [('env[0]', 'A=1'), ('env[1]', 'B=2')], [('env[A]', '1'), ('env[B]', '2')],
    [('env.A', '1'), ('env.B', '2')], [('env{}', '{"A": "1", "B": 2}')],
    [('env', '{"A": "1", "B": 2}')], [('env', '["A=1", "B=2"]')]], ids=str)
def test_values_may_come_as_a_list_or_a_map(alice, given):
    assert job_of(alice, *[field(*pair) for pair in given])['env'] == ['A=1', 'B=2']
    pipeline = alice.pipeline()
    job = expect(alice.post(f'/pipeline/{pipeline}/job', [('image_id', alice.image()), *given]),
                 200).json()['id']
    assert alice.state(pipeline, job)['env'] == ['A=1', 'B=2']


@pytest.mark.parametrize('given', [
    {'env': ['A=1', 'B=2']}, {'env[]': ['A=1', 'B=2']}, {'env[0]': 'A=1', 'env[1]': 'B=2'},
    {'env': {'A': '1', 'B': 2, 'C': None}}, {'env[A]': '1', 'env[B]': 2},
    {'env': ['A=1', 'B=2'], 'attachments': [], 'name': None}], ids=str)
def test_values_may_come_as_a_list_or_an_object_in_json(alice, given):
    pipeline = alice.pipeline()
    job = expect(alice.call('POST', f'/pipeline/{pipeline}/job',
                            json={'image_id': alice.image(), **given}), 200).json()['id']
    assert alice.state(pipeline, job)['env'] == ['A=1', 'B=2']


@pytest.mark.both
@pytest.mark.parametrize('name', ['file', 'context', 'files', 'attachment', 'attachments[a]', ''])
def test_file_under_an_unknown_name_is_refused(alice, no_job, name):
    parts = [field('image_id', alice.image()), file(name, 'a.csv', b'x')]
    error = post(alice, no_job, parts, 400)['error']
    assert error.startswith(f'{name}: ') and 'send files as attachments' in error
    image = [field('name', 'x'), field('dockerfile', 'FROM busybox'), file(name, 'a.csv', b'x')]
    assert 'send files as attachments' in post(alice, '/image', image, 400)['error']


@pytest.mark.both
@pytest.mark.parametrize('path', ['/pipeline', '/pipeline/{}/submit', '/login', '/logout'])
def test_file_for_a_call_without_files_is_refused(kabuto, alice, path):
    client = kabuto.client() if path == '/login' else alice.again()
    path = path.format(alice.pipeline())
    parts = [field('name', 'x'), field('login', alice.login), field('password', PASSWORD),
             file('attachments', 'a.csv', b'x')]
    if path == '/pipeline':
        parts = [parts[0], parts[-1]]
    if path.endswith('/submit'):
        parts = [parts[-1]]
    assert 'this call takes no files' in post(client, path, parts, 400)['error']


def test_file_field_that_was_left_empty_is_no_file(alice):
    """Browsers send it so, whatever its name."""
    job = job_of(alice, file('attachments', '', b''), file('logo', '', b''))
    assert job['attachments'] == []


def strict_calls(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true')
    image = alice.image()
    yield 'POST', '/image', {'name': 'x', 'dockerfile': 'FROM busybox\n'}
    yield 'PUT', f'/image/{image}', {'dockerfile': 'FROM busybox\n'}
    yield 'POST', '/pipeline', {'name': 'x'}
    yield 'PUT', f'/pipeline/{pipeline}', {'name': 'y'}
    yield 'POST', f'/pipeline/{pipeline}/job', {'image_id': image}
    yield 'PUT', f'/pipeline/{pipeline}/job/{job}', {'command': 'false'}
    for path in (f'{pipeline}/submit', f'{pipeline}/cancel', f'{pipeline}/job/{job}/kill'):
        yield 'POST', f'/pipeline/{path}', {}


@pytest.mark.both
def test_unknown_parameter_is_refused_in_every_format(alice):
    for method, path, fields in strict_calls(alice):
        fields = {**fields, 'colour': 'red'}
        for body in ({'data': fields}, {'json': fields}, {'files': [(k, (None, str(v)))
                                                                    for k, v in fields.items()]}):
            error = refused(alice.call(method, path, **body), 400)
            assert re.match('colour: (there is|this call takes) no ', error), error


@pytest.mark.parametrize('body', [{}, {'data': b''}, {'json': {}},
                                  {'headers': {'Content-Type': 'application/json'}}])
def test_submit_needs_no_body(alice, body):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true')
    answer = alice.call('POST', f'/pipeline/{pipeline}/submit', **body)
    assert expect(answer, 200).json() == {str(job): 'in_queue'}
    alice.wait_job(pipeline, job)


@pytest.mark.parametrize('name, meant', [
    ('memroy', 'memory'), ('Memory', 'memory'), ('cpu', 'cpus'), ('imageId', 'image_id'),
    ('environment', 'env'), ('attachment', 'attachments'), ('time_out', 'timeout')])
def test_unknown_parameter_is_told_the_nearest_one(alice, no_job, name, meant):
    answer = alice.post(no_job, {'image_id': alice.image(), name: '1'})
    assert refused(answer, 400) == f'{name}: there is no such parameter; did you mean {meant}?'


# Encoded and nested parts

def part(name, *headers, content=b'', filename=None):
    """A part with more headers than the usual ones."""
    filename = f'; filename="{filename}"' if filename is not None else ''
    lines = (f'Content-Disposition: form-data; name="{name}"{filename}', *headers)
    return '\r\n'.join(lines).encode() + b'\r\n\r\n' + content


BYTES = bytes(range(256)) * 50


@pytest.mark.both
@pytest.mark.parametrize('encoding, content, expected', [
    ('base64', base64.encodebytes(BYTES).replace(b'\n', b'\r\n'), BYTES),
    ('base64', base64.b64encode(BYTES), BYTES), ('Base64', b'', b''),
    ('quoted-printable', quopri.encodestring(BYTES), BYTES),
    ('7bit', b'eA==', b'eA=='), ('8bit', BYTES, BYTES), ('binary', BYTES, BYTES)])
@pytest.mark.parametrize('chunk', [None, 77])
def test_encoded_file_is_decoded(alice, encoding, content, expected, chunk):
    job = job_of(alice, part('attachments', f'Content-Transfer-Encoding: {encoding}',
                             content=content, filename='a'), chunk=chunk)
    assert job['attachments'] == [{'name': 'a', 'size': len(expected)}]
    assert stored(alice.kabuto, job['id'], 'a').read_bytes() == expected


@pytest.mark.both
def test_encoded_text_is_decoded(alice):
    job = job_of(alice,
                 part('command', 'Content-Transfer-Encoding: base64', content=b'ZWNobyDDqQ=='),
                 part('name', 'Content-Transfer-Encoding: quoted-printable', content=b'a=3D=C3=A9'))
    assert (job['command'], job['name']) == ('echo é', 'a=é')


@pytest.mark.parametrize('encoding, content, said', [
    ('x-uuencode', b'x', "'x-uuencode', which is unknown"), ('gzip', b'x', 'base64'),
    ('base64', b'a', 'not valid base64'), ('base64', b'\xff\xff', 'not valid base64'),
    ('quoted-printable', b'=xy', 'not valid quoted-printable')])
def test_part_with_a_bad_encoding_is_refused(alice, no_job, encoding, content, said):
    parts = [field('image_id', alice.image()),
             part('attachments', f'Content-Transfer-Encoding: {encoding}', content=content,
                  filename='a')]
    assert said in post(alice, no_job, parts, 400)['error']


def test_limit_of_a_text_counts_its_decoded_bytes(alice):
    """It has 131,000 bytes at most; encoded it is larger."""
    text = base64.b64encode(b'x' * 131000)
    job = job_of(alice, part('command', 'Content-Transfer-Encoding: base64', content=text))
    assert len(job['command']) == 131000


def mixed(*files):
    """What curl sends for -F attachments=@a,b."""
    parts = [b'Content-Disposition: attachment; filename="' + name.encode() +
             b'"\r\nContent-Type: text/plain\r\n\r\n' + content for name, content in files]
    return part('attachments', 'Content-Type: multipart/mixed; boundary=inner',
                content=multipart.body(parts, 'inner'))


@pytest.mark.both
@pytest.mark.parametrize('chunk', [None, 13])
def test_files_of_one_part_are_all_read(alice, chunk):
    job = job_of(alice, mixed(('a', b'1'), ('b', b'12')), file('attachments', 'c', b'123'),
                 mixed(('d', b'')), chunk=chunk)
    assert [(x['name'], x['size']) for x in job['attachments']] == \
        [('a', 1), ('b', 2), ('c', 3), ('d', 0)]


def test_files_of_one_part_obey_the_rules_of_names(alice, no_job):
    for bad in ('../x', 'a'):
        parts = [field('image_id', alice.image()), mixed(('a', b'1'), (bad, b'2'))]
        assert 'attachments: ' in post(alice, no_job, parts, 400)['error']


def test_part_with_a_content_encoding_is_refused(alice, no_job):
    parts = [part('attachments', 'Content-Encoding: gzip', content=b'x', filename='a')]
    assert 'send it without one' in post(alice, no_job, parts, 415)['error']


# Texts

DOCKERFILE = 'FROM busybox\r\nRUN echo a && \\\r\n\techo b\r\n'


def formats(fields):
    """The ways to send fields as a form."""
    return {'urlencoded': {'data': fields},
            'multipart': {'files': [(name, (None, text)) for name, text in fields.items()]}}


@pytest.mark.both
@pytest.mark.parametrize('kind', ['urlencoded', 'multipart'])
def test_lines_of_a_form_end_with_lf(alice, kind):
    """Browsers send each line of a textarea with CRLF at its end."""
    fields = {'image_id': str(alice.image()), 'command': 'echo a\r\necho b\rc\r\n',
              'env': 'A=1\r\n2'}
    pipeline = alice.pipeline()
    job = expect(alice.post(f'/pipeline/{pipeline}/job', **formats(fields)[kind]), 200).json()['id']
    state = alice.state(pipeline, job)
    assert (state['command'], state['env']) == ('echo a\necho b\rc\n', ['A=1\n2'])
    fields = {'name': f'lines {kind}', 'dockerfile': DOCKERFILE}
    build = expect(alice.post('/image', **formats(fields)[kind]), 200).json()['build_id']
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert alice.json(f'/image/{image}')[str(image)]['dockerfile'] == DOCKERFILE.replace('\r', '')


def test_command_with_crlf_runs_in_a_form(alice):
    job = alice.run('for x in 1 2\r\ndo\r\n\techo $x\r\ndone\r\n')
    assert (job['state'], alice.lines(job['id'])) == ('done', ['1', '2'])


def test_lines_of_files_and_json_stay(alice):
    pipeline = alice.pipeline()
    job = expect(alice.call('POST', f'/pipeline/{pipeline}/job', json={
        'image_id': alice.image(), 'command': 'a\r\nb'}), 200).json()['id']
    assert alice.state(pipeline, job)['command'] == 'a\r\nb'
    job = job_of(alice, file('attachments', 'a', b'a\r\nb'))
    assert stored(alice.kabuto, job['id'], 'a').read_bytes() == b'a\r\nb'
    build = expect(alice.post('/image', {'name': 'x'}, files={'dockerfile': (
        'Dockerfile', DOCKERFILE)}), 200).json()['build_id']
    image = alice.wait_build(build, 'SUCCESS')['id']
    assert alice.json(f'/image/{image}')[str(image)]['dockerfile'] == DOCKERFILE


@pytest.mark.parametrize('kind', ['urlencoded', 'multipart'])
def test_password_stays_as_it_is(kabuto, kind):
    """It may be one that was set before, or that is sent as JSON another time."""
    client = kabuto.client()
    fields = {'login': f'exact{kind}', 'password': '\ufeffa\r\nb\r\n', 'email': 'me@example.org'}
    token = expect(client.post('/register', **formats(fields)[kind]), 200).json()['token']
    expect(client.confirm(fields['login'], token), 200)
    del fields['email']
    expect(client.post('/login', **formats(fields)[kind]), 200)
    expect(client.call('POST', '/login', json=fields), 200)
    refused(client.post('/login', {**fields, 'password': 'a\nb\n'}), 401)


def test_form_may_end_with_a_line_break(alice):
    """wget --post-file sends a file as it is."""
    pipeline = alice.pipeline()
    form = f'command=true&memory=%2064m%20&image_id={alice.image()}\n'
    job = expect(alice.post(f'/pipeline/{pipeline}/job', form, headers=FORM), 200).json()['id']
    assert alice.state(pipeline, job)['memory'] == 64 << 20


def test_list_of_names_and_values_is_told_how_to_write_it(alice, no_job):
    """Otherwise it would set the variables `name` and `value`."""
    env = [{'name': 'A', 'value': '1'}]
    answer = alice.call('POST', no_job, json={'image_id': alice.image(), 'env': env})
    refused(answer, 400, 'env: write {"KEY": "VALUE"}')


@pytest.mark.both
def test_byte_order_mark_is_left_out(alice):
    """Programs on Windows write one."""
    mark = '\ufeff'
    pipeline = alice.pipeline()
    fields = {'image_id': alice.image(), 'command': f'{mark}true', 'name': f'{mark}x'}
    bodies = [{'data': fields}, {'json': fields},
              {'data': mark.encode() + urlencode(fields).encode(), 'headers': FORM},
              {'data': mark.encode() + json.dumps(fields).encode(), 'headers': JSON},
              {'files': {k: (None, str(v)) for k, v in fields.items()}},
              {'data': {'image_id': alice.image(), 'name': 'x'},
               'files': {'command': ('run.sh', f'{mark}true')}}]
    path = f'/pipeline/{pipeline}/job'
    for body in bodies:
        job = expect(alice.call('POST', path, **body), 200).json()['id']
        state = alice.state(pipeline, job)
        assert (state['command'], state['name']) == ('true', 'x'), body


@pytest.mark.both
def test_command_may_be_a_file(alice):
    pipeline = alice.pipeline()
    job = expect(alice.post(f'/pipeline/{pipeline}/job', {'image_id': alice.image()},
                            files={'command': ('run.sh', 'echo a\necho b\n')}), 200).json()['id']
    alice.submit(pipeline)
    assert alice.wait_job(pipeline, job)['state'] == 'done'
    assert alice.lines(job) == ['a', 'b']


@pytest.mark.parametrize('size, expected', [
    ('512m', 512), ('512Mi', 512), ('512MB', 512), ('512MiB', 512), ('1Gi', 1024), ('1GiB', 1024),
    ('0.5g', 512), ('64 MiB', 64)])
def test_sizes_are_read_with_the_units_that_people_write(alice, size, expected):
    pipeline = alice.pipeline()
    job = expect(alice.post_job(pipeline, 'true', memory=size, disk=size), 200).json()['id']
    state = alice.state(pipeline, job)
    assert state['memory'] == state['disk'] == expected << 20
    schemas = description.DESCRIPTION['components']['schemas']
    for schema in (schemas['Size'], schemas['JobChange']['properties']['memory']):
        assert re.search(schema['pattern'], size)


@pytest.mark.parametrize('name, value, said', [
    ('memory', '512 megabytes', '64Mi'), ('memory', '512', 'a number without a unit counts bytes'),
    ('env', 'export A=1', "the key 'export A' contains a space"),
    ('command', '@run.sh', '--data-urlencode command@path'), ('timeout', '60s', 'whole number of seconds, without a unit'),
    ('env', 'A', 'KEY=VALUE'), ('cpus', '0,5', 'like 1.5')])
def test_wrong_value_is_told_how_to_write_it(alice, no_job, name, value, said):
    refused(alice.post(no_job, {'image_id': alice.image(), name: value}), 400, f'{name}: ', said)


# Bodies and their headers

@pytest.mark.both
@pytest.mark.parametrize('path', ['/pipeline', '/login'])
@pytest.mark.parametrize('body', [b'{"name": "x"}', b' \n{"name": "x"}', b"{'name': 'x'}",
                                  b'["x"]', b'\xef\xbb\xbf{"name": "x"}'], ids=repr)
def test_json_as_a_form_is_told_the_header(alice, path, body):
    """curl -d sends it so."""
    refused(alice.post(path, body, headers=FORM), 400, 'Content-Type: application/json')


@pytest.mark.both
def test_multipart_as_a_form_is_told_the_header(alice, no_job):
    body = multipart.body([field('image_id', '1')])
    refused(alice.post(no_job, body, headers=FORM), 400, 'looks like multipart/form-data')


@pytest.mark.both
def test_multipart_without_a_boundary_is_told_how_to_get_one(alice, no_job):
    """axios and fetch, where the caller sets the header."""
    body = multipart.body([field('image_id', '1')])
    refused(alice.post(no_job, body, headers={'Content-Type': 'multipart/form-data'}), 400,
            'let the client set it')


@pytest.mark.parametrize('body, said', [
    (multipart.body([field('image_id', '1')], 'other'), 'does not contain the boundary'),
    (multipart.body([field('image_id', '1')]).replace(b'\r\n', b'\n'), 'end with LF')])
def test_multipart_made_by_hand_is_told_what_is_wrong(alice, no_job, body, said):
    kind = f'multipart/form-data; boundary={multipart.BOUNDARY}'
    refused(alice.post(no_job, body, headers={'Content-Type': kind}), 400, said)


@pytest.mark.both
@pytest.mark.parametrize('kind', ['text/plain', 'application/xml', None])
def test_body_of_another_type_is_told_what_to_send(alice, kind):
    headers = {'Content-Type': kind} if kind else {}
    refused(alice.post('/pipeline', b'{"name": "x"}', headers=headers), 415,
            kind or 'no Content-Type', 'Content-Type: application/json')


@pytest.mark.both
@pytest.mark.parametrize('kind', [
    'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'text/json',
    'APPLICATION/JSON', 'application/vnd.api+json', 'application/problem+json; charset=utf-8'])
def test_json_under_its_other_types_is_read(alice, kind):
    expect(alice.post('/pipeline', b'{"name": "x"}', headers={'Content-Type': kind}), 200)


@pytest.mark.both
@pytest.mark.parametrize('encoding, status', [('gzip', 415), ('br', 415), ('deflate', 415),
                                              ('identity', 200)])
def test_compressed_body_is_refused(alice, encoding, status):
    headers = {**JSON, 'Content-Encoding': encoding}
    answer = alice.post('/pipeline', b'{"name": "x"}', headers=headers)
    if status == 200:
        expect(answer, 200)
    else:
        refused(answer, 415, encoding, 'uncompressed')


def test_json_that_was_encoded_twice_is_told_so(alice):
    body = json.dumps(json.dumps({'name': 'x'}))
    refused(alice.post('/pipeline', body, headers=JSON), 400, 'encoded twice')


def test_json_in_another_encoding_is_told_so(alice):
    body = '{"name": "é"}'.encode('latin-1')
    refused(alice.post('/pipeline', body, headers=JSON), 400, 'send it in UTF-8')


@pytest.mark.parametrize('given', [['a', 'b'], 'text', {'a': 'b'}, [{'name': 'a'}]], ids=str)
def test_files_as_json_are_told_how_to_come(alice, no_job, given):
    answer = alice.call('POST', no_job, json={'image_id': alice.image(), 'attachments': given})
    refused(answer, 400, 'attachments: ', 'multipart/form-data')


def test_file_without_a_file_name_is_told_how_to_come(alice, no_job):
    """form-data of Node sends a Buffer so."""
    parts = [field('image_id', alice.image()), field('attachments', 'content')]
    assert 'with a filename' in post(alice, no_job, parts, 400)['error']


@pytest.mark.parametrize('name', [rb'C:\\a\\b.csv', rb'C:\a\b.csv', b'c:/a/b.csv',
                                  rb'\\\\server\\a.csv'])
def test_path_of_windows_is_told_to_be_a_name(alice, no_job, name):
    parts = [field('image_id', alice.image()), file('attachments', name, b'x')]
    assert 'only the file\'s name' in post(alice, no_job, parts, 400)['error']


# Credentials

def basic(user, password):
    return {'Authorization': 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()}


@pytest.fixture
def token(alice):
    """An API token of hers."""
    return expect(alice.post('/account/token', {'name': 'x'}), 200).json()['token']


@pytest.mark.both
def test_token_comes_in_basic_credentials(kabuto, alice, token):
    """Of .netrc, of git, and of clients that send it as the user name."""
    for user, password in ((alice.login, token), ('x-access-token', token), ('', token),
                           (token, ''), (token, 'x-oauth-basic')):
        answer = kabuto.client().get('/account', headers=basic(user, password))
        assert expect(answer, 200).json()['login'] == alice.login


@pytest.mark.both
@pytest.mark.parametrize('header, said', [
    (basic('alice', PASSWORD), 'in place of the password'), (basic('', ''), 'API token'),
    (basic('x', 'kabuto_' + 'x' * 43), 'wrong or has expired'),
    ({'Authorization': 'Basic'}, 'API token'), ({'Authorization': 'Basic %%%'}, 'API token'),
    ({'Authorization': 'Basic ' + 'QUFB' * 1000}, 'API token'),
    ({'Authorization': 'Token kabuto_x'}, "'Bearer <token>'")], ids=str)
def test_other_credentials_are_told_what_to_send(kabuto, alice, header, said):
    answer = kabuto.client().get('/account', headers=header)
    refused(answer, 401, said)
    assert answer.headers['WWW-Authenticate'].startswith('Bearer')


@pytest.mark.both
def test_client_that_waits_for_the_challenge_sends_its_credentials(kabuto, alice, token):
    """wget, urllib, git and Java send none before they are asked. A browser would ask the user."""
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, kabuto.url, alice.login, token)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(kabuto.url + '/account', timeout=30) as answer:
        assert json.load(answer)['login'] == alice.login
    for agent, schemes in (('curl/7.88.1', ['Bearer', 'Basic']),
                           ('Mozilla/5.0 (X11; Linux x86_64)', ['Bearer'])):
        request = urllib.request.Request(kabuto.url + '/account', headers={'User-Agent': agent})
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
        offered = refusal.value.headers.get_all('WWW-Authenticate')
        assert refusal.value.code == 401 and [x.split()[0] for x in offered] == schemes


def test_cookie_counts_beside_the_credentials_of_a_proxy(alice):
    expect(alice.get('/account', headers=basic('proxy', 'secret')), 200)


def test_basic_credentials_do_not_open_the_door_to_other_sites(kabuto, alice, token):
    """A browser sends them by itself, as it does with a cookie."""
    headers = {**basic(alice.login, token), 'Sec-Fetch-Site': 'cross-site'}
    refused(kabuto.client().post('/pipeline', {'name': 'x'}, headers=headers), 403)


# Files of a build, and modes

@pytest.mark.both
def test_dockerfile_among_the_attachments_is_the_dockerfile(alice):
    text = 'FROM busybox\nCOPY a /a\nRUN cat /a\n'
    for mark in ('', '\ufeff'):
        files = [('attachments', ('Dockerfile', mark + text)), ('attachments', ('a', 'content'))]
        image = alice.wait_build(alice.build(None, files=files), 'SUCCESS')['id']
        assert alice.json(f'/image/{image}')[str(image)]['dockerfile'] == text
    build = expect(alice.call('PUT', f'/image/{image}', files=files, data={'dockerfile': ''}), 200)
    alice.wait_build(build.json()['build_id'], 'SUCCESS')


@pytest.mark.parametrize('content, status, said', [
    (b'', 400, "'Dockerfile' is empty"), (b'FROM \xff', 400, 'UTF-8'),
    (b'#' * ((1 << 20) + 1), 413, 'Dockerfile')], ids=['empty', 'bytes', 'large'])
def test_dockerfile_among_the_attachments_is_a_text(alice, content, status, said):
    parts = [field('name', 'x'), file('attachments', 'Dockerfile', content)]
    assert said in post(alice, '/image', parts, status)['error']


def test_image_without_a_dockerfile_is_told_how_to_send_one(alice):
    parts = [field('name', 'x'), file('attachments', 'd/Dockerfile', b'FROM busybox')]
    assert 'with the name Dockerfile' in post(alice, '/image', parts, 400)['error']


def test_folder_with_the_name_dockerfile_is_no_dockerfile(alice):
    parts = [field('name', 'x'), file('attachments', 'Dockerfile/a', b'FROM busybox')]
    assert 'with the name Dockerfile' in post(alice, '/image', parts, 400)['error']


def test_files_for_a_repository_are_refused(alice):
    parts = [field('name', 'x'), field('repo_url', 'https://x.example/x.git'),
             file('attachments', 'a', b'x')]
    assert 'a repo_url takes no files' in post(alice, '/image', parts, 400)['error']


@pytest.mark.both
def test_attachments_are_executable(alice):
    """Multipart has no modes. docker does the same for contexts from Windows."""
    script = b'#!/bin/sh\necho it runs\n'
    job = alice.run('/inbox/run.sh && /inbox/bin/run.sh && stat -c %a /inbox/run.sh',
                    [('run.sh', script), ('bin/run.sh', script)])
    assert alice.lines(job['id']) == ['it runs', 'it runs', '755']
    alice.wait_build(alice.build('FROM busybox\nCOPY run.sh /\nRUN /run.sh && [ $(stat -c %a '
                                 '/run.sh) = 755 ]\n',
                                 files=[('attachments', ('run.sh', script))]), 'SUCCESS')
