"""Waiting for what must come, with a deadline and no guess how long it takes."""
import time


def until(condition, what, seconds=60):
    """Asks until the condition gives something true, and gives that; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {seconds} s in vain: {what}')
        time.sleep(0.02)
