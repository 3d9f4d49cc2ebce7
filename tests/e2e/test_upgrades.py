"""Restarts and new settings in the middle of work: no call fails, no job is lost."""
import signal
import socket
import threading

import pytest

import multipart
from client import WAIT, expect
from wait import until

pytestmark = pytest.mark.limit(300)


class Load:
    """Calls of all kinds from several threads, without a pause; failures are kept."""

    def __init__(self, user, pipeline):
        self.pipeline, self.over = pipeline, threading.Event()
        self.failures, self.counts = [], {}
        image = user.image()
        calls = {
            'account': lambda c: c.get('/account'),
            'list': lambda c: c.get('/pipeline'),
            'pipeline': lambda c: c.post('/pipeline', {'name': 'x'}),
            'upload': lambda c: c.post_job(pipeline, 'true', [('a', b'x' * 200000)], image=image),
            'log': lambda c: c.get(f'/execution/{self.job}/logs/0?wait=1'),
        }
        self.job = user.job(pipeline, 'true')
        self.threads = [threading.Thread(target=self.run, args=(name, call, user.again()))
                        for name, call in calls.items()]

    def run(self, name, call, client):
        while not self.over.is_set():
            try:
                answer = call(client)
                if answer.status_code != 200:
                    self.failures.append((name, answer.status_code, answer.text[:200]))
            except OSError as error:
                self.failures.append((name, str(error)))
            self.counts[name] = self.counts.get(name, 0) + 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def wait(self, more=5):
        """Until each kind of call was made some more times."""
        goal = {name: self.counts.get(name, 0) + more for name in
                ('account', 'list', 'pipeline', 'upload', 'log')}
        until(lambda: all(self.counts.get(name, 0) >= n for name, n in goal.items()), 'calls go on')


def test_restart_under_load_fails_no_call(own):
    kabuto = own(hold_sockets=True)
    dave = kabuto.user('dave')
    dave.image()
    with Load(dave, dave.pipeline()) as load:
        for _ in range(3):
            for name in ('api', 'upload', 'follow', 'spooler'):
                load.wait()
                assert kabuto[name].stop() == 0
                kabuto[name].start()
        load.wait()
    assert load.failures == [] and sum(load.counts.values()) > 100
    kabuto.wait_healthy()


def test_stop_goes_before_the_calls_that_wait(own):
    """However many there are; they wait for the next start, and none fails."""
    kabuto = own({'threads': {'api': 2}}, hold_sockets=True)
    dave = kabuto.user('dave')
    over, failures = threading.Event(), []

    def ask():
        client = dave.again()
        while not over.is_set():
            answer = client.get('/pipeline')
            if answer.status_code != 200:
                failures.append(answer.text)
    callers = [threading.Thread(target=ask) for _ in range(24)]
    for caller in callers:
        caller.start()
    for _ in range(3):
        assert kabuto['api'].stop(20) == 0
        assert 'before all calls' not in kabuto['api'].text()
        kabuto['api'].start()
        until(lambda: kabuto.answer('GET', '/account')[0] == 401, 'it answers again')
    over.set()
    for caller in callers:
        caller.join()
    assert failures == []


def test_follower_is_answered_at_a_stop(own):
    """Whoever waits for a line does not keep its pool from ending."""
    kabuto = own({'follow_max': 1}, hold_sockets=True)
    dave = kabuto.user('dave')
    dave.image()
    pipeline, job = dave.begin(f'echo before; {WAIT}')
    line = dave.wait_line(job, 'before')
    path, answers = f'/execution/{job}/logs/{line["id"]}?wait=', []
    other = dave.again()

    def follow():
        answers.append(until(lambda: (a := other.get(path + '30')).status_code != 429 and a,
                             'the call waits'))
    follower = threading.Thread(target=follow)
    follower.start()
    until(lambda: dave.get(path + '1').status_code == 429, 'the other call is the one that waits')
    assert kabuto['follow'].stop(20) == 0
    follower.join(20)
    expect(answers[0], 200)
    kabuto['follow'].start()
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


def limits(user):
    return user.json('/account')['limits']


def test_hangup_reads_the_configuration_anew(own):
    kabuto = own({'slots': 1, 'sandboxes': False})
    dave = kabuto.user('dave')
    dave.image()
    pipeline = dave.pipeline(max_parallel=2)
    jobs = [dave.job(pipeline, f'echo ready; {WAIT}') for _ in range(2)]
    dave.submit(pipeline)
    dave.wait_line(jobs[0], 'ready')
    assert dave.state(pipeline, jobs[1])['state'] == 'in_queue'
    pids = {name: process.pid for name, process in kabuto.processes.items()}
    kabuto.configure(slots=2, queued_max=77)
    for name in ('spooler', 'api'):
        kabuto[name].send(signal.SIGHUP)
    dave.wait_line(jobs[1], 'ready')
    until(lambda: limits(dave)['jobs_in_queue'] == 77, 'the handlers have the new limit')
    for job in jobs:
        kabuto.let_go(job)
        dave.wait_job(pipeline, job)
    assert pids == {name: process.pid for name, process in kabuto.processes.items()}


def reload(kabuto, *names):
    for name in names:
        before = kabuto[name].text().count('configuration read again')
        kabuto[name].send(signal.SIGHUP)
        until(lambda: kabuto[name].text().count('configuration read again') > before,
              'the log says that it was read')


def test_call_ends_by_the_configuration_that_it_began_with(own):
    """A file of it has come when the limit changes; the option that is over it comes last."""
    kabuto = own()
    dave = kabuto.user('dave')
    body = multipart.body([multipart.file('attachments', 'first', b'x' * 200_000),
                           multipart.field('image_id', dave.image()),
                           multipart.field('command', 'true'),
                           multipart.field('timeout', '1000')])
    head = (f'POST /pipeline/{dave.pipeline()}/job HTTP/1.1\r\nHost: x\r\n'
            f'Content-Length: {len(body)}\r\nConnection: close\r\n'
            f'Cookie: session={dave.session.cookies["session"]}\r\n'
            f'Content-Type: multipart/form-data; boundary={multipart.BOUNDARY}\r\n\r\n')
    with socket.create_connection(('127.0.0.1', kabuto.port), timeout=60) as connection:
        connection.sendall(head.encode() + body[:-50])
        until(lambda: list(kabuto.state.glob('incoming/*/inbox/first')), 'the file comes')
        kabuto.configure(job={'timeout': 10, 'timeout_max': 10})
        reload(kabuto, 'upload')
        connection.sendall(body[-50:])
        answer = connection.makefile('rb').read().decode()
    assert answer.startswith('HTTP/1.1 200 '), answer


@pytest.mark.log_errors
@pytest.mark.parametrize('wrong, word', [({'slots': 'many'}, 'slots'),
                                         ({'state_dir': '/elsewhere'}, 'restart')])
def test_hangup_with_a_wrong_configuration_changes_nothing(own, wrong, word):
    kabuto = own()
    dave = kabuto.user('dave')
    before, right = limits(dave), dict(kabuto.settings)
    kabuto.configure(queued_max=77, **wrong)
    for name in ('spooler', 'api'):
        kabuto[name].send(signal.SIGHUP)
        until(lambda: f'{word}' in kabuto[name].text() and 'old one stays' in kabuto[name].text(),
              'the log says why')
    assert limits(dave) == before and kabuto.health()[0] == 200
    kabuto.settings = right
