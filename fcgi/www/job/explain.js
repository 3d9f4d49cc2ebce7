// @ts-check
/* Says in words why a job is in its state, and what to do next. */
import { bytes, seconds } from '../format.js';

/** @typedef {{reason: string, next: string}} Explanation */

/* For a failed job: how its error begins, and the next step. */
const NEXT = /** @type {[RegExp, string][]} */ ([
	[/^out of memory/, 'Run it again with more memory, or let it hold less at a time.'],
	[/^timed out/, 'Copy it as a new job with a longer time limit, or give it less to do.'],
	[/^killed by its owner/, 'Run it again if you need it after all.'],
	[/^cancelled/, 'Submit its pipeline, or run it again.'],
	[/^the engine (lost|stopped)/,
		'This was not the job\'s fault. Run it again. With retries it would run again by ' +
			'itself.'],
	[/^exit code 127\b/,
		'Its command was not found. Check the name, and that the image has the program.'],
	[/^exit code 126\b/,
		'Its command may not be executed. Check the file\'s permissions (chmod +x).'],
	[/^exit code 137\b/, 'Something in the job sent it SIGKILL. Look at the end of the log.'],
	[/^killed by signal/, 'The program crashed. Look at the end of the log.'],
	[/build it again/, 'Build its image again, then run the job again.'],
	[/^exit code/, 'Look at the end of the log; the key "e" leads from error to error.'],
	[/outbox|disk/, 'Write less to /outbox, or copy it as a new job with a larger disk.'],
]);

/** @param {any} job @returns {Explanation} */
function explainQueue(job) {
	const { position, reason, eta_s: eta } = job.queue ?? {
		position: 0, reason: '', eta_s: null };
	const soon = eta === null || eta === undefined ? ''
		: eta === 0 ? ' It should start soon.'
			: ` It should start in about ${seconds(eta)}.`;

	const place = position > 0 ? `Place ${position} in its pipeline` : 'Waiting';

	return {
		reason: `${place}: ${reason}.${soon}`,
		next: /engine|disk/.test(reason)
			? 'It starts by itself once the server can run jobs again. Nothing is lost.'
			: /max_parallel/.test(reason)
				? 'Raise max_parallel of its pipeline to run more jobs at a time.'
				: '',
	};
}

/**
 * @param {any} job as the API gives it
 * @returns {Explanation} `next` is '' if there is nothing to do
 */
export function explain(job) {
	switch (job.state) {
	case 'ready':
		if (job.build) {
			return { reason: `It waits: ${job.queue?.reason ?? 'for its build'}.`,
				next: 'The build puts it in the queue. If the build fails, the ' +
					'job is deleted.' };
		}
		return { reason: job.error ? `Not in the queue: ${job.error}.`
				: 'It has not been submitted yet.',
			next: 'Submit its pipeline to run it.' };
	case 'in_queue':
		return explainQueue(job);
	case 'running':
		return { reason: job.attempt > 1
				? `Attempt ${job.attempt} is running.` : 'It is running.',
			next: job.timeout > 0
				? `It is stopped after ${seconds(job.timeout)} at the latest.`
				: '' };
	case 'done':
		return { reason: 'It ended with exit code 0.', next: '' };
	default: {
		const error = job.error ?? 'no reason is known';
		return { reason: `It failed: ${error}.`,
			next: NEXT.find(([form]) => form.test(error))?.[1] ??
				'Look at the end of the log.' };
	}
	}
}

/** Whether the job ended because it ran out of memory. @param {any} job */
export function isOutOfMemory(job) {
	return job.state === 'failed' && /^out of memory/.test(job.error ?? '');
}

/**
 * How much memory to try next: twice as much, in a round number.
 * @param {number} limit bytes
 * @returns {{bytes: number, text: string}}
 */
export function moreMemory(limit) {
	const step = limit >= 2 ** 30 ? 2 ** 29 : 2 ** 26; /* 512 MiB or 64 MiB */
	const more = Math.ceil(2 * limit / step) * step;

	return { bytes: more, text: bytes(more) };
}

/** Whether the job has ended. @param {any} job */
export function hasEnded(job) {
	return job.state === 'done' || job.state === 'failed';
}
