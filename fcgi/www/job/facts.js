// @ts-check
/* What is known of a job: when it ran, by which image, with which inputs and options. */
import { h, replace } from '../dom.js';
import { bytes, bytesExact, count, plural, time } from '../format.js';
import { linkOf } from '../pages/jobrow.js';
import { codeBlock, table } from '../widgets.js';

const BYTES = ['memory', 'disk'];
const SECONDS = ['timeout', 'grace'];
/* As in the API; "command", "name" and "env" are shown in ways of their own. */
const OPTIONS = ['memory', 'cpus', 'disk', 'pids', 'timeout', 'grace', 'network',
	'retries', 'workdir', 'user', 'stderr'];

/** @param {number} id */
function jobLink(id) {
	return h('a', { href: `/ui/job/${id}` }, `Job ${id}`);
}

/** @param {string} name @param {any} value */
function optionText(name, value) {
	if (value === null || value === undefined || value === '') {
		return h('span', { class: 'muted' }, 'not given');
	}
	if (BYTES.includes(name)) {
		return bytesExact(value);
	}
	return SECONDS.includes(name) ? `${count(value)} s` : String(value);
}

/** @param {string} title @param {any} value */
function entry(title, value) {
	return value === null || value === undefined || value === '' || value === false ? null
		: h('div', null, h('dt', null, title), h('dd', null, value));
}

/** @param {any} job */
function factsOf(job) {
	const reruns = (job.reruns ?? []).map((/** @type {number} */ id, /** @type {number} */ i) =>
		[i > 0 ? ', ' : '', jobLink(id)]);

	return [
		entry('Pipeline', linkOf('pipeline', job)),
		entry('Image', linkOf('image', job)),
		entry('Account', job.account), entry('Created', time(job.creation_date)),
		entry('Queued', time(job.queued_at)), entry('Started', time(job.started_at)),
		entry('Ended', time(job.finished_at)),
		entry('Exit code', job.response !== null && String(job.response)),
		entry('Attempts', job.attempt > 1 && String(job.attempt)),
		entry('A new run of', job.rerun_of && jobLink(job.rerun_of)),
		entry('Run again as', reruns.length > 0 && reruns),
	];
}

/**
 * The facts at the top.
 * @returns {{element: HTMLElement, update: (job: any) => void}}
 */
export function jobFacts() {
	const element = h('dl', { class: 'facts' });
	let shown = '';

	function update(/** @type {any} */ job) {
		const now = JSON.stringify(job);
		if (now !== shown) {
			const focused = element.querySelector('a:focus')?.getAttribute('href');
			shown = now;
			replace(element, factsOf(job));
			[...element.querySelectorAll('a')]
				.find((link) => link.getAttribute('href') === focused)
				?.focus({ preventScroll: true });
		}
	}
	return { element, update };
}

/** Returns a text that changes if what was given with the job changes. @param {any} job */
export function givenOf(job) {
	const names = ['command', 'env', 'attachments', ...OPTIONS];
	return JSON.stringify(names.map((name) => job[name]));
}

/** The command: a shell line, or the program and its arguments. @param {any} job */
export function jobCommand(job) {
	return h('section', { id: 'command', class: 'command' }, h('h2', null, 'Command'),
		job.command === null ? h('p', { class: 'muted' },
			'It runs the command of its image.')
			: codeBlock(job.command));
}

/** @param {any} job */
export function jobInputs(job) {
	const { attachments } = job;
	const total = attachments.reduce(
		(/** @type {number} */ sum, /** @type {any} */ file) => sum + file.size, 0);

	return h('section', { id: 'inputs' }, h('h2', null, 'Inputs'), attachments.length === 0
		? h('p', { class: 'muted' }, 'None: /inbox is empty.')
		: [h('p', { class: 'muted' },
			`${plural(attachments.length, 'file')} in /inbox, ${bytes(total)}`),
			table([
				{ title: 'File', value: (row) => row.name, cell: (row) => row.name,
					class: 'name' },
				{ title: 'Size', value: (row) => row.size,
					cell: (row) => bytesExact(row.size), number: true }],
			attachments.slice(0, 1000)),
			attachments.length > 1000 &&
				h('p', { class: 'muted' }, 'The first 1,000 are shown. ' +
					`/inbox has ${count(attachments.length - 1000)} more.`)]);
}

/** @param {any} job */
export function jobOptions(job) {
	const env = job.env ?? [];

	return h('section', { id: 'options' }, h('h2', null, 'Options'), h('dl', null,
		OPTIONS.map((name) => [
			h('dt', null, h('code', null, name)),
			h('dd', null, optionText(name, job[name]))]),
		h('dt', null, h('code', null, 'env')), h('dd', null, env.length === 0
			? h('span', { class: 'muted' }, 'not given')
			: env.map((/** @type {string} */ pair) =>
				h('div', null, h('code', null, pair))))));
}
