"""What bad input gets, and that it leaves nothing behind."""
import http.client
import json
import socket

import pytest

import description
import multipart
from client import PASSWORD, expect, refused
from multipart import BOUNDARY, field, file

FORM = 'application/x-www-form-urlencoded'


@pytest.mark.both
@pytest.mark.parametrize('path', [
    '/nothing', '/image/build/1/2/3', '/pipeline/1/job/1/nothing', '/pipeline/1/nothing', '/execution',
    '/execution/1', '/register/confirm', '/register/confirm/x', '/favicon.ico.x', '/pipeline//job',
    '/image/1/2', '/pipeline/1/submit/1', '/index.php', '/x' * 500])
def test_unknown_path_is_404_json(alice, path):
    refused(alice.get(path), 404)


@pytest.mark.both
@pytest.mark.parametrize('path', ['/%2e%2e/etc/passwd', '/image/%00', '/%ff', '/a%2f..%2fb', '/%'])
def test_strange_path_is_refused_in_json(kabuto, alice, path):
    status, body = multipart.send(alice, path, b'', method='GET', content_type=None)
    assert status in (400, 404) and json.loads(body)['error']


@pytest.mark.both
@pytest.mark.parametrize('method, path, allowed', [
    ('DELETE', '/register', {'POST'}), ('GET', '/register', {'POST'}), ('GET', '/login', {'POST'}),
    ('PUT', '/login', {'POST'}), ('GET', '/logout', {'POST'}), ('POST', '/account', {'GET'}),
    ('GET', '/account/password', {'POST'}), ('PATCH', '/image', {'GET', 'POST'}),
    ('DELETE', '/pipeline', {'GET', 'POST'}), ('GET', '/pipeline/1/submit', {'POST'}),
    ('PATCH', '/pipeline/1/job', {'GET', 'POST'}), ('PATCH', '/pipeline/1/job/1', {'GET'}),
    ('DELETE', '/execution/1/logs', {'GET'}), ('POST', '/healthz', {'GET'}),
    ('PUT', '/image/build/1', {'GET', 'DELETE'}), ('DELETE', '/', {'GET'}),
    ('POST', '/register/confirm/a/b', {'GET'}), ('FROB', '/pipeline', {'GET', 'POST'})])
def test_wrong_method_is_405_with_the_right_ones(alice, method, path, allowed):
    answer = alice.call(method, path)
    if method == 'FROB' and answer.status_code in (400, 501):
        return  # a web server may know better
    refused(answer, 405)
    methods = {word.strip() for word in answer.headers['Allow'].split(',')}
    assert allowed <= methods and method not in methods


NEVER = ['999999', '0', '-1', 'x', '1x', '1.0', '0x1', '99999999999999999999',
         '9223372036854775808', '18446744073709551617', '4294967297', '%20', '+1', '1%2f', '１']


@pytest.mark.both
@pytest.mark.parametrize('number', NEVER)
def test_unknown_ids_are_not_found(alice, number):
    own = alice.pipeline()
    for path, error in ((f'/image/{number}', 'Image not found'),
                        (f'/image/build/{number}', 'Build not found'),
                        (f'/pipeline/{number}', 'Pipeline not found'),
                        (f'/pipeline/{number}/job', 'Pipeline not found'),
                        (f'/pipeline/{own}/job/{number}', 'Job not found'),
                        (f'/pipeline/{own}/job/{number}?result', 'Job not found'),
                        (f'/execution/{number}/logs', 'Job not found')):
        assert refused(alice.get(path), 404) == error, path
    answer = alice.post(f'/pipeline/{number}/submit')
    assert refused(answer, 404) == 'Pipeline not found'
    data = {'command': 'true', 'image_id': alice.image()}
    assert refused(alice.post(f'/pipeline/{number}/job', data), 404) == 'Pipeline not found'


