"""What must be true after a storm, counted."""
import collections
import re
import shutil

from load import read_log, read_results

# Why an attempt may fail in a storm, and under which name it is counted.
REFUSED = 'refused by an engine that was killed'
REASONS = (
    ('engine lost the container', r'the engine lost the container while the job ran'),
    ('ended by the engine', r'the engine stopped the container while the job ran|exit code 137'),
    (REFUSED, r'^start the container: .* \(HTTP \d+\)$|'
     r'failed to update store for object type'),
    ('no disk', r'[Nn]o space left on device'),
    ('no disk (exit code 1)', r'exit code 1'),
    ('timed out', r'timed out after 15 s'),
    ('as its command says', r'exit code 7'),
)


def reason(error):
    for name, pattern in REASONS:
        if re.search(pattern + r'$' if pattern.startswith('exit') else pattern, error):
            return name
    return None


def say(capsys, text):
    with capsys.disabled():
        print('\n' + text, flush=True)


def in_order(lines, expected):
    """Whether lines are some of those expected, each once at most, in their order."""
    rest = iter(expected)
    return all(line in rest for line in lines)


class Verdict:
    def __init__(self):
        self.counts, self.wrong = collections.Counter(), []

    def check(self, right, text):
        if not right:
            self.wrong.append(text)
        return right

    def judge(self, kabuto, load, events):
        rows = {row[0]: row[1:] for row in
                kabuto.sql('SELECT id, state, attempt, error FROM job WHERE NOT deleted')}
        starts = events.count('start')
        self.counts.update(promised=len(load.promised), there=len(rows), starts=sum(starts.values()),
                           attempts=sum(row[1] for row in rows.values()))
        for (job, attempt), count in starts.items():
            self.check(count == 1, f'job {job} attempt {attempt} was started {count} times')
        for job, (state, _, error) in rows.items():
            self.counts[state] += 1
            if state == 'failed':
                killed = job in load.killer.killed and error == 'killed by its owner'
                self.counts['killed'] += killed
                self.check(killed or reason(error), f'job {job} failed: {error}')
            self.check(state in ('done', 'failed') or job not in load.promised,
                       f'job {job} is {state}')
        for job in load.promised.values():
            if self.check(job.id in rows, f'job {job.id} was promised and is not there'):
                self.judge_job(job, *rows[job.id])

        self.judge_uploads(kabuto, load.uploader, rows)
        self.judge_builds(kabuto, load.builder)
        self.judge_whole(kabuto)

    def judge_uploads(self, kabuto, uploader, rows):
        tokens = dict(kabuto.sql('SELECT id, attachment_token FROM job'))
        for job, content in uploader.kept.items():
            if self.check(job in rows, f'upload {job} was promised and is not there'):
                path = kabuto.state / 'inbox' / tokens[job] / 'a'
                self.check(path.exists() and path.read_bytes() == content,
                           f'attachment of job {job}')
                self.counts['uploads'] += 1
        gone = [job for job in uploader.deleted if job not in rows]
        self.counts['uploads deleted'] += len(gone)

    def judge_builds(self, kabuto, builder):
        rows = {row[0]: row[1:] for row in kabuto.sql('SELECT id, state, error FROM build')}
        for build in builder.built:
            if self.check(build in rows, f'build {build} was promised and is not there'):
                state, error = rows[build]
                self.counts[f'build {state}'] += 1
                # An engine that goes down while it builds fails with all kinds of texts.
                self.check(state == 'SUCCESS' or state == 'FAILED' and error,
                           f'build {build}: {state} {error}')

    def judge_job(self, job, state, attempts, error):
        if job.kind == 'failing':
            self.check(state == 'failed', f'job {job.id} is {state} and should fail')
        elif job.retries > 0:
            self.check(state == 'done', f'job {job.id} with retries is {state}: {error}')
        if state == 'failed':
            self.counts['failed: ' + str(reason(error))] += 1
        for attempt in range(1, attempts + 1):
            self.judge_log(job, attempt, state == 'done' and attempt == attempts)
        if state == 'done' or error == 'exit code 7':
            self.judge_results(job)

    def judge_log(self, job, attempt, whole):
        lines = read_log(job.user.client, job.id, attempt)
        failures = [line[8:] for line in lines['system'] if line.startswith('failed: ')]
        for failure in failures:
            self.check(reason(failure), f'job {job.id} attempt {attempt} failed: {failure}')
            self.counts['tries: ' + str(reason(failure))] += 1
        if REFUSED in map(reason, failures):
            # It may have started all the same; it then writes into a log that has been closed.
            self.counts['logs of jobs that their engine forgot'] += 1
            return
        if job.kind == 'spoiling':
            self.counts['logs spoilt by their job'] += 1
            return
        if not whole:  # the shell's own words are no line of the job's
            for stream in job.lines:
                lines[stream] = [x for x in lines[stream] if x.startswith(job.mark)]
        said_short = any('dropped' in line for line in lines['system'])
        for stream, expected in job.lines.items():
            if said_short:
                right = in_order(lines[stream], expected)
            elif whole:
                right = lines[stream] == expected
            else:
                right = lines[stream] == expected[:len(lines[stream])]
            self.check(right, f'job {job.id} attempt {attempt}, {stream}: {lines[stream]}')
        self.counts['logs short for want of disk, and saying so' if said_short else 'logs'] += 1

    def judge_results(self, job):
        try:
            found = read_results(job.user.client, job)
        except Exception as error:  # counted like the others
            self.check(False, f'job {job.id}: results: {error!r}')
            return
        expected = {} if job.kind == 'spoiling' else job.sums
        self.check(found == expected, f'job {job.id}: results {found}, expected {expected}')
        self.counts['results'] += 1

    def judge_whole(self, kabuto):
        """Nothing is orphaned, the database is sound, all is well."""
        kabuto.wait_healthy()
        kabuto.restart('spooler')  # its start sweeps what uploads left that were cut off
        kabuto.remove_rubbish()
        try:
            kabuto.check(errors_allowed=True)
        except AssertionError as error:
            self.check(False, str(error))
        self.counts['orphans'] = len(kabuto.leftovers())

    def keep(self, kabuto, folder):
        """What somebody will want who looks for the cause."""
        shutil.copytree(kabuto.root / 'log', folder / 'log')
        shutil.copy(kabuto.engine.root / 'log', folder / 'log/engine')
        for file in kabuto.state.glob('kabuto.db*'):
            shutil.copy(file, folder / 'log')

    def table(self, title, *more):
        counts = dict(self.counts)
        for other in more:
            counts.update(other)
        width = max(map(len, counts))
        rows = [f'  {name:<{width}} {count:>6}' for name, count in counts.items()]
        return '\n'.join([title, *rows, *(f'  WRONG: {text}' for text in self.wrong)])
