"""Jobs: every option, every form of command, what they end with, what comes with them."""
import hashlib
import json
import os
import re
import subprocess

import pytest

import multipart
from client import WAIT, expect, refused
from wait import until


@pytest.mark.both
def test_job_is_shown_with_all_its_keys(alice):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true', [('a.txt', b'12345')])
    shown = alice.json(f'/pipeline/{pipeline}/job/{job}')
    assert list(shown) == [str(job)]
    shown = shown[str(job)]
    expected = {'id': job, 'command': 'true', 'state': 'ready', 'queued_at': None,
                'started_at': None, 'finished_at': None, 'response': None, 'error': None,
                'attachments': [{'name': 'a.txt', 'size': 5}], 'image': {'id': alice.image()},
                'pipeline': {'id': pipeline}, 'pipeline_name': 'test',
                'timeout': 86400, 'grace': 10, 'network': 'none'}
    for key, value in expected.items():
        assert shown[key] == value, key
    assert shown['image_name'] == alice.json(f'/image/{alice.image()}')[str(alice.image())]['name']
    for key in ('creation_date', 'used_cpu', 'used_memory', 'used_io', 'attachment_token',
                'results_path', 'env', 'workdir', 'user', 'memory', 'cpus', 'pids', 'disk', 'name'):
        assert key in shown
    assert '/' not in str(shown['attachment_token']) + str(shown['results_path'])


def test_job_at_its_end(alice):
    job = alice.run('echo hello')
    assert (job['state'], job['response'], job['error']) == ('done', 0, None)
    times = [job[x] for x in ('creation_date', 'queued_at', 'started_at', 'finished_at')]
    assert times == sorted(times)
    for time in times:
        assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', time)


# Commands

def test_shell_line(alice):
    job = alice.run('echo "a  b" $((1 + 1)) | tr a-z A-Z; echo $0')
    assert alice.lines(job['id']) == ['A  B 2', '/bin/sh']


def test_shell_line_replaces_the_entrypoint(alice):
    image = alice.image('FROM busybox\nENTRYPOINT ["echo", "entry"]\nCMD ["cmd"]\n')
    assert alice.lines(alice.run('echo mine', image=image)['id']) == ['mine']


def test_json_array_is_appended_to_the_entrypoint(alice):
    image = alice.image('FROM busybox\nENTRYPOINT ["echo", "entry"]\nCMD ["cmd"]\n')
    job = alice.run(json.dumps(['a  b', '$HOME', 'é;']), image=image)
    assert alice.lines(job['id']) == ['entry a  b $HOME é;']


def test_json_array_without_an_entrypoint(alice):
    job = alice.run('["printf", "%s|", "x y", ""]')
    assert alice.lines(job['id']) == ['x y||']


def test_no_command_runs_the_image_as_it_is(alice):
    image = alice.image('FROM busybox\nENTRYPOINT ["echo", "entry"]\nCMD ["cmd", "2"]\n')
    assert alice.lines(alice.run(image=image)['id']) == ['entry cmd 2']
    image = alice.image('FROM busybox\nCMD echo $((40 + 2))\n')
    assert alice.lines(alice.run(image=image)['id']) == ['42']


def test_shell_line_that_begins_with_a_bracket(alice):
    """`[ -d / ] && …` is a shell line, although a JSON array begins so too."""
    assert alice.lines(alice.run('[ -d / ] && echo test')['id']) == ['test']


def test_command_sent_as_a_list_of_one(alice):
    pipeline = alice.pipeline()
    answer = alice.call('POST', f'/pipeline/{pipeline}/job',
                        data=[('command', 'echo one'), ('image_id', alice.image())])
    assert alice.state(pipeline, expect(answer, 200).json()['id'])['command'] == 'echo one'


def test_command_of_many_lines_and_characters(alice):
    command = 'cat <<"X"\nä €\t"\'`$x\n\nX\necho end'
    job = alice.run(command)
    assert job['command'] == command
    assert alice.lines(job['id']) == ['ä €\t"\'`$x', '', 'end']


def test_image_without_a_shell(alice):
    image = alice.image('FROM noshell\n')
    assert alice.lines(alice.run('["two", "words"]', image=image)['id']) == ['two words']
    assert alice.lines(alice.run(image=image)['id']) == ['hello']
    job = alice.run('echo line', image=image)
    assert job['state'] == 'failed' and '/bin/sh' in job['error']


