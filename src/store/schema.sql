-- Kabuto's tables. Times are milliseconds since 1970 (UTC), sizes bytes, flags 0 or 1.
-- Ids are never used twice (AUTOINCREMENT): containers, logs and clients name things by them.

-- What belongs to the whole installation: 'instance' is the random word in our containers' names.
CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Somebody who may log in once confirm_hash is NULL.
CREATE TABLE account (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	login         TEXT NOT NULL COLLATE NOCASE UNIQUE,
	email         TEXT NOT NULL,
	password_hash TEXT NOT NULL,               -- Argon2id, libsodium's text form
	confirm_hash  BLOB,                        -- of the token that confirms it; NULL: confirmed
	admin         INTEGER NOT NULL DEFAULT 0,
	created_at    INTEGER NOT NULL,
	served_at     INTEGER NOT NULL DEFAULT 0,  -- when a job of its was started last
	disabled      INTEGER NOT NULL DEFAULT 0,  -- may not log in; its jobs in queue wait
	queued_max    INTEGER,                     -- limits of its own; NULL: the configuration's
	running_max   INTEGER,
	kept_max      INTEGER,                     -- bytes of results and logs, above which the oldest go
	builds_max    INTEGER,
	storage_max   INTEGER,                     -- bytes of attachments, results and logs, above which none are taken
	file_max      INTEGER,                     -- bytes of an attachment
	request_max   INTEGER,                     -- bytes of a request
	storage       INTEGER NOT NULL DEFAULT 0,  -- bytes of attachments, results and logs, as the triggers of job count
	source        TEXT NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'ldap')) -- who knows the password
) STRICT;

