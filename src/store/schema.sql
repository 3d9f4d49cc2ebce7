-- Kabuto's tables. Times are milliseconds since 1970 (UTC), sizes bytes, flags 0 or 1.
-- An id is never used again (AUTOINCREMENT), since containers, logs and clients refer to rows by id.

-- Values of the whole installation: 'instance' is the random word in the names of our containers.
CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A user. May log in if confirm_hash is NULL.
CREATE TABLE account (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	login         TEXT NOT NULL COLLATE NOCASE UNIQUE,
	email         TEXT NOT NULL,
	password_hash TEXT NOT NULL,               -- Argon2id, libsodium's text form
	confirm_hash  BLOB,                        -- of the confirmation token; NULL: confirmed
	admin         INTEGER NOT NULL DEFAULT 0,
	created_at    INTEGER NOT NULL,
	served_at     INTEGER NOT NULL DEFAULT 0,  -- when one of its jobs was last started
	disabled      INTEGER NOT NULL DEFAULT 0,  -- 1: may not log in; its jobs in queue wait
	queued_max    INTEGER,                     -- the account's own limits; NULL: the configuration's
	running_max   INTEGER,
	kept_max      INTEGER,                     -- bytes of results and logs; above it, the oldest are removed
	builds_max    INTEGER,
	storage_max   INTEGER,                     -- bytes of attachments, results and logs; above it, uploads are refused
	file_max      INTEGER,                     -- bytes of an attachment
	request_max   INTEGER,                     -- bytes of a request
	storage       INTEGER NOT NULL DEFAULT 0,  -- bytes of attachments, results and logs; the triggers of job count them
	source        TEXT NOT NULL DEFAULT 'local' CHECK (source IN ('local', 'ldap')) -- which of them checks the password
) STRICT;

