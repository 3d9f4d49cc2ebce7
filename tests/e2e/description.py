"""Every answer is held against the API's own description, /openapi.json."""
import pathlib
import re
from urllib.parse import urlsplit

import json
import jsonschema

TEXT = (pathlib.Path(__file__).parents[2] / 'fcgi/calls/openapi.json').read_text()
DESCRIPTION = json.loads(TEXT)
RESOLVER = jsonschema.RefResolver.from_schema(DESCRIPTION)
LARGE = 300_000  # bytes of a body that would take long to validate


def resolved(item):
    while '$ref' in item:
        item = RESOLVER.resolve(item['$ref'])[1]
    return item


def pattern(template):
    """Of the paths that a template stands for; the outbox's names may have slashes."""
    whole = re.escape(template).replace(r'\{name\}', '.+')
    return re.compile(re.sub(r'\\{\w+\\}', '[^/]+', whole) + '/?$')


# Concrete paths come before those with parameters (OpenAPI 3.1, section 4.8.8.2).
PATHS = sorted(((pattern(template), template.count('{'), item)
                for template, item in DESCRIPTION['paths'].items()), key=lambda path: path[1])


def operation_of(method, url):
    path = urlsplit(url).path
    for expression, _, item in PATHS:
        if expression.match(path) and method.lower() in item:
            return item[method.lower()]
    return None


def validate(schema, value, where):
    validator = jsonschema.Draft202012Validator(schema, resolver=RESOLVER)
    problem = jsonschema.exceptions.best_match(validator.iter_errors(value))
    assert problem is None, f'{where}: {problem.message} at {list(problem.absolute_path)}'


# What a browser must not do with an answer, whatever it takes it for.
HEADERS = {'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY',
           'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
           'Referrer-Policy': 'no-referrer', 'Cross-Origin-Resource-Policy': 'same-origin'}


# A view shows files in a sandbox of their own, to any page that knows its URL.
VIEW_HEADERS = {'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer',
                'Access-Control-Allow-Origin': '*', 'X-Robots-Tag': 'noindex',
                'Cross-Origin-Resource-Policy': 'cross-origin', 'Cache-Control': 'no-store'}


def check_headers(answer):
    """Answers that the web server makes by itself, of errors and of parts, have only some."""
    is_view = (urlsplit(answer.request.url).path.startswith('/view/') and
               answer.status_code in (200, 206, 304))
    for name, value in (VIEW_HEADERS if is_view else HEADERS).items():
        if answer.status_code in (200, 206) or name in answer.headers:
            assert answer.headers.get(name) == value, f'{name}: {answer.headers}'


def check_header(value, header, where):
    """One that is described; a number comes as its digits."""
    if value is None:
        assert not header.get('required'), f'{where} is missing'
        return
    if header['schema']['type'] == 'integer':
        assert value.isdigit(), f'{where}: {value}'
        value = int(value)
    validate(header['schema'], value, where)


def check(answer):
    """That the description has this status, content type and body for the call."""
    check_headers(answer)
    method, url = answer.request.method, answer.request.url
    operation = operation_of('GET' if method == 'HEAD' else method, url)
    if operation is None:
        return  # an unknown path or method, which is not described
    where = f'{method} {url}: {answer.status_code}'
    responses = operation['responses']
    assert str(answer.status_code) in responses, f'{where} is not described'
    response = resolved(responses[str(answer.status_code)])
    for name, header in response.get('headers', {}).items():
        check_header(answer.headers.get(name), resolved(header), f'{where}: {name}')
    content = response.get('content')
    if content is None or method == 'HEAD':
        return
    kind = answer.headers['Content-Type'].split(';')[0]
    ranges = {kind, kind.split('/')[0] + '/*', '*/*'}  # OpenAPI 3.1, section 4.8.14.1
    assert ranges & set(content), f'{where}: {kind} is not described'
    if kind == 'application/json' and len(answer.content) < LARGE:
        validate(content.get(kind, {}).get('schema', {}), answer.json(), where)