-- A log-in that has not ended. Could be dropped at the price of everybody's logging in again.
CREATE TABLE session (
	hash    BLOB PRIMARY KEY,                  -- of the cookie's token
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	used_at INTEGER NOT NULL                   -- to the hour; idle for session_days: ended
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_used ON session (used_at);

-- What a script logs in with, in place of a session.
CREATE TABLE token (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	hash       BLOB NOT NULL UNIQUE,           -- of the value, which its owner alone has
	created_at INTEGER NOT NULL,
	expires_at INTEGER,                        -- NULL: never
	used_at    INTEGER                         -- to the hour; NULL: never
) STRICT;
CREATE INDEX token_account ON token (account, id);
CREATE INDEX token_expires ON token (expires_at) WHERE expires_at IS NOT NULL;

-- The answer of a call that came with an Idempotency-Key, for whoever repeats it. Could be dropped: who then
-- repeats a call makes it twice.
CREATE TABLE idempotency (
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	key        TEXT NOT NULL,
	digest     BLOB NOT NULL,                  -- of the call and its parameters
	status     INTEGER NOT NULL,
	answer     TEXT NOT NULL,                  -- its body
	created_at INTEGER NOT NULL,
	PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- The audit trail: who did what, from where.
CREATE TABLE event (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER,                        -- whose it is; NULL: nobody's login was tried
	login      TEXT NOT NULL,                  -- who did it
	token      INTEGER,                        -- the id of the API token by which; NULL: by a session
	action     TEXT NOT NULL,                  -- 'job_kill'
	object     INTEGER,                        -- the id of the job, pipeline, ... that it was done to
	address    TEXT NOT NULL,                  -- of the client
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX event_account ON event (account, id);
CREATE INDEX event_created ON event (created_at);

-- Failed log-ins of late: of one login ('login:alice') and from one address ('address:192.0.2.1'); and
-- registrations from one ('register:192.0.2.1').
CREATE TABLE login_failure (
	subject    TEXT PRIMARY KEY,
	failures   INTEGER NOT NULL,
	started_at INTEGER NOT NULL                -- of the window in which they are counted
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failure_started ON login_failure (started_at);

-- What jobs run from. build is the one that serves; NULL: none succeeded yet, and no one sees the image.
CREATE TABLE image (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL REFERENCES account (id),
	name       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	build      INTEGER REFERENCES build (id) DEFERRABLE INITIALLY DEFERRED,
	deleted    INTEGER NOT NULL DEFAULT 0      -- nobody sees it; jobs that ran from it still name it
) STRICT;
CREATE INDEX image_account ON image (account, id) WHERE build IS NOT NULL;
CREATE INDEX image_build ON image (build);
CREATE INDEX image_deleted ON image (id) WHERE deleted = 1;

-- One attempt at building an image, from builds/<id>/context or from repo_url.
CREATE TABLE build (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	image            INTEGER NOT NULL REFERENCES image (id),
	account          INTEGER NOT NULL REFERENCES account (id),
	state            TEXT NOT NULL CHECK (state IN ('PENDING', 'SUCCESS', 'FAILED', 'FAILURE')),
	dockerfile       TEXT,                     -- NULL until a checkout brought it
	repo_url         TEXT,                     -- NULL after the end where it may have a password in it
	nocache          INTEGER NOT NULL,
	entrypoint       TEXT,                     -- of the built image: JSON array of strings
	cmd              TEXT,                     -- likewise
	error            TEXT,
	created_at       INTEGER NOT NULL,
	started_at       INTEGER,                  -- PENDING with it: the spooler works on it
	finished_at      INTEGER,
	cancel_requested INTEGER NOT NULL DEFAULT 0,
	name             TEXT,                     -- what it makes the image's name; NULL: as it is
	tag_secret       TEXT NOT NULL DEFAULT ''  -- what nobody else can guess of the engine's name for it
) STRICT;
CREATE INDEX build_image ON build (image);
CREATE INDEX build_account ON build (account) WHERE state = 'PENDING';
CREATE INDEX build_pending ON build (state, id) WHERE state = 'PENDING';

-- Jobs in their order. Its jobs start first in, first out, max_parallel at a time.
CREATE TABLE pipeline (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	account      INTEGER NOT NULL REFERENCES account (id),
	name         TEXT NOT NULL,
	on_failure   TEXT NOT NULL CHECK (on_failure IN ('continue', 'stop')),
	max_parallel INTEGER NOT NULL CHECK (max_parallel > 0),
	created_at   INTEGER NOT NULL,
	deleted      INTEGER NOT NULL DEFAULT 0    -- nobody sees it; the row goes once its jobs are gone
) STRICT;
CREATE INDEX pipeline_account ON pipeline (account, id);
CREATE INDEX pipeline_deleted ON pipeline (id) WHERE deleted = 1;

-- A command with its files. One that ended is run again by another submit: attempt counts its starts.
CREATE TABLE job (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	pipeline         INTEGER NOT NULL REFERENCES pipeline (id),
	account          INTEGER NOT NULL REFERENCES account (id),  -- the pipeline's
	image            INTEGER NOT NULL REFERENCES image (id),
	position         INTEGER NOT NULL,         -- in its pipeline; the id, unless rearranged
	state            TEXT NOT NULL DEFAULT 'ready'
	                 CHECK (state IN ('ready', 'in_queue', 'running', 'done', 'failed')),
	attempt          INTEGER NOT NULL DEFAULT 0,
	name             TEXT,
	command          TEXT,                     -- a shell line or a JSON array; NULL: the image's own
	env              TEXT,                     -- JSON array of "KEY=VALUE"
	workdir          TEXT,
	user             TEXT,
	network          TEXT NOT NULL,
	timeout          INTEGER NOT NULL,         -- seconds of run time
	grace            INTEGER NOT NULL,         -- seconds between SIGTERM and SIGKILL
	memory           INTEGER NOT NULL,         -- bytes
	cpus             REAL NOT NULL,
	pids             INTEGER NOT NULL,
	disk             INTEGER NOT NULL,         -- bytes in the outbox
	attachment_token TEXT NOT NULL,            -- inbox/<it> holds the attachments; '': there are none
	results_token    TEXT,                     -- results/<it>.zip, of the last attempt that ended
	created_at       INTEGER NOT NULL,
	queued_at        INTEGER,
	started_at       INTEGER,
	start_marked_at  INTEGER,                  -- the container existed, and its start was about to be asked for
	finished_at      INTEGER,
	response         INTEGER,                  -- the exit code
	error            TEXT,
	used_cpu         REAL,                     -- seconds
	used_memory      INTEGER,                  -- bytes at the peak
	used_io          INTEGER,                  -- bytes read and written on block devices
	retries          INTEGER NOT NULL DEFAULT 0, -- how often it runs again after a failure
	retries_left     INTEGER NOT NULL DEFAULT 0, -- of them, since the submit
	retry_at         INTEGER,                  -- in_queue after a failure: not before then; it keeps its place
	cancel_requested INTEGER NOT NULL DEFAULT 0, -- its owner asked for its end; cleared by a submit
	deleted          INTEGER NOT NULL DEFAULT 0, -- nobody sees it; the spooler removes files and row
	slot             INTEGER,                  -- while it runs: whose sandbox it may use
	results_size     INTEGER,                  -- bytes of the results' zip
	log_size         INTEGER NOT NULL DEFAULT 0, -- bytes of the logs of all its attempts
	results_removed_at INTEGER,                -- by retention
	logs_removed_at  INTEGER,
	first_attempt    INTEGER,                  -- since the submit: later ones are retries
	inbox_size       INTEGER NOT NULL DEFAULT 0 -- bytes of the attachments
) STRICT;
CREATE INDEX job_pipeline ON job (pipeline, position);
CREATE INDEX job_pipeline_id ON job (pipeline);
CREATE INDEX job_image ON job (image);
CREATE INDEX job_in_queue ON job (pipeline, position) WHERE state = 'in_queue';
CREATE INDEX job_in_queue_account ON job (account) WHERE state = 'in_queue';
CREATE INDEX job_running ON job (account) WHERE state = 'running';
CREATE INDEX job_running_pipeline ON job (pipeline) WHERE state = 'running';
CREATE INDEX job_attachments ON job (attachment_token) WHERE attachment_token <> '';
CREATE INDEX job_results ON job (results_token) WHERE results_token IS NOT NULL;
CREATE INDEX job_retry ON job (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX job_retry_pipeline ON job (pipeline) WHERE retry_at IS NOT NULL;
CREATE INDEX job_cancel ON job (id) WHERE cancel_requested = 1 AND state = 'running';
CREATE INDEX job_deleted ON job (id) WHERE deleted = 1;
CREATE INDEX job_finished ON job (finished_at, id) WHERE finished_at IS NOT NULL;
CREATE INDEX job_account ON job (account, id);
CREATE INDEX job_account_state ON job (account, state, id);
CREATE INDEX job_state ON job (state, id);

-- account.storage counts what its jobs have on disk, in the transaction that changes it.
CREATE TRIGGER job_storage_added AFTER INSERT ON job WHEN new.inbox_size > 0 BEGIN
	UPDATE account SET storage = storage + new.inbox_size WHERE id = new.account;
END;
CREATE TRIGGER job_storage_changed AFTER UPDATE OF inbox_size, results_size, log_size ON job BEGIN
	UPDATE account SET storage = storage + new.inbox_size + coalesce(new.results_size, 0) + new.log_size
		- old.inbox_size - coalesce(old.results_size, 0) - old.log_size WHERE id = new.account;
END;
CREATE TRIGGER job_storage_removed AFTER DELETE ON job BEGIN
	UPDATE account SET storage = storage - old.inbox_size - coalesce(old.results_size, 0) - old.log_size
		WHERE id = old.account;
END;

-- A file that came with a job; inbox/<attachment_token>/<name> is its content.
CREATE TABLE attachment (
	job  INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	size INTEGER NOT NULL,
	PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

-- The pipelines of which a job may start now: it has one in queue, and fewer than max_parallel run or wait
-- for their next try.
-- Could be rebuilt from job and pipeline; queue_refresh keeps it in the transaction that changes either.
CREATE TABLE queue (
	pipeline      INTEGER PRIMARY KEY REFERENCES pipeline (id) ON DELETE CASCADE,
	account       INTEGER NOT NULL,
	waiting_since INTEGER NOT NULL             -- queued_at of the first job in queue
) STRICT;
CREATE INDEX queue_account ON queue (account, waiting_since, pipeline);

-- One row: what the spooler last said of itself.
CREATE TABLE spooler (
	id                INTEGER PRIMARY KEY CHECK (id = 1),
	pid               INTEGER NOT NULL,
	seen_at           INTEGER NOT NULL,
	engine_error      TEXT,                    -- NULL: it answers
	engine_away_since INTEGER,
	disk_error        TEXT                     -- NULL: there is room
) STRICT;

-- One row: what the spooler's last sweep removed. The next one writes it anew.
CREATE TABLE sweep (
	id          INTEGER PRIMARY KEY CHECK (id = 1),
	started_at  INTEGER NOT NULL,
	finished_at INTEGER NOT NULL,
	files       INTEGER NOT NULL,
	file_bytes  INTEGER NOT NULL,
	containers  INTEGER NOT NULL,
	images      INTEGER NOT NULL,
	image_bytes INTEGER NOT NULL,
	errors      INTEGER NOT NULL,              -- how often something could not be looked up or removed
	error       TEXT                           -- the first of them; NULL: none
) STRICT;
