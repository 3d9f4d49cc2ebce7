"""
Kabuto from Python: runs commands in containers on a Kabuto server, with files in and files out.

This file is all of it. It needs the package requests, and Python 3.9 or newer. Copy it beside your
script, or set PYTHONPATH to its folder.

>>> from kabuto import Kabuto
>>> k = Kabuto()
>>> job = k.run('sort /inbox/fruit.txt > /outbox/sorted.txt; echo done',
...             dockerfile='FROM busybox', files=['fruit.txt'])
>>> job.state, job.exit_code
('done', 0)
>>> print(k.log(job), end='')
done
>>> k.get(job, 'results')
[PosixPath('results/sorted.txt')]

A job reads the files that were sent in /inbox, and Kabuto keeps what it writes to /outbox.

Kabuto() knows the server and the token from KABUTO_URL and KABUTO_TOKEN, or from the file that
`kabuto login` writes. The page "Account" of the dashboard makes tokens, too.

All calls survive a restart of the server and a cut connection. They repeat what was lost, and no
job runs twice. An error is a KabutoError, and its text says what to do.
"""
from __future__ import annotations

import datetime
import itertools
import json
import numbers
import os
import pathlib
import re
import stat
import tempfile
import time
import urllib.parse
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Optional, Union

import requests
import urllib3

__all__ = ['BuildFailed', 'Job', 'JobFailed', 'Kabuto', 'KabutoError', 'Line']

PathLike = Union[str, 'os.PathLike[str]']
Files = Union[PathLike, Iterable[PathLike], Mapping[str, Union[PathLike, bytes]]]
Source = Union[pathlib.Path, bytes]  # of a file's content

BLOCK = 1 << 20
CONNECT_S, ANSWER_S = 60, 90  # calls that wait are answered within 30 s
SYNC_S = 3600  # an upload is synced before its answer
SILENCE_S = 40  # a stream sends something each 15 s, so it is cut if it is silent for longer
CALL_PATIENCE_S, FOLLOW_PATIENCE_S = 30, 600  # how long a server that is away is waited for
RETRIED = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
COLOUR = re.compile(r'\x1b\[[0-9;]*m')  # the classic builder colours what comes on stderr
CHECKED_FIRST = 1 << 20  # before an upload of more bytes, a small call finds out whether we may


class KabutoError(Exception):
    """What went wrong, and what to do about it. `status` is the HTTP status, or None."""

    def __init__(self, text: str, status: Optional[int] = None):
        super().__init__(text)
        self.status = status


class BuildFailed(KabutoError):
    """An image could not be built. `output` is the list of the lines that the build printed."""

    def __init__(self, text: str, output: list[str]):
        super().__init__('\n'.join([f'build failed: {text}', *output[-10:]]))
        self.output = output


class JobFailed(KabutoError):
    """A job ended with another exit code than 0, or never ran. `job` is the job."""

    def __init__(self, job: Job, last: Sequence[str]):
        super().__init__('\n'.join([f'job {job.id} failed: {job.error}', *last]))
        self.job = job


class Line(str):
    """
    A line of a log without its newline: a str that knows its `stream` and its `time`.

    `stream` is 'stdout', 'stderr', 'system' (what Kabuto says) or 'build' (the image's build).
    `time` is None for a line of a build.
    """
    stream: str
    time: Optional[datetime.datetime]

    def __new__(cls, text: str, stream: str, when: Optional[str] = None) -> Line:
        line = super().__new__(cls, text)
        line.stream = stream
        line.time = when and datetime.datetime.fromisoformat(when.replace('Z', '+00:00')) or None
        return line


class Job:
    """
    A job as it was when Kabuto last said so; `wait` and `follow` keep it up to date.

    `info` is the whole answer of the server: a dict with 'command', 'used_memory' and so on.
    """

    def __init__(self, info: dict[str, Any], url: str = ''):
        self.info, self.url = info, url  # url: of its page in the dashboard

    def __repr__(self) -> str:
        return f'<Job {self.id}: {self.state}' + (f', {self.error}>' if self.error else '>')

    @property
    def id(self) -> int:
        return int(self.info['id'])

    @property
    def pipeline(self) -> int:
        return int(self.info['pipeline']['id'])

    @property
    def state(self) -> str:
        """'ready', 'in_queue', 'running', 'done' or 'failed'"""
        return str(self.info['state'])

    @property
    def ended(self) -> bool:
        return self.state in ('done', 'failed')

    @property
    def exit_code(self) -> Optional[int]:
        """None until the job has ended, and for a job that never ran"""
        code = self.info.get('response')
        return None if code is None else int(code)

    @property
    def error(self) -> Optional[str]:
        """Why the job failed, in words; None if it did not"""
        return self.info.get('error')

    @property
    def build(self) -> Optional[int]:
        """The build that the job waits for"""
        build = self.info.get('build')
        return int(build['id']) if build else None


