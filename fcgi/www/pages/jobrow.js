// @ts-check
/* One job as a row of the overview: one line high, a link, and its last lines at a click. */
import { h, replace } from '../dom.js';
import { bytesExact, duration, stateBadge, time } from '../format.js';

/* The columns: name, title, classes. */
const COLUMNS = /** @type {[string, string, string][]} */ ([
	['state', 'State', 'tight'], ['job', 'Job', 'cut grow'], ['account', 'Account', 'tight'],
	['pipeline', 'Pipeline', 'short wide-only'], ['image', 'Image', 'short wide-only'],
	['memory', 'Memory', 'number wide-only'], ['duration', 'Duration', 'number wide-only'],
	['when', 'When', 'tight'], ['lines', '', 'tight wide-only']]);

/** The account's column is only for lists of all accounts. @param {boolean} all */
const columnsOf = (all) => COLUMNS.filter(([name]) => all || name !== 'account');

/** The cells of the table's head. @param {boolean} all whether the list is of all accounts */
export function heads(all) {
	return columnsOf(all).map(([, title, style]) =>
		h('th', { scope: 'col', class: style }, title));
}

/**
 * The job's name, or its command's beginning.
 * @param {any} job
 * @returns {string}
 */
export function jobName(job) {
	const command = Array.isArray(job.command) ? job.command.join(' ') : job.command;
	return job.name || command?.trim().split('\n')[0].slice(0, 200) ||
		"the image's own command";
}

/**
 * A link to the page of a job's pipeline or image.
 * @param {'pipeline'|'image'} kind
 * @param {any} job
 */
export function linkOf(kind, job) {
	const { id } = job[kind];

	return h('a', { href: `/ui/${kind}/${id}`, title: `${kind} ${id}` }, job[`${kind}_name`]);
}

/**
 * A thing's number, its name as the row's link, and what else is to be said, side by side.
 * @param {string} href
 * @param {any} thing
 * @param {string} name
 * @param {Node|null} [more]
 */
export function nameLine(href, thing, name, more = null) {
	return h('div', { class: 'name-line' }, h('span', { class: 'muted' }, `#${thing.id}`),
		h('a', { href, dataset: { row: '' } }, name), more);
}

/** @param {any} job */
function whenOf(job) {
	return time(job.finished_at ?? job.started_at ?? job.queued_at ?? job.creation_date);
}

/** Why a job failed, or waits. @param {any} job */
export function reasonOf(job) {
	if (job.state === 'failed') {
		return h('span', { class: 'bad' }, job.error ?? '');
	}
	/* The number changes without a change of this job, so that no event tells it. */
	const reason = (job.queue?.reason ?? '').replace(/^\d+ jobs? before it .*/,
		'waits for its turn');
	return h('span', { class: 'muted' }, reason);
}

/**
 * Makes a job's row. `update` shows the job as it is now and leaves the focus where it is.
 * @param {any} job
 * @param {boolean} all whether the list is of all accounts
 */
export function makeRow(job, all) {
	const columns = columnsOf(all);
	const cell = Object.fromEntries(columns.map(([name, , style]) =>
		[name, h('td', { class: style })]));
	const line = nameLine(`/ui/job/${job.id}`, job, '', h('span'));
	const lines = h('button', { type: 'button', class: 'quiet', 'aria-expanded': 'false',
		onClick: toggle }, 'last lines');
	const tr = h('tr', { dataset: { href: `/ui/job/${job.id}` } }, Object.values(cell));
	/** @type {HTMLTableRowElement|null} */
	let opened = null;
	const row = { job, tr, update, tick, gone, isOpen: () => opened !== null,
		focus: () => /** @type {HTMLElement} */ (line.children[1]).focus() };

	async function toggle() {
		opened?.remove();
		opened = opened ? null : h('tr', { class: 'opened' });
		lines.setAttribute('aria-expanded', String(opened !== null));
		if (opened) {
			const into = h('td', { colspan: columns.length }, 'Loading…');
			tr.after(replace(opened, into));
			replace(into, await (await import('./lastlines.js')).lastLines(row.job));
		}
	}
	/** Shows how long the job has run. */
	function tick() {
		const text = duration(row.job);
		if (cell.duration.textContent !== text) {
			cell.duration.textContent = text;
		}
	}
	function update(/** @type {any} */ now) {
		row.job = now;
		line.children[1].textContent = jobName(now);
		replace(cell.state, stateBadge(now.state));
		line.children[2].replaceWith(reasonOf(now));
		replace(cell.memory, now.used_memory ? bytesExact(now.used_memory) : null);
		replace(cell.when, whenOf(now));
		lines.hidden = !['running', 'done', 'failed'].includes(now.state);
		tick();
	}
	function gone() {
		tr.classList.add('gone');
		replace(cell.state, h('span', { class: 'badge idle' }, 'deleted'));
		lines.hidden = true;
	}

	replace(cell.job, line);
	replace(cell.pipeline, linkOf('pipeline', job));
	replace(cell.image, linkOf('image', job));
	replace(cell.lines, lines);
	if (all) {
		replace(cell.account, job.account);
	}
	update(job);
	return row;
}