@pytest.mark.both
def test_ids_of_others_are_not_found(alice, bob):
    pipeline, job = alice.begin('true')
    alice.wait_job(pipeline, job)
    image = alice.image()
    rows = [('GET', f'/image/{image}', 'Image not found'),
            ('GET', f'/pipeline/{pipeline}', 'Pipeline not found'),
            ('POST', f'/pipeline/{pipeline}/submit', 'Pipeline not found'),
            ('GET', f'/pipeline/{pipeline}/job', 'Pipeline not found'),
            ('POST', f'/pipeline/{pipeline}/job', 'Pipeline not found'),
            ('GET', f'/pipeline/{pipeline}/job/{job}', None),
            ('GET', f'/pipeline/{pipeline}/job/{job}?result', None),
            ('GET', f'/execution/{job}/logs', 'Job not found'),
            ('GET', f'/execution/{job}/logs/0', 'Job not found'),
            ('GET', f'/execution/{job}/logs?raw', 'Job not found')]
    for method, path, error in rows:
        data = None
        if method == 'POST' and path.endswith('/job'):
            data = {'command': 'true', 'image_id': bob.image()}
        said = refused(bob.call(method, path, data=data), 404)
        fitting = [error] if error else ['Pipeline not found', 'Job not found']
        assert said in fitting, path
    assert str(pipeline) not in bob.json('/pipeline') and str(image) not in bob.json('/image')


def test_job_in_another_pipeline_is_not_found(alice):
    job = alice.job(alice.pipeline(), 'true')
    other = alice.pipeline()
    assert refused(alice.get(f'/pipeline/{other}/job/{job}'), 404) == 'Job not found'
    assert refused(alice.get(f'/pipeline/{other}/job/{job}?result'), 404) == 'Job not found'


@pytest.mark.parametrize('image', ['999999', 'of bob'])
def test_job_with_an_image_that_is_not_ones_own(alice, bob, image):
    pipeline = alice.pipeline()
    image = bob.image() if image == 'of bob' else image
    assert refused(alice.post_job(pipeline, 'true', image=image), 404) == 'Image not found'
    assert alice.pipeline_state(pipeline)['jobs'] == []


def test_job_without_an_image(alice):
    refused(alice.post(f'/pipeline/{alice.pipeline()}/job', {'command': 'true'}), 400, 'image_id')


def test_unknown_parameters_of_a_query_or_a_log_in_are_ignored(kabuto, alice):
    expect(alice.get('/pipeline?colour=red&=&&x'), 200)
    expect(alice.post('/pipeline?colour=red', {'name': 'x'}), 200)
    credentials = {'login': alice.login, 'password': PASSWORD}
    expect(kabuto.client().post('/login', {**credentials, 'colour': 'red'}), 200)
    expect(kabuto.client().call('POST', '/login', json={**credentials, 'colour': 'red'}), 200)


# Bodies of the wrong kind

@pytest.mark.both
@pytest.mark.parametrize('content_type', [
    'text/plain', 'application/xml', 'application/octet-stream', 'multipart/mixed; boundary=x',
    'json', 'multipart', 'x' * 3000])
def test_body_of_another_type(alice, content_type):
    refused(alice.post('/pipeline', b'name=x', headers={'Content-Type': content_type}), 415)


@pytest.mark.both
@pytest.mark.parametrize('content_type', [
    FORM, FORM + '; charset=UTF-8', FORM.upper(), FORM + ' ;charset="utf-8"'])
def test_content_type_is_read_as_http_says(alice, content_type):
    expect(alice.post('/pipeline', b'name=x', headers={'Content-Type': content_type}), 200)


@pytest.mark.both
@pytest.mark.parametrize('body', [
    b'', b'{', b'[]', b'null', b'1', b'"name"', b'{"name": }', b'{"name": "x"} x',
    b'{"name": "\xff"}', b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}', b"{'name': 'x'}",
    b'[' * 100000, b'{"a":' * 100000, b'{"name": "x", "name": "y"'],
    ids=lambda body: repr(body[:20]))
def test_broken_json(alice, body):
    refused(alice.post('/pipeline', body, headers={'Content-Type': 'application/json'}), 400)


@pytest.mark.parametrize('value', [None, [], ['a', 'b'], [[]], {}, {'a': 'b'}], ids=repr)
def test_json_of_another_type(alice, value):
    refused(alice.call('POST', '/pipeline', json={'name': value}), 400, 'name')


@pytest.mark.parametrize('value', ['x', [1, 2], {}, True, 1.5, -1, 0, 1e400], ids=repr)
def test_json_number_of_another_type(alice, value):
    text = json.dumps({'name': 'x', 'max_parallel': value}).replace('Infinity', '1e400')
    refused(alice.post('/pipeline', text, headers={'Content-Type': 'application/json'}), 400)