class Kabuto:
    """
    A Kabuto server and an account on it.

    Without `url` and `token` they come from the variables KABUTO_URL and KABUTO_TOKEN, else from
    $XDG_CONFIG_HOME/kabuto/config, which `kabuto login` writes.

    >>> Kabuto('http://127.0.0.1:1', 'secret').jobs()
    Traceback (most recent call last):
    kabuto.KabutoError: http://127.0.0.1:1 does not answer: check the URL, and whether Kabuto runs
    """

    def __init__(self, url: Optional[str] = None, token: Optional[str] = None):
        stored = {} if url and token else _read_config()
        url = url or os.environ.get('KABUTO_URL') or stored.get('url') or ''
        if not url:
            raise KabutoError('which Kabuto? Set KABUTO_URL, or run: kabuto login')
        self.url = (url if '://' in url else f'http://{url}').rstrip('/')
        token = token or os.environ.get('KABUTO_TOKEN')
        if not token and self.url == stored.get('url', '').rstrip('/'):  # it is no other's business
            token = stored.get('token')
        if not token:
            raise KabutoError(f'no token for {self.url}: set KABUTO_TOKEN, or run: kabuto login')
        self._session = requests.Session()
        self._session.auth = _Bearer(token.strip())  # as a header, ~/.netrc would replace it
        self._session.headers['Accept-Encoding'] = 'identity'  # so that lengths and ranges are right
        self._answered = False

    def __repr__(self) -> str:
        return f'<Kabuto at {self.url}>'

    # Images

    def build(self, dockerfile: PathLike, name: str = 'python', *, context: Files = (),
              build_args: Optional[Mapping[str, str]] = None, nocache: bool = False,
              links: str = 'refuse') -> int:
        """
        Builds an image and returns its id. A failure raises BuildFailed.

        `dockerfile` is a Dockerfile's text, its path, or a folder with everything that the build
        needs. `context` has the files that the Dockerfile copies: a folder, whose content it is,
        or what `files` of `submit` may be.

        >>> image = k.build('FROM busybox\\nRUN echo 1 > /one', name='one')
        >>> k.log(k.run('cat /one', image=image))
        '1\\n'
        >>> k.build('FROM busybox\\nRUN cat /nothing')      # doctest: +ELLIPSIS
        Traceback (most recent call last):
        kabuto.BuildFailed: ...
        """
        fields, files = _image(dockerfile, context, links)
        fields += _fields({'name': name, 'nocache': nocache or None, 'build_arg': build_args})
        body = _Body(fields, {'attachments': files})
        try:
            build = int(self._upload('/image', body)['build_id'])
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error
        for _ in self._build_lines(build):
            pass
        return int(self.call('GET', f'/image/build/{build}')['id'])

    def image(self, name: Union[int, str]) -> int:
        """Returns the id of the account's newest image with this name; an id stays as it is."""
        if isinstance(name, numbers.Integral) or name.isdigit():
            return int(name)
        for image in self._newest('/image', 1000, {'name': name}):
            if image['name'] == name:
                return int(image['id'])
        raise KabutoError(f'no image has the name {name!r}: build it, or give dockerfile= with a '
                          'line FROM instead of image=')

    # Jobs

    def submit(self, command: Union[str, Sequence[str], None] = None, *,
               image: Union[int, str, None] = None, dockerfile: Optional[PathLike] = None,
               context: Files = (), build_args: Optional[Mapping[str, str]] = None,
               nocache: bool = False, files: Files = (), links: str = 'refuse',
               **options: Any) -> Job:
        """
        Sends a job and returns it at once.

        `command` is a shell line, or a list of words that follows the image's ENTRYPOINT. Without
        it the image's own command runs.

        The image is `image` (an id, or the name of an image that was built), or `dockerfile` and
        `context` as in `build`. The same Dockerfile with the same files is built only once.

        `files` are for /inbox: paths of files and folders. A folder keeps its name: data/a.csv. A
        dict gives names: {'a.csv': '/tmp/x.csv', 'b.csv': b'1,2\\n'}; there bytes are content.
        `links` says what happens to symbolic links in folders: 'refuse', 'follow' or 'skip'.

        `options` are those of a job: name, env (a dict), timeout (s), memory ('2g'), cpus, pids,
        disk, network, retries, grace, user, workdir, stderr, pipeline (an id).

        >>> job = k.submit('wc -l < /inbox/names.txt', dockerfile='FROM busybox',
        ...                files={'names.txt': b'Ada\\nGrace\\n'}, memory='64m')
        >>> [str(line) for line in k.follow(job) if line.stream == 'stdout']
        ['2']
        """
        fields, parts = [], {}
        if image is not None:
            if dockerfile is not None or not _empty(context):
                raise KabutoError('give either image, or dockerfile and context')
            fields += [('image_id', str(self.image(image)))]
        elif dockerfile is None and _empty(context):
            raise KabutoError("give the image: dockerfile='FROM ...', or image= an image's name")
        else:
            image_fields, parts['context'] = _image(dockerfile, context, links)
            fields += image_fields
        if command is not None and not isinstance(command, str):
            command = json.dumps(list(command))
        fields += _fields({'command': command, 'nocache': nocache or None, 'build_arg': build_args,
                           **options})
        parts['attachments'] = _files(files, links)
        made = self._upload('/run', _Body(fields, parts))
        try:
            return Job({'id': made['job'], 'pipeline': {'id': made['pipeline']},
                        'state': 'ready' if made['build'] else 'in_queue', 'response': None,
                        'error': None, 'build': made['build'] and {'id': made['build']}},
                       made['urls']['page'])
        except (KeyError, TypeError) as error:
            raise self._foreign() from error

    def run(self, command: Union[str, Sequence[str], None] = None, *,
            on_line: Optional[Callable[[Line], object]] = None, check: bool = False,
            **how: Any) -> Job:
        """
        Runs a job and returns it when it has ended; the parameters are those of `submit`.

        `on_line` is called with each line of the build and the log as it comes: on_line=print.
        With check=True a job that failed raises JobFailed. A failed build raises BuildFailed.
        Ctrl-C leaves the job running: jobs(1) has it.

        >>> k.run('exit 3', dockerfile='FROM busybox')        # doctest: +ELLIPSIS
        <Job ...: failed, exit code 3>
        >>> k.run('echo no such day; exit 3', dockerfile='FROM busybox', check=True)
        ... # doctest: +ELLIPSIS
        Traceback (most recent call last):
        kabuto.JobFailed: job ... failed: exit code 3
        no such day
        """
        job = self.submit(command, **how)
        if on_line:
            for line in self.follow(job):
                on_line(line)
        self.wait(job)
        if check and job.state != 'done':
            last = self.call('GET', f'/execution/{job.id}/logs', params={'tail': 10})
            raise JobFailed(job, [line['logline'] for line in last])
        return job

    def job(self, job: Union[Job, int]) -> Job:
        """
        Returns the job with this id as it is now.

        >>> k.job(k.run('exit 0', dockerfile='FROM busybox').id).state
        'done'
        """
        if isinstance(job, Job):
            job.info = self.call('GET', f'/pipeline/{job.pipeline}/job/{job.id}')[str(job.id)]
            return job
        job = int(job)  # one of a DataFrame is a numpy.int64
        found = self.call('GET', '/jobs', params={'after': job - 1, 'limit': 1}).get(str(job))
        if not found:
            raise KabutoError(f'job {job} was not found: it was deleted, or is somebody else\'s',
                              404)
        return Job(found, f'{self.url}/ui/job/{job}')

    def jobs(self, limit: int = 20, **filters: Any) -> list[Job]:
        """
        Returns the account's newest jobs, newest first.

        `filters` are those of GET /jobs: state='failed', name='fit', pipeline=7, image=3.
        """
        found = self._newest('/jobs', min(limit, 1000), filters)
        return [Job(job, f'{self.url}/ui/job/{job["id"]}')
                for job in itertools.islice(found, limit)]

    def follow(self, job: Union[Job, int]) -> Iterator[Line]:
        """
        Iterates over the lines of a job's log as they come, until the job has ended.

        The lines of an image that is built for the job come first. No line is lost or repeated,
        across restarts of the server, cut connections, and the job's retries.

        >>> job = k.submit('echo hello; echo oops >&2', dockerfile='FROM busybox')
        >>> for line in k.follow(job):
        ...     if line.stream in ('stdout', 'stderr'):
        ...         print(f'{line.stream}: {line}')
        stdout: hello
        stderr: oops
        >>> job.state
        'done'
        """
        job = job if isinstance(job, Job) else self.job(job)
        if job.build:
            yield from self._build_lines(job.build)
        started: dict[str, str] = {}  # by stream: the beginning of a line that is not yet whole
        for name, data in self._events(job):
            if name == 'state':
                job.info = data
            elif name == 'log':
                text = started.pop(data['stream'], '') + data['logline']
                if data.get('partial'):
                    started[data['stream']] = text
                else:
                    yield Line(text, data['stream'], data['time'])
        for stream, text in started.items():
            yield Line(text, stream)

    def wait(self, job: Union[Job, int], timeout: Optional[float] = None) -> Job:
        """
        Waits until the job has ended and returns it. After `timeout` seconds: TimeoutError.

        >>> job = k.submit('echo begun; sleep 600', dockerfile='FROM busybox')
        >>> next(line for line in k.follow(job) if line.stream == 'stdout')
        'begun'
        >>> k.wait(job, timeout=1)        # doctest: +ELLIPSIS
        Traceback (most recent call last):
        TimeoutError: job ... has not ended after 1 s: it is running
        >>> k.kill(job)
        >>> k.wait(job).error
        'killed by its owner'
        """
        job = job if isinstance(job, Job) else self.job(job)
        end = None if timeout is None else time.monotonic() + timeout
        while not job.ended:
            left = 30.0 if end is None else min(30.0, end - time.monotonic())
            try:
                found = self.call('GET', f'/pipeline/{job.pipeline}/job/{job.id}',
                                  params={'wait': max(0, int(left + 0.999))},
                                  patience=FOLLOW_PATIENCE_S)
            except KabutoError as error:
                if error.status == 404 and job.build:  # the job went when its build failed
                    try:
                        for _ in self._build_lines(job.build):
                            pass
                    except BuildFailed as failed:
                        raise failed from None
                raise
            job.info = found[str(job.id)]
            if job.state == 'ready' and not job.build:
                raise KabutoError(f'job {job.id} was not submitted: nothing to wait for')
            if not job.ended and end is not None and time.monotonic() >= end:
                raise TimeoutError(f'job {job.id} has not ended after {timeout:g} s: '
                                   f'it is {job.state}')
        return job

    def kill(self, job: Union[Job, int]) -> None:
        """Ends a job that runs. A job that is alone in its pipeline need not have begun."""
        job = self.job(job)
        try:
            self.call('POST', f'/pipeline/{job.pipeline}/job/{job.id}/kill')
        except KabutoError as error:
            pipeline = self.call('GET', f'/pipeline/{job.pipeline}')[str(job.pipeline)]
            if error.status != 409 or job.ended or len(pipeline['jobs']) > 1:
                raise
            self.call('POST', f'/pipeline/{job.pipeline}/cancel')

    def log(self, job: Union[Job, int]) -> str:
        """Returns what the job has printed so far, as one text."""
        number = job.id if isinstance(job, Job) else int(job)
        return self._send('GET', f'/execution/{number}/logs?raw').content.decode('utf-8', 'replace')

    # Results

    def read(self, job: Union[Job, int], name: str) -> bytes:
        """
        Waits for the job's end and returns the content of one file of its /outbox.

        >>> k.read(k.submit('echo 1,2 > /outbox/a.csv', dockerfile='FROM busybox'), 'a.csv')
        b'1,2\\n'
        """
        job = self.wait(job)
        quoted = urllib.parse.quote(name, safe='/')
        return self._send('GET', f'/pipeline/{job.pipeline}/job/{job.id}/outbox/{quoted}').content

    def get(self, job: Union[Job, int], folder: Optional[PathLike] = None,
            force: bool = False) -> list[pathlib.Path]:
        """
        Waits for the job's end, unpacks its /outbox into `folder`, and returns the files' paths.

        The folder is job-<id> if none is given. One that is not empty is refused, unless
        force=True, which replaces files of the same names. Files appear in it only when all of
        them have come. Names and links that lead out of the folder are refused.

        >>> job = k.run('mkdir /outbox/a; echo 1 > /outbox/a/one', dockerfile='FROM busybox')
        >>> k.get(job, 'numbers')
        [PosixPath('numbers/a/one')]
        >>> k.get(job, 'numbers')
        Traceback (most recent call last):
        kabuto.KabutoError: 'numbers' is not empty: choose another folder, or give force=True
        """
        if folder is None:
            folder = f'job-{job.id if isinstance(job, Job) else int(job)}'
        target = pathlib.Path(folder)
        if target.exists() and not target.is_dir():
            raise KabutoError(f"'{target}' is a file: choose a folder")
        if target.is_dir() and any(target.iterdir()) and not force:
            raise KabutoError(f"'{target}' is not empty: choose another folder, or give force=True")
        job = self.wait(job)
        there = target.is_dir()
        (target if there else target.parent).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix='.kabuto-',
                                         dir=target if there else target.parent) as temporary:
            new = pathlib.Path(temporary, 'outbox')
            with open(pathlib.Path(temporary, 'zip'), 'w+b') as file:
                self._download(f'/pipeline/{job.pipeline}/job/{job.id}?result', file)
                names = _unpack(file, new)
            if there:
                _merge(new, target)
            else:
                new.rename(target)
        return [target / name for name in names]

    # Calls

    def call(self, method: str, path: str, *, patience: float = CALL_PATIENCE_S, **kw: Any) -> Any:
        """
        Any call of the API; returns what its JSON says. The keywords are those of requests.

        >>> k.call('GET', '/pipeline', params={'limit': 1})        # doctest: +ELLIPSIS
        {'...': {'id': ...}}
        """
        if method == 'POST' and 'headers' not in kw:
            kw['headers'] = {'Idempotency-Key': uuid.uuid4().hex}
        return self._json(self._send(method, path, patience, **kw))

    def _json(self, answer: requests.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            raise self._foreign() from error

    def _foreign(self) -> KabutoError:
        return KabutoError(f'what answers at {self.url} is not Kabuto: check the URL')

    def _newest(self, path: str, limit: int, filters: Mapping[str, Any]) -> Iterator[Any]:
        """Iterates over a list of the account, the newest first. Its pages may be short."""
        path += '?' + urllib.parse.urlencode(_fields({'order': 'newest', 'own': True,
                                                      'limit': limit, **filters}))
        while path:
            answer = self._send('GET', path)
            yield from self._json(answer).values()
            here, path = path, answer.links.get('next', {}).get('url', '')
            path = path[len(self.url):] if path.startswith(self.url) else path
            if path == here:  # as from a cache that does not look at the query
                raise self._foreign()

    def _upload(self, path: str, body: _Body) -> Any:
        if len(body) > CHECKED_FIRST:
            self.call('GET', '/account')
        return self.call('POST', path, data=body, timeout=(CONNECT_S, SYNC_S), headers={
            'Content-Type': body.type, 'Accept': 'application/json',
            'Idempotency-Key': uuid.uuid4().hex})

    def _send(self, method: str, path: str, patience: float = CALL_PATIENCE_S,
              **kw: Any) -> requests.Response:
        """Sends a call, again if its answer was lost, and raises KabutoError for an error."""
        patient = _Patience(patience)
        headers = kw.pop('headers', {})
        kw.setdefault('timeout', (CONNECT_S, ANSWER_S))
        repeated = method in ('GET', 'HEAD') or 'Idempotency-Key' in headers
        while True:
            try:
                answer = self._session.request(
                    method, self.url + path, headers=headers, allow_redirects=False, **kw)
                if not (kw.get('stream') or _is_whole(answer)):
                    raise requests.ConnectionError('the answer is not whole')
            except RETRIED as error:
                problem, after = self._lost(error), 0.0
                if not repeated or not self._answered and _never_met(error):
                    raise problem from error
            except requests.RequestException as error:
                raise KabutoError(f'{self.url} cannot be asked: {error}') from error
            else:
                self._answered = True
                if answer.status_code < 300:
                    return answer
                problem, after = _refusal(answer), _seconds(answer.headers.get('Retry-After'))
                # 409 to a repetition: the server still receives the call that was cut
                away = answer.status_code in (502, 503, 504) or _is_cut(answer) or (
                    answer.status_code == 409 and patient.tried)
                if not (repeated and away):
                    raise problem
            patient.wait(problem, after)

    def _lost(self, error: Exception) -> KabutoError:
        if isinstance(error, requests.exceptions.SSLError):
            return KabutoError(f'the certificate of {self.url} is not accepted: {error}')
        if _never_met(error):
            return KabutoError(f'{self.url} does not answer: check the URL, and whether Kabuto runs')
        return KabutoError(f'the connection to {self.url} was lost: try again later')

    def _build_lines(self, build: int) -> Iterator[Line]:
        """Iterates over the output of a build until it has ended well."""
        known, rest, output = 0, '', []
        while True:
            now = self.call('GET', f'/image/build/{build}', patience=FOLLOW_PATIENCE_S,
                            params={'wait': 30, 'output_after': known})
            known += len(now['output'] or [])
            rest += ''.join(COLOUR.sub('', message.get('stream', ''))
                            for message in now['output'] or [])
            *lines, rest = rest.split('\n')
            if now['state'] != 'PENDING' and rest:
                lines, rest = [*lines, rest], ''
            for text in lines:
                output.append(text.rstrip('\r'))
                yield Line(output[-1], 'build')
            if now['state'] == 'SUCCESS':
                return
            if now['state'] != 'PENDING':
                raise BuildFailed(now['error'], output)

    def _events(self, job: Job) -> Iterator[tuple[str, Any]]:
        """Iterates over a job's events to `end`; after a cut it goes on after the last line."""
        after, patient = 0, _Patience(FOLLOW_PATIENCE_S)
        headers = {'Accept': 'application/x-ndjson'}
        while True:
            try:
                answer = self._send('GET', f'/execution/{job.id}/events?after={after}',
                                    FOLLOW_PATIENCE_S, headers=headers, stream=True,
                                    timeout=(CONNECT_S, SILENCE_S))
                with answer:
                    if answer.status_code == 204:
                        return
                    for line in _lines(answer):
                        patient.reset()
                        try:
                            event = json.loads(line)
                            name, data = event['event'], event['data']
                        except (KeyError, TypeError, ValueError) as error:
                            raise self._foreign() from error
                        yield name, data
                        if name == 'end':
                            return
                        after = event.get('id') or after
                problem: Exception = KabutoError('the stream ended early')
            except RETRIED as error:
                problem = error
            patient.wait(KabutoError(f'job {job.id} cannot be followed any more ({problem}): it '
                                     f'goes on; follow job {job.id} again later'))

    def _download(self, path: str, file: IO[bytes]) -> None:
        """Writes an answer's body to a file; after a cut it goes on where the file ends."""
        patient, tag, size = _Patience(FOLLOW_PATIENCE_S), '', -1
        while file.tell() != size:
            headers = {'Range': f'bytes={file.tell()}-', 'If-Range': tag} if tag else {}
            answer = self._send('GET', path, FOLLOW_PATIENCE_S, headers=headers, stream=True,
                                timeout=(CONNECT_S, SILENCE_S))
            problem: Exception = KabutoError('it ended early')
            with answer:
                if answer.status_code != 206:  # it begins anew
                    file.seek(0)
                    file.truncate()
                    tag = answer.headers.get('ETag', '')
                    size = int(answer.headers.get('Content-Length', -1))
                elif not answer.headers.get('Content-Range', '').startswith(f'bytes {file.tell()}-'):
                    raise self._foreign()
                try:
                    for block in answer.iter_content(BLOCK):
                        patient.reset()
                        file.write(block)
                    if size < 0 and 'Transfer-Encoding' in answer.headers:
                        size = file.tell()  # a proxy has left the length out; its last chunk came
                except RETRIED as error:
                    problem = error
            if file.tell() != size:
                patient.wait(KabutoError(f'the download was cut ({problem}): try again later'))


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str):
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers['Authorization'] = f'Bearer {self.token}'
        return request


