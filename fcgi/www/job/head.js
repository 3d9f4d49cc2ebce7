// @ts-check
/* The top of a job's page: its name and state, why it is so, and what can be done. */
import { h, replace } from '../dom.js';
import { stateBadge } from '../format.js';
import { action } from '../widgets.js';
import { explain, hasEnded, isOutOfMemory, moreMemory } from './explain.js';

/** @typedef {import('../app.js').Route} Route */

/** @param {any} job */
export function jobPath(job) {
	return `/pipeline/${job.pipeline.id}/job/${job.id}`;
}

/** @param {any} job */
export function jobTitle(job) {
	return job.name ? `Job ${job.id}: ${job.name}` : `Job ${job.id}`;
}

/** The buttons. Each is made once and only hidden, so that the focus stays.
 * @param {any} job @param {Route} route */
function makeActions(job, route) {
	const path = jobPath(job);
	const go = (/** @type {{id: number}} */ answer) => route.navigate(`/ui/job/${answer.id}`);

	return {
		kill: action('Kill', { path: `${path}/kill`,
			run: () => 'The job is being stopped.' }),
		cancel: action('Cancel', { path: `/pipeline/${job.pipeline.id}/cancel`,
			title: 'Takes all queued jobs of its pipeline out of the queue and kills ' +
				'the running ones',
			run: () => '' }),
		more: h('span'),
		again: action('Run again', { path: `${path}/rerun`, run: go,
			title: 'A new job with the same image, inputs and options' }),
		copy: h('a', { class: 'button', href: `/ui/new?from=${job.id}`,
			title: 'A new job with everything filled in' }, 'Copy as a new job'),
		remove: action('Delete', { method: 'DELETE', path,
			danger: `Delete job ${job.id}, its inputs, results and log? ` +
				'This cannot be undone.',
			run: () => route.navigate(`/ui/pipeline/${job.pipeline.id}`) }),
	};
}

/**
 * @param {any} first the job
 * @param {Route} route
 * @returns {{element: HTMLElement, update: (job: any) => void}}
 */
export function jobHead(first, route) {
	const actions = makeActions(first, route);
	const badge = h('span'), reason = h('p', { class: 'job-reason' });
	const name = h('h1');
	let memory = 0, shown = '';

	function update(/** @type {any} */ job) {
		const ended = hasEnded(job);

		route.title(jobTitle(job), job.state);
		actions.kill.hidden = job.state !== 'running' && !job.build;
		actions.cancel.hidden = job.state !== 'in_queue';
		actions.remove.hidden = job.state === 'in_queue';
		actions.more.hidden = !isOutOfMemory(job);
		if (isOutOfMemory(job) && memory !== job.memory) {
			const more = moreMemory(job.memory);
			memory = job.memory;
			replace(actions.more, action(`Run again with ${more.text}`, {
				path: `${jobPath(job)}/rerun`,
				body: { memory: more.bytes }, class: 'primary',
				run: (answer) => route.navigate(`/ui/job/${answer.id}`) }));
		}
		const { reason: why, next } = explain(job);
		const now = JSON.stringify([job.state, job.name, why, next, ended]);
		if (now !== shown) {
			shown = now;
			replace(name, jobTitle(job));
			replace(badge, stateBadge(job.state));
			replace(reason, why, next && [' ', h('span', { class: 'muted' }, next)]);
		}
	}
	update(first);
	return {
		element: h('header', null, h('div', { class: 'head' }, name, badge),
			h('div', { role: 'status' }, reason),
			h('div', { class: 'row' }, actions.kill, actions.cancel, actions.more,
				actions.again, actions.copy, actions.remove)),
		update,
	};
}
