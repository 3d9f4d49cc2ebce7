"""Many rows in a database, put there by SQL: only what has no default is named."""
import sqlite3

NUMBERS = 'WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number ' \
          'WHERE n + 1 < :count) '
ACCOUNTS = NUMBERS + '''
    INSERT OR IGNORE INTO account (login, email, password_hash, created_at)
    SELECT 'filler' || n, 'filler@example.org', 'none', :now FROM number'''
PIPELINES = NUMBERS + '''
    INSERT INTO pipeline (id, account, name, on_failure, max_parallel, created_at)
    SELECT :first + n, (SELECT id FROM accounts WHERE number = n % :accounts), 'filler',
        'continue', 1, :now FROM number'''
# Attempt and times: as of jobs that ended, or of those that wait.
JOBS = NUMBERS + '''
    INSERT INTO job (pipeline, account, image, position, state, attempt, name, command, network, timeout,
        grace, memory, cpus, pids, disk, attachment_token, results_token, created_at, queued_at,
        started_at, start_marked_at, finished_at, response, used_cpu, used_memory, used_io)
    SELECT pipeline.id, pipeline.account, :image, n % :each + 1, :state, :ended, 'job ' || n, 'true', 'none',
        86400, 10, 536870912, 1.0, 512, 10737418240, lower(hex(randomblob(16))),
        iif(:ended, lower(hex(randomblob(16))), NULL), :now + n, :now + n,
        iif(:ended, :now + n, NULL), iif(:ended, :now + n, NULL), iif(:ended, :now + n + 9, NULL),
        iif(:ended, 0, NULL), iif(:ended, 0.01, NULL), iif(:ended, 1000000, NULL),
        iif(:ended, 0, NULL)
    FROM number JOIN pipeline ON pipeline.id = :first + n / :each'''
QUEUE = '''
    INSERT OR IGNORE INTO queue (pipeline, account, waiting_since)
    SELECT pipeline, account, min(queued_at) FROM job WHERE state = 'in_queue' GROUP BY pipeline'''


class Filling:
    """Of one Kabuto's database, whose spooler is stopped; a user of it owns a share of all."""

    def __init__(self, kabuto, user, accounts):
        self.user, self.image, self.accounts = user, user.image(), accounts
        self.db = sqlite3.connect(kabuto.state / 'kabuto.db', isolation_level=None, timeout=60)
        self.db.execute('PRAGMA synchronous = OFF')
        self.db.execute('PRAGMA cache_size = -500000')
        self.now = self.db.execute('SELECT max(created_at) FROM account').fetchone()[0]
        if accounts > 1:
            self.db.execute(ACCOUNTS, {'count': accounts - 1, 'now': self.now})
        self.db.execute('CREATE TEMP TABLE accounts AS SELECT row_number() OVER (ORDER BY id) - 1 '
                        'AS number, id FROM account')
        self.db.execute('CREATE UNIQUE INDEX temp.accounts_number ON accounts (number)')

    def jobs(self, pipelines, each, state):
        """So many pipelines of so many jobs each; gives the first pipeline's id, the user's own."""
        first = self.db.execute('SELECT coalesce(max(id), 0) + 1 FROM pipeline').fetchone()[0]
        self.db.execute('BEGIN IMMEDIATE')
        self.db.execute(PIPELINES, {'count': pipelines, 'first': first, 'now': self.now,
                                    'accounts': self.accounts})
        self.db.execute(JOBS, {'count': pipelines * each, 'each': each, 'first': first,
                               'image': self.image, 'state': state, 'now': self.now,
                               'ended': int(state in ('done', 'failed'))})
        if state == 'in_queue':
            self.db.execute(QUEUE)
        self.db.execute('COMMIT')
        return first

    def close(self):
        """Everything into the database's own file, so that no call pays for our writing."""
        self.db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        self.db.close()