@pytest.mark.parametrize('command, code', [
    ('["/no/such/program"]', 127), ('["no-such-program"]', 127), ('["/etc/passwd"]', 126),
    ('["/etc"]', 126)])
def test_program_that_cannot_run(alice, command, code):
    job = alice.run(command)
    assert job['state'] == 'failed' and json.loads(command)[0] in job['error']
    assert job['response'] in (code, None)


def test_unknown_command_in_the_shell(alice):
    job = alice.run('no-such-program')
    assert (job['state'], job['response']) == ('failed', 127)
    assert 'not found' in alice.lines(job['id'], 'stderr')[0]


@pytest.mark.parametrize('code', [1, 3, 125, 126, 127, 128, 137, 255])
def test_exit_code_is_kept(alice, code):
    job = alice.run(f'exit {code}')
    assert (job['state'], job['response']) == ('failed', code)
    assert job['error'].startswith(f'exit code {code}')
    assert 'memory' not in job['error']


@pytest.mark.parametrize('name, number', [('TERM', 15), ('KILL', 9), ('SEGV', 11), ('HUP', 1)])
def test_job_ended_by_a_signal(alice, name, number):
    job = alice.run(f'kill -{name} $$')
    assert (job['state'], job['response']) == ('failed', 128 + number)
    assert job['error'] and 'memory' not in job['error']


def test_orphans_are_reaped_and_do_not_outlive_the_job(alice):
    job = alice.run('(sleep 1000 &) ; (sleep 0.1; exit 3) & for i in 1 2 3; do (true &); done; '
                    'wait; ps -o stat | grep -c Z; exit 0')
    assert job['state'] == 'done' and alice.lines(job['id']) == ['0']


def test_signals_reach_the_job(kabuto, engine, alice):
    pipeline, job = alice.begin('trap "echo got it; exit 5" USR1; echo ready; '
                                'while :; do sleep 0.05; done')
    alice.wait_line(job, 'ready')
    engine.call('POST', f'/containers/{kabuto.container(job)}/kill', signal='SIGUSR1')
    assert alice.wait_job(pipeline, job)['response'] == 5
    assert 'got it' in alice.lines(job)


def test_job_is_not_the_first_process(alice):
    assert alice.lines(alice.run('[ $$ -ne 1 ] && echo not first')['id']) == ['not first']


# Options

def options(alice, command='true', **fields):
    """The job's settings as they reached the engine, seen while it runs."""
    pipeline, job = alice.begin(f'{command}; {WAIT}', **fields)
    alice.wait_state(pipeline, job, 'running')
    until(alice.kabuto.containers, 'the container is there')
    container = alice.kabuto.wait_running(job)
    alice.kabuto.let_go(job)
    assert alice.wait_job(pipeline, job)['state'] == 'done'
    return container, job


def network_of(kabuto, host):
    """That of the sandbox, where it joins one."""
    mode, _, joined = host['NetworkMode'].partition(':')
    if mode != 'container':
        return mode
    assert joined in {c['Id'] for c in kabuto.sandboxes()}
    return kabuto.engine.call('GET', f'/containers/{joined}/json')['HostConfig']['NetworkMode']


# By their bits (capabilities(7)): CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID.
CAPABILITIES = sum(1 << bit for bit in (0, 1, 3, 5, 6, 7))


def test_container_is_confined(kabuto, alice):
    container, job = options(alice, 'grep -E "^(Cap(Bnd|Eff)|NoNewPrivs):" /proc/self/status')
    host = container['HostConfig']
    assert not host['Privileged']
    seen = dict(line.split() for line in alice.lines(job))
    assert int(seen['CapBnd:'], 16) == int(seen['CapEff:'], 16) == CAPABILITIES
    assert seen['NoNewPrivs:'] == '1'
    assert network_of(kabuto, host) == 'none' and host['LogConfig']['Type'] == 'none'
    assert host['Memory'] == host['MemorySwap'] == 512 << 20
    assert host['PidsLimit'] == 512 and host['NanoCpus'] == 10 ** 9
    labels = container['Config']['Labels']
    assert (labels['kabuto.instance'], labels['kabuto.job'], labels['kabuto.attempt']) == \
        (kabuto.instance, str(job), '1')
    for mount in container['Mounts']:
        assert mount['Source'].startswith(str(kabuto.state))


