"""Measures Kabuto against its design's targets: ratios, each taken in one run on one machine."""
import argparse
import datetime
import importlib
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import traceback

import installation
from figures import Report

# Each is a module with measure(bed, report). The first line of the module says what it measures.
MEASUREMENTS = ('starts', 'submit', 'api', 'files', 'commandline', 'logs', 'streams', 'memory', 'scale',
                'lists', 'soak')


def arguments():
    parser = argparse.ArgumentParser(
        prog='tests/bench/run', description='Builds Kabuto for release, starts an engine and '
        'several Kabutos, and measures them. Must be root.')
    parser.add_argument('--only', nargs='+', metavar='NAME', choices=MEASUREMENTS,
                        default=MEASUREMENTS, help='run only these: ' + ', '.join(MEASUREMENTS))
    parser.add_argument('--quick', action='store_true',
                        help='small measurements: they show errors, but their figures mean nothing')
    parser.add_argument('--json', type=pathlib.Path, metavar='FILE', help='write figures to FILE')
    parser.add_argument('--build', type=pathlib.Path, metavar='DIR',
                        help='build in DIR and keep it, so that the next run is faster')
    parser.add_argument('--built', type=pathlib.Path, metavar='DIR',
                        help='measure the Kabuto in the build folder DIR; tests/run uses this '
                        'with a test build, which is slower')
    return parser.parse_args()


def interrupt(*_):
    """The first signal unwinds everything; a second one must not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def measure_all(names, folder, built, quick, report):
    from testbed import Testbed
    with Testbed(folder, built, quick) as bed:
        for name in names:
            module = importlib.import_module(name)
            begun = time.monotonic()
            report.begin(name, module.__doc__.splitlines()[0])
            report.note(f'load of the machine before it: {os.getloadavg()[0]:.1f}')
            try:
                module.measure(bed, report)
            except Exception as error:  # the others can still be measured
                traceback.print_exc()
                report.failed(str(error) or repr(error))
            report.note(f'took {time.monotonic() - begun:.0f} s')


def document(report, options):
    return {'when': datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='seconds'),
            'quick': options.quick, 'cores': os.cpu_count(), 'kernel': os.uname().release,
            'figures': [figure.as_dict() for figure in report.figures]}


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    report = Report()
    with tempfile.TemporaryDirectory(prefix='kabuto-bench.') as temporary:
        folder = pathlib.Path(options.build or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # our unprivileged users run what is built there
        try:
            built = options.built.resolve() if options.built else installation.build(folder)
            measure_all(options.only, folder, built, options.quick, report)
        except KeyboardInterrupt:
            report.failed('interrupted')
        except Exception as error:  # outside of all measurements
            traceback.print_exc()
            report.failed(str(error) or repr(error))
    report.print_table()
    if options.json:
        options.json.write_text(json.dumps(document(report, options), indent=1) + '\n')
    sys.exit(0 if report.complete else 1)


if __name__ == '__main__':
    main()
