"""multipart/form-data made by hand, so that it can be wrong; and HTTP sent piece by piece."""
import http.client

BOUNDARY = 'boundary'


def field(name, value):
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file(name, filename, content, content_type='application/octet-stream'):
    if isinstance(filename, str):
        filename = filename.encode()
    return (b'Content-Disposition: form-data; name="' + name.encode() +
            b'"; filename="' + filename + b'"\r\nContent-Type: ' +
            content_type.encode() + b'\r\n\r\n' + content)


def body(parts, boundary=BOUNDARY):
    mark = b'--' + boundary.encode()
    return b''.join(mark + b'\r\n' + part + b'\r\n' for part in parts) + mark + b'--\r\n'


def send(client, path, content, chunk=None, method='POST', length=None,
         content_type=f'multipart/form-data; boundary={BOUNDARY}', headers=None):
    """Sends it in pieces of `chunk` bytes; gives status and body, (0, b'') if it was cut off."""
    connection = http.client.HTTPConnection('127.0.0.1', client.kabuto.port, timeout=60)
    connection.putrequest(method, path)
    if content_type is not None:
        connection.putheader('Content-Type', content_type)
    connection.putheader('Content-Length', str(len(content) if length is None else length))
    connection.putheader('Cookie', f'session={client.session.cookies.get("session", "")}')
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    try:
        connection.endheaders()
        for start in range(0, len(content), chunk or len(content) or 1):
            connection.send(content[start:start + (chunk or len(content))])
        if length is not None and length > len(content):
            return 0, b''
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, http.client.RemoteDisconnected):
        return 0, b''
    finally:
        connection.close()
