"""A process that dies at a fault point (src/base/crash.h), once."""
import contextlib
import signal

from wait import until


@contextlib.contextmanager
def death(kabuto, name, point):
    """
    Within it that process runs until it comes to the point; behind it, it was seen to die there
    and was started again, as it was: the mark that it left makes it pass by the point.
    """
    process, marks = kabuto[name], kabuto.root / 'marks'
    marks.mkdir(exist_ok=True)
    marks.chmod(0o777)
    mark = marks / point
    mark.unlink(missing_ok=True)
    process.stop()
    process.environment = {'KABUTO_FAULT': point, 'KABUTO_FAULT_MARK': str(mark)}
    process.start()
    try:
        kabuto.wait_healthy()
        yield
        until(lambda: not process.runs(), f'{name} dies at {point}')
        assert process.process.returncode == -signal.SIGKILL and mark.exists(), process.text()
        process.start()
        kabuto.wait_healthy()
    finally:
        process.environment = {}