def test_memory_cpus_and_pids_reach_the_engine(alice):
    host = options(alice, memory='64m', cpus='0.5', pids='17')[0]['HostConfig']
    assert (host['Memory'], host['NanoCpus'], host['PidsLimit']) == (64 << 20, 5 * 10 ** 8, 17)


@pytest.mark.parametrize('text, size', [
    ('67108864', 64 << 20), ('64m', 64 << 20), ('1g', 1 << 30), ('65536k', 64 << 20),
    ('64M', 64 << 20)])
def test_sizes_may_have_a_suffix(alice, text, size):
    pipeline = alice.pipeline()
    shown = alice.state(pipeline, alice.job(pipeline, 'true', memory=text, disk=text))
    assert (shown['memory'], shown['disk']) == (size, size)


def test_env(alice):
    job = alice.run('echo "$A|$B|$C|$HOME"', env=['A=1', 'B=with = and spaces', 'C='])
    assert alice.lines(job['id'])[0].startswith('1|with = and spaces||')


@pytest.mark.parametrize('sent', [{'json': {'env': {}}}, {'json': {'env': []}}, {'data': {'env': '{}'}}])
def test_an_empty_env_takes_all_variables_away(alice, sent):
    pipeline = alice.pipeline()
    job = alice.job(pipeline, 'true', env=['A=1', 'B=2'])
    expect(alice.call('PUT', f'/pipeline/{pipeline}/job/{job}', json={'name': 'renamed'}), 200)
    assert alice.state(pipeline, job)['env'] == ['A=1', 'B=2']
    expect(alice.call('PUT', f'/pipeline/{pipeline}/job/{job}', **sent), 200)
    assert alice.state(pipeline, job)['env'] == []
    assert alice.state(pipeline, alice.job(pipeline, 'true', env='{}'))['env'] == []


def test_env_of_the_image_can_be_changed(alice):
    image = alice.image('FROM busybox\nENV A=image B=image\n')
    assert alice.lines(alice.run('echo $A $B', image=image, env='A=job')['id']) == ['job image']


def test_workdir(alice):
    image = alice.image('FROM busybox\nWORKDIR /etc\n')
    assert alice.lines(alice.run('pwd', image=image)['id']) == ['/etc']
    assert alice.lines(alice.run('pwd', image=image, workdir='/tmp')['id']) == ['/tmp']


@pytest.mark.log_errors  # Podman calls it a fault of its own
def test_error_names_no_path_of_the_server(kabuto, alice):
    job = alice.run('true', workdir='/run/kabuto/init')
    assert job['state'] == 'failed' and str(kabuto.state) not in job['error'], job['error']
    assert '/run/kabuto/init' in job['error'] or 'kabuto-init' in job['error'], job['error']


@pytest.mark.parametrize('user, ids', [('nobody', '65534 65534'), ('1234', '1234 0'),
                                       ('1234:99', '1234 99'), ('root', '0 0')])
def test_user(alice, user, ids):
    job = alice.run('echo $(id -u) $(id -g); echo x > /outbox/mine; cat /inbox/a',
                    [('a', b'readable')], user=user)
    assert (job['state'], alice.lines(job['id'])) == ('done', [ids, 'readable'])
    assert alice.results(job).read('mine') == b'x\n'


def test_user_of_the_image(alice):
    image = alice.image('FROM busybox\nUSER nobody\n')
    job = alice.run('id -u; echo x > /outbox/mine', image=image)
    assert alice.lines(job['id']) == ['65534'] and alice.results(job).namelist() == ['mine']