@pytest.mark.both
@pytest.mark.parametrize('body', [b'name=%00', b'name=%ff', b'name=\xff', b'name=a%0ab%00',
                                  b'name=\x00'])
def test_form_that_cannot_be_read(alice, body):
    refused(alice.post('/pipeline', body, headers={'Content-Type': FORM}), 400)


def test_form_with_strange_but_good_parts(alice):
    for body in (b'&&name=x', b'name=x&on_failure', b'name=x&', b'name=%C3%BC+y'):
        expect(alice.post('/pipeline', body, headers={'Content-Type': FORM}), 200)


@pytest.mark.both
def test_name_that_is_too_long(alice):
    answer = alice.post('/pipeline', {'name': 'x' * 100000})
    assert answer.status_code in (400, 413)
    assert answer.json()['error']


# multipart/form-data

@pytest.fixture
def job_path(alice):
    """Where to post a job; afterwards the pipeline must have none."""
    pipeline = alice.pipeline()
    yield f'/pipeline/{pipeline}/job'
    assert alice.pipeline_state(pipeline)['jobs'] == []


def fields(alice):
    return [field('image_id', alice.image()), field('command', 'true')]


GOOD = file('attachments', 'good', b'content')
NAMELESS = b'Content-Disposition: form-data\r\n\r\nx'
HEADLESS = b'\r\n\r\nx'
BROKEN = {
    'no boundary at all': lambda parts: b'name=x',
    'nothing': lambda parts: b'',
    'no end': lambda parts: multipart.body(parts)[:-len(BOUNDARY) - 8],
    'end without dashes': lambda parts: multipart.body(parts)[:-4] + b'\r\n',
    'cut in a header': lambda parts: multipart.body(parts)[:60],
    'cut in the content': lambda parts: multipart.body(parts)[:-30],
    'part without a name': lambda parts: multipart.body(parts + [NAMELESS]),
    'part without headers': lambda parts: multipart.body(parts + [HEADLESS]),
    'header without end': lambda parts: multipart.body(parts + [b'X: ' + b'x' * 100000]),
    'very many headers': lambda parts: multipart.body(
        parts + [b'X: y\r\n' * 20000 + b'Content-Disposition: form-data; name="a"\r\n\r\n']),
    'unended quote': lambda parts: multipart.body(
        parts + [b'Content-Disposition: form-data; name="a\r\n\r\nx']),
    'NUL in a header': lambda parts: multipart.body(
        parts + [b'Content-Disposition: form-data; name="a\0b"\r\n\r\nx']),
    'lone newlines': lambda parts: multipart.body(parts).replace(b'\r\n', b'\n'),
    'text that is not UTF-8': lambda parts: multipart.body(
        parts + [b'Content-Disposition: form-data; name="name"\r\n\r\n\xff\xfe']),
    'only the end': lambda parts: f'--{BOUNDARY}--\r\n'.encode(),
}


@pytest.mark.both
@pytest.mark.parametrize('kind', BROKEN, ids=lambda x: x.replace(' ', '_'))
def test_broken_multipart(alice, job_path, kind):
    status, body = multipart.send(alice, job_path, BROKEN[kind](fields(alice) + [GOOD]))
    assert status == 400, (status, body)
    assert json.loads(body)['error']


@pytest.mark.both
@pytest.mark.parametrize('content_type, status', [
    ('multipart/form-data', 400), ('multipart/form-data; boundary=', 400),
    ('multipart/form-data; boundary=""', 400), ('multipart/form-data; boundary=other', 400),
    (f'multipart/form-data; boundary={"x" * 71}', 400)])
def test_broken_boundary(alice, job_path, content_type, status):
    body = multipart.body(fields(alice) + [GOOD])
    assert multipart.send(alice, job_path, body, content_type=content_type)[0] == status


def test_fields_have_a_limit_of_their_own(alice, job_path):
    not_chosen = file('attachments', '', b'')  # as browsers send a file field that was left empty
    body = multipart.body(fields(alice) + 100000 * [not_chosen])
    status, answer = multipart.send(alice, job_path, body)
    assert status == 413 and b'100000 fields' in answer, (status, answer)


