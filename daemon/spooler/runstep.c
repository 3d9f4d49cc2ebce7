/*
 * Decides what follows a step of a run whose call failed.
 */
#include "runstep.h"

#include "engine.h"
#include "engineprobe.h"
#include "runrefusal.h"
#include "spooler.h"
#include "worker.h"

#define FAILURES_SURE 2 /* errors of the engine (HTTP 500) before the engine is probed */

enum outcome
runstep_jump(struct run *run, enum step step)
{
	run->jump = step;
	return JUMP;
}

enum outcome
runstep_fail(struct run *run)
{
	return runstep_jump(run, STEP_COLLECT);
}

enum outcome
runstep_retry_call(struct run *run, const struct error *err)
{
	if (err->kind == ERROR_INTERRUPTED) {
		/*
		 * The call was interrupted because the spooler stops, or because this job, or the
		 * one before it in this thread, was cancelled. A stop after engine_resume
		 * interrupts the next call.
		 */
		engine_resume(&run->worker->engine);
		return run->worker->spooler->stopping ? LEAVE : REPEAT;
	}
	if (err->kind == ERROR_AWAY)
		spooler_record_engine(run->worker->spooler, err);
	return AGAIN;
}

enum outcome
runstep_failed_call(struct run *run, const struct error *err)
{
	switch (err->kind) {
	case ERROR_INTERRUPTED:
	case ERROR_AWAY:
	case ERROR_BUSY:
	case ERROR_NO_SPACE:
	case ERROR_REGISTRY:
		return runstep_retry_call(run, err);
	case ERROR_ENGINE:
		/* An engine that is shutting down gives errors of all kinds. */
		if (run->failures++ < FAILURES_SURE || !engineprobe_is_sound(run->worker))
			return AGAIN;
		break;
	case ERROR_SYSTEM:
		if (run->failures++ < FAILURES_MOST)
			return AGAIN;
		break;
	default:
		break;
	}
	runrefusal_explain(run, err);
	return runstep_fail(run);
}
