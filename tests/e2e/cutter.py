"""A network between a client and a Kabuto that can be held, as by a network that is cut."""
import threading

from relay import Relay


class Cutter(Relay):
    """Passes bytes on until hold() or hold_answers(); let_go() passes on what has come meanwhile."""

    def __init__(self, kabuto):
        self.asked, self.answered = threading.Event(), threading.Event()
        self.held = False
        self.let_go()
        super().__init__(kabuto)

    def hold(self):
        self.asked.clear()
        self.answered.clear()

    def hold_answers(self):
        """The server gets what is sent, and the client no answer."""
        self.answered.clear()

    def throttle(self, most):
        """Holds the answers once this many bytes more of them have come: then held is true."""
        self.held, self.left = False, most

    def let_go(self):
        self.left = None
        self.asked.set()
        self.answered.set()

    def close(self):
        self.let_go()
        super().close()

    def pass_on(self, way, data):
        going = self.asked if way.name == 'up' else self.answered
        if going is self.answered and self.left is not None:
            self.left -= len(data)
            if self.left < 0:
                going.clear()
        self.held = self.held or not going.is_set()
        going.wait()
        super().pass_on(way, data)