@pytest.mark.parametrize('dockerfile, options, says', [
    ('', {'user': 'no-such-user'}, "user: the image has no user 'no-such-user'"),
    ('', {'user': 'no-such-user:no-such-group'}, "'no-such-user'"),
    ('', {'user': '1000:no-such-group'}, "user: the image has no group 'no-such-group'"),
    ('USER no-such-user', {}, "the image's USER names the user 'no-such-user'"),
    ('', {'workdir': '/bin/busybox'}, "workdir: '/bin/busybox' is no folder"),
    ('', {'workdir': '/bin/busybox/x'}, "workdir: '/bin/busybox/x' is no folder"),
    ('', {'workdir': '/proc/x'}, "workdir: '/proc/x' is no folder"),
    ('', {'workdir': '/sys/x'}, "workdir: '/sys/x' is no folder"),
    ('RUN touch /outbox', {}, "the image has a file at '/outbox'"),
    ('RUN touch /inbox', {}, "the image has a file at '/inbox'"),
])
def test_start_that_can_never_succeed_is_tried_once(kabuto, alice, dockerfile, options, says):
    """Such a job holds its slot no longer than another one, and its error says what to do."""
    image = alice.image(f'FROM busybox\n{dockerfile}\n') if dockerfile else None
    job = alice.run('true', image=image, **options)
    assert (job['state'], job['attempt']) == ('failed', 1) and says in job['error'], job['error']
    assert not [line for line in kabuto['spooler'].text().splitlines()
                if f'job={job["id"]} ' in line and not line.startswith('<6>')]


def test_name(alice):
    pipeline = alice.pipeline()
    assert alice.state(pipeline, alice.job(pipeline, 'true', name='my jöb'))['name'] == 'my jöb'


def test_network_none_has_only_loopback(alice):
    assert alice.lines(alice.run('ls /sys/class/net')['id']) == ['lo']


def test_network_bridge_reaches_the_bridge(alice, engine):
    job = alice.run(f'ls /sys/class/net; ping -c 1 -W 5 {engine.address} >/dev/null || '
                    f'ip addr show eth0 | grep -c inet', network='bridge')
    assert job['state'] == 'done' and 'eth0' in alice.lines(job['id'])


def test_network_that_is_not_allowed(own):
    dave = own({'job': {'networks': ['none']}}).user('dave')
    answer = dave.post_job(dave.pipeline(), 'true', network='bridge')
    assert answer.status_code in (400, 422) and 'network' in answer.json()['error']


@pytest.mark.parametrize('field, value', [
    ('user', '-1'), ('user', '2147483648'), ('user', 'a:b:c'), ('user', 'a b'),
    ('workdir', '/' + 'w' * 256), ('env', 'NOVALUE'), ('env', '=x'), ('env', 'A=\x00'), ('workdir', 'relative'), ('timeout', '0'),
    ('timeout', '-1'), ('timeout', 'soon'), ('timeout', '1.5'), ('grace', '-1'), ('grace', 'x'),
    ('memory', '-1'), ('memory', 'lots'), ('memory', '1x'), ('memory', '1'), ('cpus', '0'),
    ('cpus', '-1'), ('cpus', 'x'), ('cpus', 'nan'), ('cpus', 'inf'), ('pids', '0'), ('pids', 'x'),
    ('pids', '-1'), ('disk', 'x'), ('disk', '-1'), ('network', 'host'), ('network', 'container:x'),
    ('image_id', 'x'), ('image_id', ''), ('image_id', '-1'), ('image_id', '99999999999999999999')])
def test_option_with_a_bad_value(alice, field, value):
    pipeline = alice.pipeline()
    data = {'image_id': alice.image(), 'command': 'true', field: value}
    answer = alice.post(f'/pipeline/{pipeline}/job', data)
    if field == 'image_id' and answer.status_code == 404:
        assert refused(answer, 404) == 'Image not found'
    else:
        refused(answer, 400, field)
    assert alice.pipeline_state(pipeline)['jobs'] == []


@pytest.mark.parametrize('field, value, ceiling', [
    ('memory', '9000g', ''), ('cpus', '4000', ''), ('timeout', '604801', '604800'),
    ('grace', '301', '300'), ('pids', '4097', '4096'), ('disk', '101g', '100')])
def test_option_over_its_ceiling(alice, field, value, ceiling):
    pipeline = alice.pipeline()
    refused(alice.post_job(pipeline, 'true', **{field: value}), 422, field, ceiling)
    assert alice.pipeline_state(pipeline)['jobs'] == []