def test_boundary_of_every_good_form(alice):
    pipeline = alice.pipeline()
    for boundary, header in (('x', 'x'), ('x' * 70, 'x' * 70), ("'()+_,-./:=?", "\"'()+_,-./:=?\""),
                             ('a b', '"a b"'), ('--', '--')):
        body = b'preamble\r\n' + multipart.body(fields(alice), boundary) + b'epilogue'
        status, text = multipart.send(alice, f'/pipeline/{pipeline}/job', body,
                                      content_type=f'multipart/form-data; boundary={header}')
        assert status == 200, (boundary, text)


BAD_NAMES = [b'..', b'.', b'../x', b'a/../b', b'a/..', b'/etc/passwd', b'/', b'a//b', b'./a',
             b'a/./b', b'a/', b'a\0b', b'a\x01b', b'a\x7fb', b'a\tb', b'\xff\xfe', b'x' * 256,
             b'/'.join([b'd' * 200] * 30), b'a/' * 3000 + b'x']


@pytest.mark.both
@pytest.mark.parametrize('name', BAD_NAMES, ids=lambda name: repr(name[:12]) + str(len(name)))
def test_attachment_with_a_bad_name(alice, job_path, name):
    body = multipart.body(fields(alice) + [GOOD, file('attachments', name, b'x')])
    status, text = multipart.send(alice, job_path, body)
    assert status == 400, (status, text)
    assert json.loads(text)['error']


@pytest.mark.both
@pytest.mark.parametrize('names', [('a', 'a'), ('d/a', 'd/a'), ('a', 'a/b'), ('a/b', 'a'),
                                   ('d/e/f', 'd/e'), ('d', 'd/e/f')], ids=str)
def test_attachments_that_collide(alice, job_path, names):
    parts = [file('attachments', name, b'x') for name in names]
    status, text = multipart.send(alice, job_path, multipart.body(fields(alice) + parts))
    assert status == 400 and names[0].split('/')[0] in json.loads(text)['error']


