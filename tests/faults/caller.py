"""Somebody who calls again until the answer is 200."""
import random
import threading

import requests

from wait import until

PATIENCE_S = 300  # with one call


def cut_short(answer):
    """Whether the answer is no whole JSON, or tells that the call did not come whole."""
    try:
        error = answer.json()
    except ValueError:
        return True
    return answer.status_code == 400 and 'send it again' in error['error']


class Caller(threading.Thread):
    """Does work() until it returns or all is over; what it fails for, check() raises."""

    def __init__(self, load, client):
        super().__init__(daemon=True)
        self.load, self.client = load, client
        self.dice = random.Random(load.dice.random())
        self.error = self.doing = None

    def run(self):
        try:
            self.work()
        except Exception as error:  # for check()
            self.error = error

    def check(self):
        assert self.error is None, f'{type(self).__name__}: {self.error!r}'

    def call(self, method, path, **kw):
        """One try; the answer, or None where there was none or an error of ours, in words."""
        kw.setdefault('timeout', 30)
        self.doing = f'{method} {path}'
        try:
            answer = self.client.call(method, path, **kw)
        except requests.RequestException:
            self.load.refused['not answered'] += 1
            return None
        self.doing += f': {answer.status_code} {answer.text[:200]}'
        if cut_short(answer):
            self.load.refused['cut short'] += 1
            return None
        # Where memory is short a 400 may name a wrong cause; it loses nothing, and is counted.
        if answer.status_code < 500 and \
                not (answer.status_code == 400 and self.load.short_of_memory):
            return answer
        self.load.refused[f'answered {answer.status_code}'] += 1
        assert answer.json()['error'], f'{method} {path}: {answer.status_code} without a text'
        return None

    def stubborn(self, method, path, statuses=(200,), unless=None, **kw):
        """Calls until it is answered so, or unless() says that this is no longer needed (None)."""
        def answered():
            answer = self.call(method, path, **kw)
            if answer is None:
                return [None] if unless is not None and unless() else []
            assert answer.status_code in statuses, \
                f'{method} {path}: {answer.status_code} {answer.text[:300]}'
            return [answer]  # itself, it counts as false for a status that is an error
        return until(answered, f'{method} {path} is answered well', PATIENCE_S)[0]
