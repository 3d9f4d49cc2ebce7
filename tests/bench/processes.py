"""The memory of processes, in MB of 10^6 bytes, and their processor time."""
import os
import pathlib
import re


def field(path, name):
    text = pathlib.Path(path).read_text()
    return int(re.search(rf'^{name}:\s*(\d+) kB', text, re.M)[1]) * 1.024e-3


def pss(pid):
    """Its share of what it has in memory."""
    return field(f'/proc/{pid}/smaps_rollup', 'Pss')


def rss(pid):
    return field(f'/proc/{pid}/status', 'VmRSS')


def peak(pid):
    """The most that it ever had, since it began or forget_peak."""
    return field(f'/proc/{pid}/status', 'VmHWM')


def forget_peak(pid):
    pathlib.Path(f'/proc/{pid}/clear_refs').write_text('5')


def children(pid):
    return [int(child) for child in
            pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def cpu_seconds(pid):
    """User's and system's (proc(5), fields 14 and 15 of stat)."""
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def open_files(pid):
    """What its descriptors lead to."""
    names = []
    for descriptor in pathlib.Path(f'/proc/{pid}/fd').iterdir():
        try:
            names.append(os.readlink(descriptor))
        except FileNotFoundError:  # closed meanwhile
            pass
    return names