class _Patience:
    """Waits longer and longer between attempts, and gives up when the time is over."""

    def __init__(self, seconds: float):
        self.seconds = seconds
        self.reset()

    def reset(self) -> None:
        self.tried, self.delay, self.end = False, 0.5, 0.0

    def wait(self, problem: Exception, after: float = 0) -> None:
        now = time.monotonic()
        if not self.tried:
            self.tried, self.end = True, now + self.seconds
        if now + max(self.delay, after) > self.end:
            raise problem
        time.sleep(max(self.delay, after))
        self.delay = min(2 * self.delay, 5)


class _Body:
    """
    A multipart body that is read from its files while it is sent, and may be sent repeatedly.

    requests itself would read all files into memory first.
    """

    def __init__(self, fields: Iterable[tuple[str, str]],
                 files: Mapping[str, Mapping[str, Source]]):
        boundary = uuid.uuid4().hex
        self.type = f'multipart/form-data; boundary={boundary}'
        self.parts: list[tuple[bytes, Source, int]] = []
        for name, value in fields:
            self._add(boundary, f'name="{_escape(name)}"', value.encode())
        for name, sources in files.items():
            for path, source in sources.items():
                self._add(boundary, f'name="{name}"; filename="{_escape(path)}"\r\n'
                          'Content-Type: application/octet-stream', source)
        self.end = f'--{boundary}--\r\n'.encode()
        self.size = len(self.end) + sum(len(head) + size + 2 for head, _, size in self.parts)

    def _add(self, boundary: str, what: str, source: Source) -> None:
        head = f'--{boundary}\r\nContent-Disposition: form-data; {what}\r\n\r\n'.encode()
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self.parts.append((head, source, size))

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[bytes]:
        """Blocks of about the same size, whether there are many files or one."""
        block = bytearray()
        for piece in self._pieces():
            block += piece
            if len(block) >= BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)

    def _pieces(self) -> Iterator[bytes]:
        for head, source, size in self.parts:
            yield head
            if isinstance(source, bytes):
                yield source
            else:
                yield from _content(source, size)
            yield b'\r\n'
        yield self.end


