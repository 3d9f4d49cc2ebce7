"""A client of Kabuto's streams of events, in both formats."""
import json
import threading

import requests

from client import expect


class Cut(Exception):
    """The stream ended within an event or a chunk: the process or the web server was killed."""


class Stream:
    """An open stream; a loop over it gives its events as (name, id or None, data)."""

    def __init__(self, client, path, ndjson=False, last_id=None, seconds=60, **params):
        headers = {'Accept': 'application/x-ndjson' if ndjson else 'text/event-stream'}
        if last_id is not None:
            headers['Last-Event-ID'] = str(last_id)
        self.ndjson, self.comments = ndjson, 0
        self.answer = client.get(path, params=params, headers=headers, stream=True,
                                 timeout=seconds)
        self.status = self.answer.status_code
        self.fields, self.retry = {}, None
        self.incoming = self.lines()  # one for all loops: it holds the rest of what has come

    def __enter__(self):
        expect(self.answer, 200)
        return self

    def __exit__(self, *_):
        self.answer.close()

    def lines(self):
        """Complete lines, as they come."""
        rest = b''
        try:
            for data in self.answer.iter_content(None):
                *lines, rest = (rest + data).split(b'\n')
                yield from lines
        except requests.exceptions.RequestException as error:
            raise Cut from error
        if rest:
            raise Cut

    def __iter__(self):
        for line in self.incoming:
            event = self.read_json(line) if self.ndjson else self.read_field(line)
            if event:
                yield event

    def read_json(self, line):
        if not line:
            self.comments += 1
            return None
        event = json.loads(line)
        return event['event'], event.get('id'), event['data']

    def read_field(self, line):
        """As WHATWG HTML, section 9.2.6 has it, for lines that end in a newline."""
        assert b'\r' not in line
        if not line:
            fields, self.fields = self.fields, {}
            if 'data' not in fields:
                return None
            number = fields.get('id')
            return fields['event'], int(number) if number else None, json.loads(fields['data'])
        name, _, value = line.decode().partition(':')
        if not name:
            self.comments += 1
        elif name == 'retry':
            self.retry = int(value)
        else:
            assert name in ('event', 'id', 'data') and name not in self.fields, line
            self.fields[name] = value.removeprefix(' ')
        return None

    def wait_heartbeat(self):
        for line in self.incoming:
            if line in (b'', b':') and not self.fields:
                return
            event = self.read_json(line) if self.ndjson else self.read_field(line)
            assert event is None, event

    def until(self, wanted):
        """Events up to and with the first for which wanted(name, id, data) is true."""
        events = []
        for event in self:
            events.append(event)
            if wanted(*event):
                return events
        raise AssertionError(f'the stream ended before; it had {events[-5:]}')


def follow(client, path, **kw):
    """All events of a stream that ends."""
    with Stream(client, path, **kw) as stream:
        return list(stream)


def of(events, name):
    """The data of the events with this name."""
    return [data for event, _, data in events if event == name]


class Follower(threading.Thread):
    """Follows to the event `end` as a browser does: after each cut it reads on after its last id."""

    def __init__(self, client, path, ndjson=False):
        super().__init__(daemon=True)
        self.client, self.path, self.ndjson = client, path, ndjson
        self.events, self.last, self.opened, self.failure = [], None, 0, None
        self.over = threading.Event()

    def run(self):
        try:
            while not self.ended() and not self.over.wait(0.01):
                self.read_once()
        except Exception as error:  # the test tells it
            self.failure = error

    def ended(self):
        return bool(self.events) and self.events[-1][0] == 'end'

    def read_once(self):
        try:
            stream = Stream(self.client, self.path, self.ndjson, self.last)
        except requests.exceptions.RequestException:
            return  # the web server is away
        # The pool is away. lighttpd says 500 if a process dies that has taken the call already.
        if stream.status in ((500, 503) if self.client.kabuto.server == 'lighttpd' else (503,)):
            return
        with stream:
            self.opened += 1
            try:
                for event in stream:
                    self.add(event)
            except Cut:
                pass

    def add(self, event):
        name, number, _ = event
        if number is not None:
            assert self.last is None or number > self.last, f'{event} after {self.last}'
            self.last = number
        self.events.append(event)

    def lines(self):
        return of(self.events, 'log')

    def finish(self, seconds=120):
        self.join(seconds)
        if self.failure:
            raise self.failure
        assert self.ended(), f'the stream did not end; it had {self.events[-3:]}'
        return self.events