def test_options_by_json(alice):
    pipeline = alice.pipeline()
    body = {'command': 'echo $A $B', 'image_id': alice.image(), 'env': ['A=1', 'B=2'],
            'timeout': 60, 'memory': '64m', 'cpus': 0.5, 'pids': 20, 'name': 'by json'}
    answer = alice.call('POST', f'/pipeline/{pipeline}/job', json=body)
    job = expect(answer, 200).json()['id']
    shown = alice.state(pipeline, job)
    assert (shown['timeout'], shown['memory'], shown['cpus'], shown['pids'], shown['name']) == \
        (60, 64 << 20, 0.5, 20, 'by json')
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    assert alice.lines(job) == ['1 2']


def test_command_by_json_may_be_an_array(alice):
    pipeline = alice.pipeline()
    for command in (['echo', 'a  b'], ['echo one']):
        body = {'command': command, 'image_id': alice.image()}
        expect(alice.call('POST', f'/pipeline/{pipeline}/job', json=body), 200)


# Usage

def test_used_cpu_is_about_what_was_used(alice):
    busy = alice.run('i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done')
    idle = alice.run('true')
    assert 0 < idle['used_cpu'] < busy['used_cpu'] < 60
    assert busy['used_cpu'] > 0.1


def test_used_memory_is_the_peak(alice):
    job = alice.run('dd if=/dev/zero of=/dev/null bs=50M count=1 2>/dev/null')
    assert 50 << 20 <= job['used_memory'] <= 512 << 20
    assert 0 < alice.run('true')['used_memory'] < 50 << 20


def test_used_io_counts_what_reached_the_disk(alice):
    job = alice.run('dd if=/dev/zero of=/outbox/x bs=1M count=8 oflag=direct; rm /outbox/x')
    assert job['state'] == 'done' and 8 << 20 <= job['used_io'] < 80 << 20
    assert alice.run('true')['used_io'] < 8 << 20


# Attachments

def digest(content):
    return hashlib.sha256(content).hexdigest()


CONTENTS = {'empty': b'', 'plain.txt': b'hello\n', 'all bytes': bytes(range(256)) * 300,
            'data/sub/a.csv': b'1,2\r\n--\r\n--boundary\r\n', 'ünï – 日本.txt': b'unicode',
            "quote'and$(x);": b'shell', 'nul': b'\0' * 70000, 'crlf': b'\r\n\r\n-' * 9999}


def sums(client, job):
    """What sha256sum says in the container: {name: sum}."""
    pairs = [line.split('  ', 1) for line in client.lines(job)]
    return {name.removeprefix('./'): value for value, name in pairs}


def expected_sums(contents):
    return {name: digest(content) for name, content in contents.items()}


FIND = 'cd /inbox; find . -type f -exec sha256sum {} \\;'


@pytest.mark.both
def test_attachments_by_requests_arrive_byte_for_byte(alice):
    job = alice.run(FIND, list(CONTENTS.items()))
    assert sums(alice, job['id']) == expected_sums(CONTENTS)
    assert {(x['name'], x['size']) for x in job['attachments']} == \
        {(name, len(content)) for name, content in CONTENTS.items()}


@pytest.mark.both
def test_attachments_by_curl_arrive_byte_for_byte(alice, tmp_path):
    parts = []
    for i, (name, content) in enumerate(CONTENTS.items()):
        (tmp_path / str(i)).write_bytes(content)
        parts += ['-F', f'attachments=@{tmp_path}/{i};filename="{name}"']
    pipeline = alice.pipeline()
    out = subprocess.run(
        ['curl', '-sS', f'{alice.url}/pipeline/{pipeline}/job', *parts,
         '--form-string', f'command={FIND}', '-F', f'image_id={alice.image()}',
         '-b', f'session={alice.session.cookies["session"]}'],
        check=True, stdout=subprocess.PIPE).stdout
    job = json.loads(out)['id']
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    assert sums(alice, job) == expected_sums(CONTENTS)


@pytest.mark.both
@pytest.mark.parametrize('chunk', [1, 17, 4096, 65536])
def test_attachments_by_hand_in_pieces_of_any_size(alice, chunk):
    contents = {'a': b'\r\n--b\r\n--boundar', 'b': b'\r', 'c': b'\r\n', 'd/e': b'x\r\n--boundar y',
                'f': bytes(range(256)) * 20}
    fields = [multipart.field('image_id', alice.image()), multipart.field('command', FIND)]
    fields += [multipart.file('attachments', name, content) for name, content in contents.items()]
    pipeline = alice.pipeline()
    status, body = multipart.send(alice, f'/pipeline/{pipeline}/job', multipart.body(fields),
                                  chunk=chunk)
    assert status == 200, body
    job = json.loads(body)['id']
    alice.submit(pipeline)
    alice.wait_job(pipeline, job)
    assert sums(alice, job) == expected_sums(contents)