def _content(path: pathlib.Path, size: int) -> Iterator[bytes]:
    try:
        with open(path, 'rb') as file:
            while size and (block := file.read(min(BLOCK, size))):
                size -= len(block)
                yield block
            changed = size or file.read(1)
    except OSError as error:  # requests would take it for the connection's
        raise KabutoError(f"'{path}' cannot be read: {_reason(error)}") from error
    if changed:
        raise KabutoError(f"'{path}' changed while it was sent: send it again when it is complete")


def _escape(name: str) -> str:
    """As browsers do (WHATWG HTML, multipart/form-data encoding algorithm)."""
    return name.replace('\n', '%0A').replace('\r', '%0D').replace('"', '%22')


def _fields(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Form fields of keyword arguments: None is left out, lists and dicts are repeated fields."""
    fields = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            value = [f'{key}={one}' for key, one in value.items()]
        elif isinstance(value, bool):
            value = str(value).lower()
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                fields.append((name, str(one)))
    return fields


def _empty(files: Files) -> bool:
    return isinstance(files, (tuple, list, dict)) and not files


def _image(dockerfile: Optional[PathLike], context: Files, links: str) \
        -> tuple[list[tuple[str, str]], dict[str, Source]]:
    """The field `dockerfile`, and the files of the context."""
    if isinstance(context, (str, os.PathLike)):
        context = os.path.join(context, '.')  # its content, without its name
    if dockerfile is None:
        return [], _files(context, links)
    if isinstance(dockerfile, str) and re.search(r'(?im)^\s*FROM\s+\S', dockerfile):
        return _with_dockerfile(dockerfile, _files(context, links))
    path = pathlib.Path(dockerfile)
    try:
        text = None if path.is_dir() else path.read_text('utf-8')
    except (OSError, ValueError) as error:  # a long text is no file name
        raise KabutoError(f"{str(path)[:80]!r} cannot be read: {_reason(error)}; a Dockerfile's "
                          'text has a line FROM <image>') from None
    if text is None:
        if not _empty(context):
            raise KabutoError(f"'{path}' is a folder, and so the context: leave context out")
        return [], _files(os.path.join(path, '.'), links)
    if _empty(context) and re.search(r'(?im)^\s*(COPY|ADD)\s+(?!.*(--from=|<<))', text):
        raise KabutoError(f"'{path}' copies files: give the folder that has them as context, or "
                          "as dockerfile if it has the Dockerfile, too")
    return _with_dockerfile(text, _files(context, links))


def _with_dockerfile(text: str, files: dict[str, Source]) \
        -> tuple[list[tuple[str, str]], dict[str, Source]]:
    return [('dockerfile', text)], {name: one for name, one in files.items() if name != 'Dockerfile'}


def _files(files: Files, links: str) -> dict[str, Source]:
    """Names as Kabuto shall know them, and what each is read from."""
    if links not in ('refuse', 'follow', 'skip'):
        raise KabutoError("links must be 'refuse', 'follow' or 'skip'")
    found: dict[str, Source] = {}
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    if isinstance(files, Mapping):
        named = [(name, source) for name, source in files.items()]
    else:
        named = [(_name(path), path) for path in files]
    for name, source in named:
        if isinstance(source, (bytes, bytearray)):
            pairs = [(name, bytes(source))]
        elif isinstance(source, (str, os.PathLike)):
            pairs = _walk(name, pathlib.Path(source), links)
        else:
            raise KabutoError(f"'{name}' must be a path or bytes, not {type(source).__name__}")
        for one, content in pairs:
            if one.encode('utf-8', 'ignore').decode() != one:
                raise KabutoError(f'the file name {one!r} is not valid UTF-8: rename the file')
            if one in found:
                raise KabutoError(f"two files would have the name '{one}': rename one of them")
            found[one] = content
    return found


def _name(path: PathLike) -> str:
    """The base name; '' for '.' and 'folder/.', whose content is sent without a folder's name."""
    name = os.path.basename(os.fspath(path).rstrip('/'))
    return '' if name in ('.', '..') else name


def _walk(name: str, path: pathlib.Path, links: str) -> list[tuple[str, Any]]:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a long text is no file name
        raise KabutoError(f'{str(path)[:80]!r} cannot be read: {_reason(error)}; if it is a '
                          "file's content, give {name: bytes}") from None
    if stat.S_ISREG(mode):
        return [(name or path.name, path)]
    if not stat.S_ISDIR(mode):
        raise KabutoError(f"'{path}' is a device or the like: only files and folders can be sent")
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise KabutoError(f"'{path}' cannot be read: {_reason(error)}") from error
    found: list[tuple[str, Any]] = []
    for entry in entries:
        if entry.is_symlink() and links != 'follow':
            if links == 'refuse':
                raise KabutoError(f"'{entry}' is a link: give links='follow' or links='skip'")
            continue
        found += _walk(f'{name}/{entry.name}' if name else entry.name, entry, links)
    return found


def _reason(error: Exception) -> str:
    return getattr(error, 'strerror', None) or str(error)


def _lines(answer: requests.Response) -> Iterator[bytes]:
    """The lines of a stream that are not empty, as they come; half a line at a cut is dropped."""
    rest = b''
    for data in answer.iter_content(None if getattr(answer.raw, 'chunked', False) else 1):
        *lines, rest = (rest + data).split(b'\n')
        yield from filter(None, lines)


def _is_whole(answer: requests.Response) -> bool:
    """Whether all of it has come; a connection that is cut looks like the end to requests."""
    length = answer.headers.get('Content-Length')
    if length is not None:
        return len(answer.content) == int(length)
    return answer.status_code == 204 or 'Transfer-Encoding' in answer.headers or \
        answer.headers.get('Connection') == 'close'


def _never_met(error: Exception) -> bool:
    """Whether nobody was there to connect to, or nobody that can be trusted."""
    reason = getattr(error.args[0] if error.args else None, 'reason', None)
    return isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)) or \
        isinstance(reason, urllib3.exceptions.NewConnectionError)


