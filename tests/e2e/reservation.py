"""Networks and ports of which no two runs of the tests at the same time take the same."""
import functools
import itertools
import os
import socket
import subprocess

held = []
PORTS = 1000  # that one process has for itself


def reserve(what, numbers):
    """The first of these numbers that no process holds, held until this process ends. The kernel
    gives the name of an abstract socket to one process at a time."""
    for number in numbers:
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f'\0kabuto-tests-{what}-{number}')
        except OSError:
            holder.close()
            continue
        held.append(holder)
        return number
    raise RuntimeError(f'other processes hold each {what}')


def free_network():
    """The number of a network 10.214.number.0/24 that nobody on this machine has."""
    taken = ''.join(subprocess.check_output(['ip', *words], text=True)
                    for words in (('-o', '-4', 'addr'), ('-4', 'route')))
    numbers = ((os.getpid() + turn) % 254 + 1 for turn in range(254))
    return reserve('network', (x for x in numbers if f'10.214.{x}.' not in taken))


@functools.cache
def ports():
    """They lie below those that the kernel gives to a socket that asks for no port of its own."""
    first = reserve('ports', range(10000, 32000, PORTS))
    return itertools.cycle(range(first, first + PORTS))


def free_port():
    """A port of 127.0.0.1 on which nothing listens. It comes again after PORTS others."""
    for port in itertools.islice(ports(), PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('127.0.0.1', port))
                return port
            except OSError:
                pass
    raise RuntimeError('no port of 127.0.0.1 is free')
