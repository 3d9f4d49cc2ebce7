"""The web servers' configuration for one Kabuto: the examples of etc/, with its own paths."""
import pathlib
import shutil

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ETC = SOURCE / 'etc'

NGINX = '''
daemon off;
pid {web}/nginx.pid;
error_log stderr;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {web}/body;
    proxy_temp_path {web}/proxy;
    fastcgi_temp_path {web}/fastcgi;
    uwsgi_temp_path {web}/uwsgi;
    scgi_temp_path {web}/scgi;
{example}
}}
'''

LIGHTTPD = '''
server.errorlog = "{web}/error.log"
{example}
'''


def example(kabuto):
    text = (ETC / f'{kabuto.server}.conf.example').read_text()
    for shipped, own in (('/run/kabuto/', f'{kabuto.sockets}/'),
                         ('/var/lib/kabuto', str(kabuto.state)),
                         ('/var/empty', str(kabuto.root / 'web')),
                         ('/var/tmp', str(kabuto.root / 'web')),
                         ('/etc/lighttpd/kabuto-errors', str(kabuto.root / 'errors')),
                         ('/usr/share/kabuto/www', str(kabuto.root / 'www')),
                         ('5000', str(kabuto.port))):
        text = text.replace(shipped, own)
    return text


def write(kabuto):
    frame = {'nginx': NGINX, 'lighttpd': LIGHTTPD}[kabuto.server]
    text = frame.format(web=kabuto.root / 'web', example=example(kabuto))
    (kabuto.root / f'{kabuto.server}.conf').write_text(text)
    shutil.copytree(ETC / 'lighttpd-errors', kabuto.root / 'errors', dirs_exist_ok=True)
    shutil.copytree(SOURCE / 'fcgi/www', kabuto.root / 'www', dirs_exist_ok=True)


def command(kabuto):
    config = kabuto.root / f'{kabuto.server}.conf'
    if kabuto.server == 'nginx':
        return ['nginx', '-e', 'stderr', '-p', kabuto.root / 'web', '-c', config]
    return ['lighttpd', '-D', '-f', config]