def _refusal(answer: requests.Response) -> KabutoError:
    try:
        text = str(answer.json()['error'])
    except (ValueError, KeyError, TypeError):
        text = f'{answer.status_code} {answer.reason}: is {answer.url} a Kabuto?'
    if answer.status_code == 401:
        text = f'{text}: the token is not valid (any more); run kabuto login, or set KABUTO_TOKEN'
    return KabutoError(text, answer.status_code)


def _is_cut(answer: requests.Response) -> bool:
    """Whether it is lighttpd's page for a call at which Kabuto ended, not Kabuto's own error."""
    try:
        return answer.status_code == 500 and isinstance(answer.json()['server'], str)
    except (ValueError, KeyError, TypeError):
        return False


def _seconds(text: Optional[str]) -> float:
    return float(text) if text and text.isdecimal() else 0.0


def _read_config() -> dict[str, str]:
    """The lines `name = value` of the file that `kabuto login` writes; {} if there is none."""
    home = os.environ.get('XDG_CONFIG_HOME', '')  # the XDG specification ignores a relative one
    path = pathlib.Path(home if os.path.isabs(home) else os.path.expanduser('~/.config'),
                        'kabuto', 'config')
    try:
        with open(path, encoding='utf-8') as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise KabutoError(f"others may read the token in '{path}': run chmod 600 '{path}'")
            pairs = (line.split('=', 1) for line in file if '=' in line and line[0] != '#')
            return {name.strip(): value.strip() for name, value in pairs}
    except FileNotFoundError:
        return {}


