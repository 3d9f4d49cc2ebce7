-- Turns version 2 of the tables into version 3. Each new column stands at the end of its table.

ALTER TABLE build ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE pipeline ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE change_number (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	last INTEGER NOT NULL
) STRICT;

-- The rows that are there get the first numbers: pipelines, then builds, then jobs.
UPDATE pipeline SET changed = id WHERE deleted = 0;
UPDATE build SET changed = id + (SELECT coalesce(max(id), 0) FROM pipeline);
UPDATE job SET changed = id + (SELECT coalesce(max(id), 0) FROM pipeline) + (SELECT coalesce(max(id), 0) FROM build)
	WHERE deleted = 0;
INSERT INTO change_number (id, last) SELECT 1, (SELECT coalesce(max(id), 0) FROM pipeline)
	+ (SELECT coalesce(max(id), 0) FROM build) + (SELECT coalesce(max(id), 0) FROM job);

CREATE TABLE removal (
	change     INTEGER PRIMARY KEY,
	account    INTEGER NOT NULL,
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

CREATE TABLE view (
	hash       BLOB PRIMARY KEY,
	account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	job        INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX view_account ON view (account, expires_at);
CREATE INDEX view_job ON view (job);
CREATE INDEX view_expires ON view (expires_at);

ALTER TABLE job ADD COLUMN rerun_of INTEGER;
CREATE INDEX job_rerun ON job (rerun_of, id) WHERE rerun_of IS NOT NULL;
CREATE INDEX build_owner ON build (account, id);
CREATE TRIGGER job_change_copied AFTER INSERT ON job WHEN new.rerun_of IS NOT NULL BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.rerun_of AND deleted = 0;
END;
CREATE TRIGGER job_change_copy_removed AFTER UPDATE OF deleted ON job
		WHEN new.deleted > old.deleted AND new.rerun_of IS NOT NULL BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.rerun_of AND deleted = 0;
END;

ALTER TABLE build ADD COLUMN content_hash BLOB;
CREATE INDEX build_content ON build (account, content_hash) WHERE content_hash IS NOT NULL;
ALTER TABLE pipeline ADD COLUMN of_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN build INTEGER;
CREATE INDEX job_build ON job (build, position) WHERE build IS NOT NULL;
CREATE INDEX job_waiting ON job (account) WHERE build IS NOT NULL;
CREATE INDEX job_waiting_pipeline ON job (pipeline) WHERE build IS NOT NULL;
CREATE TRIGGER job_change_waiting AFTER UPDATE OF build ON job WHEN new.build IS NOT old.build AND new.deleted = 0 BEGIN
	UPDATE change_number SET last = last + 1 WHERE id = 1;
	UPDATE job SET changed = (SELECT last FROM change_number WHERE id = 1) WHERE id = new.id;
END;
