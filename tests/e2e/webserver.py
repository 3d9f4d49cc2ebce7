"""The web servers' configuration for one Kabuto."""

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
    upstream api {{ server unix:{sockets}/api.sock; keepalive 2; }}
    upstream upload {{ server unix:{sockets}/upload.sock; }}
    upstream follow {{ server unix:{sockets}/follow.sock; }}
    map "$request_method $uri" $pool {{
        default api;
        "~^(POST|PUT) /image" upload;
        "~^(POST|PUT) /pipeline/[^/]+/job" upload;
        "~^[A-Z]+ /execution/" follow;
    }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        etag on;
        location / {{
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
            fastcgi_param HTTPS $https if_not_empty;
            fastcgi_param SERVER_PROTOCOL $server_protocol;
            fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
            fastcgi_param HTTP_PROXY "";
            fastcgi_request_buffering off;
            fastcgi_read_timeout 1h;
            fastcgi_pass $pool;
        }}
        location /_kabuto/results/ {{ internal; alias {state}/results/; }}
        location /_kabuto/logs/ {{
            internal;
            alias {state}/logs/;
            add_header X-Log-Size $upstream_http_x_log_size always;
        }}
    }}
}}
'''

LIGHTTPD = '''
server.port = {port}
server.bind = "127.0.0.1"
server.document-root = "{web}"
server.errorlog = "/dev/stderr"
server.modules = ("mod_fastcgi")
server.upload-dirs = ("{web}")
server.stream-request-body = 1
server.stream-response-body = 1
'''


def write(kabuto):
    paths = {'web': kabuto.root / 'web', 'sockets': kabuto.sockets, 'state': kabuto.state,
             'port': kabuto.port}
    text = {'nginx': NGINX, 'lighttpd': LIGHTTPD}[kabuto.server].format(**paths)
    (kabuto.root / f'{kabuto.server}.conf').write_text(text)


def command(kabuto):
    config = kabuto.root / f'{kabuto.server}.conf'
    if kabuto.server == 'nginx':
        return ['nginx', '-e', 'stderr', '-p', kabuto.root / 'web', '-c', config]
    return ['lighttpd', '-D', '-f', config]