def _unpack(file: IO[bytes], folder: pathlib.Path) -> list[str]:
    """
    Unpacks a zip into a new folder and returns the names of its files and links.

    Links are made last, so that no file can be written through one.
    """
    folder.mkdir()
    names, links = [], []
    try:
        with zipfile.ZipFile(file) as results:
            for entry in results.infolist():
                path, mode = _inside(folder, entry.filename), entry.external_attr >> 16
                if entry.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                names.append(entry.filename)
                if stat.S_ISLNK(mode):
                    with _entry(results, entry) as source:
                        links.append((path, os.fsdecode(source.read())))
                    continue
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise KabutoError(f"the results have a device: '{entry.filename}'")
                with _entry(results, entry) as source, open(path, 'xb') as to:
                    while block := source.read(BLOCK):
                        to.write(block)
                if mode & 0o111:
                    path.chmod(path.stat().st_mode | 0o100)
    except (FileExistsError, NotADirectoryError) as error:
        raise KabutoError(f"the results have two entries of one name: '{error.filename}'") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError,
            RuntimeError) as error:
        raise KabutoError(f'the results cannot be unpacked: {error}') from error
    for path, goal in links:
        if os.path.isabs(goal) or os.path.lexists(path):
            raise KabutoError(f"the results have a link that leads out of them: '{path.name}'")
        path.symlink_to(goal)
    root = os.path.realpath(folder)
    for path, goal in links:  # when all are there, since one may lead through another
        if os.path.commonpath([root, os.path.realpath(path)]) != root:
            raise KabutoError(f"the results have a link that leads out of them: '{path.name}'")
    return sorted(names)


