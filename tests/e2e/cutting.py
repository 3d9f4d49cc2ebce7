"""A network between a client and a Kabuto that breaks when a test says so."""
from relay import Relay


class CuttingProxy(Relay):
    def __init__(self, kabuto):
        self.most, self.times = {}, 0
        super().__init__(kabuto)

    def limit(self, down=None, up=None, times=1000):
        """Breaks the next connections after so many bytes to the client or to the server."""
        self.most, self.times = {'down': down, 'up': up}, times
        self.cut()

    def ways(self, near, far):
        ways = super().ways(near, far)
        for way in ways:
            way.most = self.most.get(way.name) if self.times > 0 else None
        self.times -= 1
        return ways

    def pass_on(self, way, data):
        if way.most is not None:
            data = data[:way.most - way.passed]
        super().pass_on(way, data)
        if way.passed == way.most:
            raise ConnectionAbortedError