def test_attachments_that_differ_in_case_only(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true', [('a', b'1'), ('A', b'2'), ('é', b'3'), ('e\u0301', b'4')])
    assert len(alice.state(pipeline, job)['attachments']) == 4


@pytest.mark.parametrize('name', BAD_NAMES[:8], ids=repr)
def test_build_context_with_a_bad_name(alice, name):
    parts = [field('name', 'x'), field('dockerfile', 'FROM busybox\n'),
             file('attachments', name, b'x')]
    status, text = multipart.send(alice, '/image', multipart.body(parts))
    assert status == 400, text


def test_bad_option_after_good_attachments_keeps_nothing(alice, job_path):
    second = file('attachments', 'second', b'x' * 100000)
    parts = fields(alice) + [GOOD, second, field('timeout', 'x')]
    assert multipart.send(alice, job_path, multipart.body(parts))[0] == 400


def test_unknown_image_after_good_attachments_keeps_nothing(alice, job_path):
    parts = [GOOD, field('image_id', '999999'), field('command', 'true')]
    assert multipart.send(alice, job_path, multipart.body(parts))[0] == 404


def test_attachment_as_a_text_field(alice, job_path):
    parts = fields(alice) + [field('attachments', 'no file')]
    assert multipart.send(alice, job_path, multipart.body(parts))[0] == 400


@pytest.mark.both
def test_body_cut_off(alice, job_path):
    body = multipart.body(fields(alice) + [file('attachments', 'a', b'x' * 300000)])
    for length in (1, 100, len(body) // 2, len(body) - 1):
        multipart.send(alice, job_path, body[:length], length=len(body))


@pytest.mark.both
def test_upload_without_a_session_keeps_nothing(kabuto, alice, job_path):
    parts = fields(alice) + [file('attachments', 'a', b'x' * 3000000)]
    status = multipart.send(kabuto.client(), job_path, multipart.body(parts))[0]
    assert status in (401, 0)


def test_two_sends_of_a_parameter(alice):
    answer = alice.post('/pipeline', [('name', 'one'), ('name', 'two')])
    if answer.status_code == 200:
        pipeline = alice.pipeline_state(answer.json()['id'])
        assert pipeline['name'] in ('one', 'two')
    else:
        refused(answer, 400, 'name')


# HTTP that is strange

def exchange(kabuto, data):
    """Sends these bytes; gives what comes back."""
    with socket.create_connection(('127.0.0.1', kabuto.port), timeout=60) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b''
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.both
@pytest.mark.parametrize('data', [
    b'\r\n\r\n', b'GET\r\n\r\n', b'GET / HTTP/9.9\r\n\r\n', b'\0\0\0\0', b'GET / HTTP/1.1\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    b'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n',
    b'POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    b'GET /%%% HTTP/1.0\r\n\r\n', b'GET /' + b'a' * 60000 + b' HTTP/1.0\r\n\r\n'],
    ids=lambda data: repr(data[:24]))
def test_strange_http_harms_nobody(kabuto, data):
    exchange(kabuto, data)
    assert kabuto.health()[0] == 200


@pytest.mark.parametrize('method, path, headers, status', [
    ('TRACE', '/', {}, 405), ('GET', '/' + 'a' * 9000, {}, 414), ('GET', '/%00', {}, 400),
    ('GET', '/_kabuto/results/x', {}, 404), ('GET', '/', {'X': 'a' * 40000}, 400),
    ('POST', '/login', {'Content-Length': '99999999'}, 413)],
    ids=lambda x: str(x)[:12])
def test_web_server_refuses_with_the_headers_of_kabuto(kabuto, method, path, headers, status):
    connection = http.client.HTTPConnection('127.0.0.1', kabuto.port, timeout=60)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    assert answer.status == status, answer.read()
    for name, value in (*description.HEADERS.items(), ('Cache-Control', 'no-store')):
        assert answer.headers.get_all(name) == [value], answer.headers
    connection.close()


@pytest.mark.both
def test_chunked_body_is_read(kabuto, carol):
    connection = http.client.HTTPConnection('127.0.0.1', kabuto.port, timeout=60)
    body = (piece for piece in (b'login=', carol.login.encode(), b'&password=' + PASSWORD.encode()))
    connection.request('POST', '/login', body, {'Content-Type': FORM}, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status in (200, 411, 400), answer.read()
    connection.close()


@pytest.mark.parametrize('pool, method, path', [
    ('api', 'GET', '/image'), ('upload', 'POST', '/image'), ('upload', 'PUT', '/pipeline/1/job/1'),
    ('follow', 'GET', '/execution/1/logs')])
def test_pool_that_is_down_is_said_to_be(kabuto, carol, pool, method, path):
    kabuto[pool].kill()
    try:
        answer = carol.call(method, path)
        assert 'kabuto.fcgi' in refused(answer, 503) and answer.headers['Retry-After'] == '1'
        for name, value in description.HEADERS.items():
            assert answer.headers[name] == value, answer.headers
    finally:
        kabuto[pool].start()
    kabuto.wait_healthy()


@pytest.mark.both
@pytest.mark.parametrize('method, path', [
    ('POST', '/login'), ('POST', '/register'), ('POST', '/image'), ('POST', '/image?wait=9'),
    ('POST', '/execution/1/logs'), ('POST', '/pipeline/1/job'), ('DELETE', '/image/1')])
def test_bodies_that_never_come_keep_no_thread(kabuto, method, path):
    """More of them than the pools have threads; nobody of them has logged in."""
    head = (f'{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n'
            'Content-Type: application/x-www-form-urlencoded\r\n\r\na').encode()
    waiting = [socket.create_connection(('127.0.0.1', kabuto.port)) for _ in range(40)]
    try:
        for connection in waiting:
            connection.sendall(head)
        assert kabuto.health()[0] == 200 and kabuto.pools_answer()
    finally:
        for connection in waiting:
            connection.close()


def test_headers_cannot_become_others(kabuto, alice):
    """Names that the server hands to its own web server must not be a client's to give."""
    answer = alice.get('/pipeline', headers={'X-Accel-Redirect': '/_kabuto/results/x', 'Proxy': 'x',
                                             'X-Sendfile': '/etc/passwd', 'Status': '500'})
    expect(answer, 200)
    assert 'X-Accel-Redirect' not in answer.headers


@pytest.mark.both
def test_sql_is_text_only(alice):
    name = "x'); DROP TABLE job; --"
    pipeline = alice.pipeline(name)
    assert alice.pipeline_state(pipeline)['name'] == name
    refused(alice.get("/pipeline/1' OR '1'='1"), 404)
    refused(alice.get('/pipeline?limit=1;drop'), 400)


@pytest.mark.both
def test_markup_in_names_stays_text(alice):
    name = '<script>alert(1)</script>&"\''
    assert alice.pipeline_state(alice.pipeline(name))['name'] == name
