"""A certificate for 127.0.0.1, made by a CA of the tests' own."""
import subprocess


def make(folder):
    """Writes ca.pem, server.pem and server.key into folder."""
    def openssl(*words):
        subprocess.run(['openssl', *map(str, words)], check=True, capture_output=True)
    ca, ca_key = folder / 'ca.pem', folder / 'ca.key'
    server, key, request = (folder / f'server.{x}' for x in ('pem', 'key', 'csr'))
    extensions = folder / 'extensions'
    extensions.write_text('subjectAltName = IP:127.0.0.1, DNS:localhost\n')
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', 2, '-subj', '/CN=Test CA',
            '-keyout', ca_key, '-out', ca)
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1', '-keyout', key,
            '-out', request)
    openssl('x509', '-req', '-in', request, '-CA', ca, '-CAkey', ca_key, '-CAcreateserial',
            '-days', 2, '-extfile', extensions, '-out', server)
    for path in (ca, server, key):
        path.chmod(0o644)
    return folder