-- A log-in that has not ended. If this table is emptied, all users must log in again.
CREATE TABLE session (
	hash    BLOB PRIMARY KEY,                  -- of the cookie's token
	account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	used_at INTEGER NOT NULL                   -- updated hourly; after session_days without use the session has ended
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_used ON session (used_at);

-- An API token. A script logs in with one instead of a session.
CREATE TABLE token (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	hash       BLOB NOT NULL UNIQUE,           -- of the token, which only its owner has
	created_at INTEGER NOT NULL,
	expires_at INTEGER,                        -- NULL: never
	used_at    INTEGER                         -- updated hourly; NULL: never
) STRICT;
CREATE INDEX token_account ON token (account, id);
CREATE INDEX token_expires ON token (expires_at) WHERE expires_at IS NOT NULL;

-- A view of a job's results, which needs no log-in. If this table is emptied, the results must be opened again.
CREATE TABLE view (
	hash       BLOB PRIMARY KEY,               -- of the token in the view's URL
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- that opened it
	job        INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX view_account ON view (account, expires_at);
CREATE INDEX view_job ON view (job);
CREATE INDEX view_expires ON view (expires_at);

-- The answer to a call with an Idempotency-Key; a repeated call gets the same answer. If this table is emptied,
-- a repeated call is executed twice.
CREATE TABLE idempotency (
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	key        TEXT NOT NULL,
	digest     BLOB NOT NULL,                  -- of the call and its parameters
	status     INTEGER NOT NULL,
	answer     TEXT NOT NULL,                  -- body of the answer
	created_at INTEGER NOT NULL,
	PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- The audit trail: who did what, from where.
CREATE TABLE event (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER,                        -- owner of the object; NULL: a log-in with an unknown login
	login      TEXT NOT NULL,                  -- of the user that did it
	token      INTEGER,                        -- id of the API token that was used; NULL: a session was used
	action     TEXT NOT NULL,                  -- 'job_kill'
	object     INTEGER,                        -- id of the job, pipeline, ... that was changed
	address    TEXT NOT NULL,                  -- of the client
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX event_account ON event (account, id);
CREATE INDEX event_created ON event (created_at);

-- Counters of recent failed log-ins of a login ('login:alice') and from an address ('address:192.0.2.1'), and of
-- registrations from an address ('register:192.0.2.1').
CREATE TABLE login_failure (
	subject    TEXT PRIMARY KEY,
	failures   INTEGER NOT NULL,
	started_at INTEGER NOT NULL                -- when the window began in which they are counted
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failure_started ON login_failure (started_at);

-- An image, which jobs run from. build is the build in use; NULL: none succeeded yet, and no one sees the image.
CREATE TABLE image (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL REFERENCES account (id),
	name       TEXT NOT NULL,
	created_at INTEGER NOT NULL,
	build      INTEGER REFERENCES build (id) DEFERRABLE INITIALLY DEFERRED,
	deleted    INTEGER NOT NULL DEFAULT 0      -- 1: no one sees it; jobs that ran from it still name it
) STRICT;
CREATE INDEX image_account ON image (account, id) WHERE build IS NOT NULL;
CREATE INDEX image_build ON image (build);
CREATE INDEX image_deleted ON image (id) WHERE deleted = 1;

-- A build of an image, from builds/<id>/context or from repo_url.
CREATE TABLE build (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	image            INTEGER NOT NULL REFERENCES image (id),
	account          INTEGER NOT NULL REFERENCES account (id),
	state            TEXT NOT NULL CHECK (state IN ('PENDING', 'SUCCESS', 'FAILED', 'FAILURE')),
	dockerfile       TEXT,                     -- NULL until the repository is checked out
	repo_url         TEXT,                     -- NULL after the end if it may contain a password
	nocache          INTEGER NOT NULL,
	entrypoint       TEXT,                     -- of the built image: JSON array of strings
	cmd              TEXT,                     -- of the built image, like entrypoint
	error            TEXT,
	created_at       INTEGER NOT NULL,
	started_at       INTEGER,                  -- if state is PENDING: the spooler works on it
	finished_at      INTEGER,
	cancel_requested INTEGER NOT NULL DEFAULT 0,
	name             TEXT,                     -- new name of the image; NULL: the name does not change
	tag_secret       TEXT NOT NULL DEFAULT '', -- unguessable part of its tag in the engine
	build_arg        TEXT,                     -- build arguments: JSON array of "NAME=VALUE"; NULL: none
	bases            TEXT,                     -- ids of the builds whose images it builds on, ',7,12,'; NULL: none
	changed          INTEGER NOT NULL DEFAULT 0, -- number of its last change (change_number)
	content_hash     BLOB                      -- of Dockerfile, arguments and context (contenthash.h); NULL: not reusable
) STRICT;
CREATE INDEX build_content ON build (account, content_hash) WHERE content_hash IS NOT NULL;
CREATE INDEX build_image ON build (image);
CREATE INDEX build_owner ON build (account, id);
CREATE INDEX build_account ON build (account) WHERE state = 'PENDING';
CREATE INDEX build_pending ON build (state, id) WHERE state = 'PENDING';

-- A pipeline: jobs in an order. They start in this order, at most max_parallel at a time.
CREATE TABLE pipeline (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	account      INTEGER NOT NULL REFERENCES account (id),
	name         TEXT NOT NULL,
	on_failure   TEXT NOT NULL CHECK (on_failure IN ('continue', 'stop')),
	max_parallel INTEGER NOT NULL CHECK (max_parallel > 0),
	created_at   INTEGER NOT NULL,
	deleted      INTEGER NOT NULL DEFAULT 0,   -- 1: no one sees it; the row is deleted after its last job
	changed      INTEGER NOT NULL DEFAULT 0,   -- number of its last change (change_number)
	of_run       INTEGER NOT NULL DEFAULT 0    -- 1: POST /run made it for its job; it goes with the job if the build fails
) STRICT;
CREATE INDEX pipeline_account ON pipeline (account, id);
CREATE INDEX pipeline_deleted ON pipeline (id) WHERE deleted = 1;

-- A job: a command with its files. A new submit runs it again. attempt counts its starts.
CREATE TABLE job (
	id               INTEGER PRIMARY KEY AUTOINCREMENT,
	pipeline         INTEGER NOT NULL REFERENCES pipeline (id),
	account          INTEGER NOT NULL REFERENCES account (id),  -- same as of the pipeline
	image            INTEGER NOT NULL REFERENCES image (id),
	position         INTEGER NOT NULL,         -- order in its pipeline
	state            TEXT NOT NULL DEFAULT 'ready'
	                 CHECK (state IN ('ready', 'in_queue', 'running', 'done', 'failed')),
	attempt          INTEGER NOT NULL DEFAULT 0,
	name             TEXT,
	command          TEXT,                     -- a shell line or a JSON array; NULL: the image's command
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
	attachment_token TEXT NOT NULL,            -- inbox/<token> holds the attachments; '': no attachments
	results_token    TEXT,                     -- results/<token>.zip is of the last attempt that ended
	created_at       INTEGER NOT NULL,
	queued_at        INTEGER,
	started_at       INTEGER,
	start_marked_at  INTEGER,                  -- when the container existed and was about to be started
	finished_at      INTEGER,
	response         INTEGER,                  -- exit code of the command
	error            TEXT,
	used_cpu         REAL,                     -- seconds
	used_memory      INTEGER,                  -- peak, in bytes
	used_io          INTEGER,                  -- bytes read and written on block devices; NULL: not counted
	retries          INTEGER NOT NULL DEFAULT 0, -- how often it may run again after failures
	retries_left     INTEGER NOT NULL DEFAULT 0, -- how many retries are left since the submit
	retry_at         INTEGER,                  -- when its next try may begin, if it is in_queue after a failure
	cancel_requested INTEGER NOT NULL DEFAULT 0, -- 1: its owner asked to end it; a submit clears this
	deleted          INTEGER NOT NULL DEFAULT 0, -- 1: no one sees it; the spooler removes its files and row
	slot             INTEGER,                  -- while it runs: the slot, which says which sandbox it may use
	results_size     INTEGER,                  -- bytes of the results' zip
	log_size         INTEGER NOT NULL DEFAULT 0, -- bytes of the logs of all its attempts
	results_removed_at INTEGER,                -- when retention removed them
	logs_removed_at  INTEGER,
	first_attempt    INTEGER,                  -- the first attempt since the submit; later ones are retries
	inbox_size       INTEGER NOT NULL DEFAULT 0, -- bytes of the attachments, also of files that other jobs share
	stderr           TEXT NOT NULL DEFAULT 'separate', -- 'stdout': one pipe for both
	changed          INTEGER NOT NULL DEFAULT 0, -- number of its last change (change_number)
	rerun_of         INTEGER,                  -- the job that it is a copy of, which may be deleted since; NULL: of none
	build            INTEGER                   -- if it is ready: the build that puts it in queue, or deletes it; NULL: none
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
CREATE INDEX job_rerun ON job (rerun_of, id) WHERE rerun_of IS NOT NULL;
CREATE INDEX job_build ON job (build, position) WHERE build IS NOT NULL;
CREATE INDEX job_waiting ON job (account) WHERE build IS NOT NULL;
CREATE INDEX job_waiting_pipeline ON job (pipeline) WHERE build IS NOT NULL;

-- These triggers keep account.storage equal to the bytes of its jobs' files. A file that two jobs have (a hard link,
-- made by a rerun) counts for each of them, so that the removal of one changes nothing for the other.
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

-- A file of a job: uploaded with it, or linked from the job that it is a copy of. inbox/<attachment_token>/<name> is its content.
CREATE TABLE attachment (
	job  INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	size INTEGER NOT NULL,
	PRIMARY KEY (job, name)
) STRICT, WITHOUT ROWID;

-- The pipelines that have a job that may start now. Such a pipeline has a job in queue, and fewer than
-- max_parallel of its jobs run or wait for their next try.
-- This table can be rebuilt from job and pipeline. queue_refresh updates it in each transaction that changes
-- these.
CREATE TABLE queue (
	pipeline      INTEGER PRIMARY KEY REFERENCES pipeline (id) ON DELETE CASCADE,
	account       INTEGER NOT NULL,
	waiting_since INTEGER NOT NULL             -- queued_at of the first job in queue
) STRICT;
CREATE INDEX queue_account ON queue (account, waiting_since, pipeline);

-- One row: the status that the spooler recorded last.
CREATE TABLE spooler (
	id                INTEGER PRIMARY KEY CHECK (id = 1),
	pid               INTEGER NOT NULL,
	seen_at           INTEGER NOT NULL,
	engine_error      TEXT,                    -- NULL: the engine answers
	engine_away_since INTEGER,
	disk_error        TEXT                     -- NULL: enough disk is free
) STRICT;

-- One row: what the spooler's last sweep removed. The next sweep replaces it.
CREATE TABLE sweep (
	id          INTEGER PRIMARY KEY CHECK (id = 1),
	started_at  INTEGER NOT NULL,
	finished_at INTEGER NOT NULL,
	files       INTEGER NOT NULL,
	file_bytes  INTEGER NOT NULL,
	containers  INTEGER NOT NULL,
	images      INTEGER NOT NULL,
	image_bytes INTEGER NOT NULL,
	errors      INTEGER NOT NULL,              -- how often a check or a removal failed
	error       TEXT                           -- the first error; NULL: none
) STRICT;

-- One row: the number of the last change of a job, build or pipeline. The triggers below give each change the next
-- number, and store it in the row that changed. Transactions commit in the order of their numbers, because each is
-- a BEGIN IMMEDIATE. So whoever has read all rows up to a number has missed nothing before it.
CREATE TABLE change_number (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	last INTEGER NOT NULL
) STRICT;
INSERT INTO change_number (id, last) VALUES (1, 0);

-- A job, build or pipeline that was deleted. Removed when it is as old as the oldest row of event.
CREATE TABLE removal (
	change     INTEGER PRIMARY KEY,            -- number of the deletion
	account    INTEGER NOT NULL,               -- the owner's
	kind       TEXT NOT NULL CHECK (kind IN ('job', 'build', 'pipeline')),
	object     INTEGER NOT NULL,
	removed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX removal_account ON removal (account, change);
CREATE INDEX removal_removed ON removal (removed_at);

CREATE INDEX job_changed ON job (changed) WHERE changed > 0;
CREATE INDEX job_account_changed ON job (account, changed) WHERE changed > 0;
CREATE INDEX build_changed ON build (changed) WHERE changed > 0;
CREATE INDEX build_account_changed ON build (account, changed) WHERE changed > 0;
CREATE INDEX pipeline_changed ON pipeline (changed) WHERE changed > 0;
CREATE INDEX pipeline_account_changed ON pipeline (account, changed) WHERE changed > 0;

-- A change is one of a column that a GET shows. A pipeline's GET also shows the order of its jobs.
CREATE TRIGGER pipeline_change_added AFTER INSERT ON pipeline BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE pipeline SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
CREATE TRIGGER pipeline_change_updated AFTER UPDATE OF name, on_failure, max_parallel ON pipeline
		WHEN new.deleted = 0 BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE pipeline SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
CREATE TRIGGER pipeline_change_removed AFTER UPDATE OF deleted ON pipeline WHEN new.deleted > old.deleted BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	INSERT INTO removal (change, account, kind, object, removed_at)
		SELECT last, new.account, 'pipeline', new.id, strftime('%s', 'now') * 1000 FROM change_number WHERE id = 1;
END;
CREATE TRIGGER build_change_added AFTER INSERT ON build BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE build SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
CREATE TRIGGER build_change_updated AFTER UPDATE OF state, error, started_at, finished_at ON build
		WHEN new.state <> old.state OR new.error IS NOT old.error
		OR new.started_at IS NOT old.started_at OR new.finished_at IS NOT old.finished_at BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE build SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
CREATE TRIGGER build_change_removed AFTER DELETE ON build BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	INSERT INTO removal (change, account, kind, object, removed_at)
		SELECT last, old.account, 'build', old.id, strftime('%s', 'now') * 1000 FROM change_number WHERE id = 1;
END;
CREATE TRIGGER job_change_added AFTER INSERT ON job BEGIN
	UPDATE change_number SET last = last + 2 WHERE id = 1;
	UPDATE job SET changed = (SELECT last - 1 FROM change_number WHERE id = 1) WHERE id = new.id;
	UPDATE pipeline SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.pipeline;
END;
CREATE TRIGGER job_change_updated AFTER UPDATE OF image, state, attempt, name, command, env, workdir, user, network,
		timeout, grace, memory, cpus, pids, disk, attachment_token, results_token, queued_at, started_at,
		finished_at, response, error, used_cpu, used_memory, used_io, retries, stderr ON job
		WHEN new.deleted = 0 BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
CREATE TRIGGER job_change_moved AFTER UPDATE OF position ON job WHEN new.position <> old.position BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE pipeline SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.pipeline;
END;
CREATE TRIGGER job_change_removed AFTER UPDATE OF deleted ON job WHEN new.deleted > old.deleted BEGIN
	UPDATE change_number SET last = last + 2 WHERE id = 1;
	INSERT INTO removal (change, account, kind, object, removed_at)
		SELECT last - 1, new.account, 'job', new.id, strftime('%s', 'now') * 1000 FROM change_number WHERE id = 1;
	UPDATE pipeline SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.pipeline;
END;
-- A job's GET shows its copies.
CREATE TRIGGER job_change_copied AFTER INSERT ON job WHEN new.rerun_of IS NOT NULL BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.rerun_of AND deleted = 0;
END;
CREATE TRIGGER job_change_copy_removed AFTER UPDATE OF deleted ON job
		WHEN new.deleted > old.deleted AND new.rerun_of IS NOT NULL BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.rerun_of AND deleted = 0;
END;
-- A job's GET shows the build that it waits for.
CREATE TRIGGER job_change_waiting AFTER UPDATE OF build ON job WHEN new.build IS NOT old.build AND new.deleted = 0 BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
