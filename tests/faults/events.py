"""What an engine says about the containers of one Kabuto, while it is killed and comes back."""
import collections
import http.client
import json
import socket
import threading
from urllib.parse import urlencode

from engine import UnixConnection

LOOK_AGAIN_S = 0.1  # while there is no engine


class Events:
    """Follows the stream from its making on; an engine that dies forgets what was not read."""

    def __init__(self, engine, instance):
        self.engine, self.instance = engine, instance
        self.since, self.seen, self.containers = engine.now(), set(), {}
        self.over, self.connection, self.streams = threading.Event(), None, 0
        self.thread = threading.Thread(target=self.follow, daemon=True)
        self.thread.start()

    def follow(self):
        while not self.over.is_set():
            try:
                self.read()
            except (OSError, http.client.HTTPException, ValueError, AttributeError):
                pass  # it was killed in the middle of a line
            self.over.wait(LOOK_AGAIN_S)

    def read(self):
        filters = json.dumps({'type': ['container'],
                              'label': [f'kabuto.instance={self.instance}']})
        self.connection = UnixConnection(self.engine.socket, None)
        self.connection.request('GET', '/events?' + urlencode({'since': self.since,
                                                               'filters': filters}))
        answer = self.connection.getresponse()
        self.streams += 1
        while line := answer.readline():
            self.note(json.loads(line))

    def note(self, event):
        at, actor = event['timeNano'], event['Actor']
        self.since = f'{at // 10**9}.{at % 10**9:09}'
        labels = actor['Attributes']
        if 'kabuto.job' in labels:
            attempt = int(labels['kabuto.job']), int(labels['kabuto.attempt'])
            self.seen.add((event['Action'], attempt, actor['ID'], at))

    def count(self, action):
        """How often each (job, attempt) met it."""
        return collections.Counter(event[1] for event in list(self.seen) if event[0] == action)

    def close(self):
        self.over.set()
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.thread.join(20)