def test_attachment_with_an_rfc5987_name(alice):
    part = (b'Content-Disposition: form-data; name="attachments"; filename="fallback"; '
            b"filename*=UTF-8''%C3%BC.txt\r\n\r\nx")
    fields = [multipart.field('image_id', alice.image()), part]
    pipeline = alice.pipeline()
    status, body = multipart.send(alice, f'/pipeline/{pipeline}/job', multipart.body(fields))
    assert status == 200, body
    names = [x['name'] for x in alice.state(pipeline, json.loads(body)['id'])['attachments']]
    assert names in (['ü.txt'], ['fallback'])


def test_many_attachments(alice):
    files = [(f'folder{i % 10}/file{i}', b'%d' % i) for i in range(2000)]
    job = alice.run('find /inbox -type f | wc -l; cat /inbox/folder7/file1997', files)
    assert alice.lines(job['id']) == ['2000', '1997']


def test_empty_file_field_is_no_attachment(alice):
    """A browser's form sends a part with an empty name where no file was chosen."""
    fields = [multipart.field('image_id', alice.image()), multipart.field('command', 'true'),
              multipart.file('attachments', '', b'')]
    pipeline = alice.pipeline()
    status, body = multipart.send(alice, f'/pipeline/{pipeline}/job', multipart.body(fields))
    if status == 200:
        assert alice.state(pipeline, json.loads(body)['id'])['attachments'] == []
    else:
        assert status == 400 and b'attachments' in body


def test_inbox_is_read_only(alice):
    job = alice.run('echo x > /inbox/a || echo x > /inbox/new || rm -f /inbox/a; cat /inbox/a',
                    [('a', b'as sent')])
    assert alice.lines(job['id']) == ['as sent']


def test_inbox_without_attachments_is_an_empty_folder(alice):
    job = alice.run('ls -A /inbox | wc -l; ls -A /outbox | wc -l')
    assert alice.lines(job['id']) == ['0', '0']


def test_attachments_serve_a_second_run(alice):
    pipeline, job = alice.begin('cat /inbox/a', [('a', b'still here')])
    first = alice.wait_job(pipeline, job)
    alice.submit(pipeline)
    second = alice.wait_job(pipeline, job)
    assert second['started_at'] > first['started_at']
    assert alice.lines(job) == ['still here']


def resident(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        fields = dict(line.split(':', 1) for line in status)
    return int(fields['VmHWM'].split()[0]) * 1024


@pytest.mark.both
@pytest.mark.limit(300)
def test_large_attachment_costs_no_memory(kabuto, alice, tmp_path):
    size = 200 << 20
    block = os.urandom(1 << 20)
    whole = hashlib.sha256()
    with open(tmp_path / 'large', 'wb') as file:
        for i in range(size >> 20):
            piece = block[i:] + block[:i]
            whole.update(piece)
            file.write(piece)
    pipeline, image = alice.pipeline(), alice.image()
    with open(f'/proc/{kabuto["upload"].pid}/clear_refs', 'w', encoding='ascii') as file:
        file.write('5')
    before = resident(kabuto['upload'].pid)
    subprocess.run(
        ['curl', '-fsS', '-o', '/dev/null', f'{alice.url}/pipeline/{pipeline}/job',
         '-F', f'attachments=@{tmp_path}/large', '-F', f'image_id={image}',
         '-F', 'command=sha256sum /inbox/large',
         '-b', f'session={alice.session.cookies["session"]}'], check=True)
    assert resident(kabuto['upload'].pid) - before < 10 << 20
    (tmp_path / 'large').unlink()
    job = alice.pipeline_state(pipeline)['jobs'][0]['id']
    alice.submit(pipeline)
    assert alice.wait_job(pipeline, job)['state'] == 'done'
    assert alice.lines(job) == [f'{whole.hexdigest()}  /inbox/large']