def _entry(results: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return results.open(entry)
    except OSError as error:  # it would begin before the file
        raise zipfile.BadZipFile(f"'{entry.filename}' is not where the zip says") from error


def _inside(folder: pathlib.Path, name: str) -> pathlib.Path:
    parts = name.rstrip('/').split('/')
    if '' in parts or '.' in parts or '..' in parts or '\0' in name or '\\' in name and os.sep != '/':
        raise KabutoError(f"the results have a name that leads out of their folder: '{name}'")
    return folder.joinpath(*parts)


def _merge(new: pathlib.Path, target: pathlib.Path) -> None:
    """Moves all that is in `new` into `target`, if nothing stands in the way."""
    moves: list[tuple[Optional[pathlib.Path], pathlib.Path]] = []
    for parent, folders, files in os.walk(new):
        at = target / pathlib.Path(parent).relative_to(new)
        if at != target and at.is_symlink() or at.exists() and not at.is_dir():
            raise KabutoError(f"'{at}' is in the way of a folder: remove it")
        for name in [*files, *(one for one in folders if os.path.islink(f'{parent}/{one}'))]:
            if (at / name).is_dir() and not (at / name).is_symlink():
                raise KabutoError(f"'{at / name}' is in the way of a file: remove it")
            moves.append((pathlib.Path(parent, name), at / name))
        moves += [(None, at / one) for one in folders if not os.path.islink(f'{parent}/{one}')]
    for source, goal in moves:
        if source:
            os.replace(source, goal)
        else:
            goal.mkdir(exist_ok=True)
