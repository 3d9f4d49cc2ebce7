// @ts-check
/*
 * Changes a pipeline: its name, its settings, its jobs' order, and which of them stay. All of it is
 * one call. A job is moved by its buttons, by the keys Alt+Up and Alt+Down, or by dragging it.
 */
import { curl, get, put } from '../api.js';
import { h, replace } from '../dom.js';
import { plural, stateBadge } from '../format.js';
import { confirmDelete, curlMenu, errorBox } from '../widgets.js';
import { jobName } from './jobrow.js';

/**
 * The list of jobs that can be moved and removed.
 * @param {any[]} jobs in their order
 */
function makeOrder(jobs) {
	const removed = /** @type {Set<number>} */ (new Set());
	const said = h('p', { class: 'muted', role: 'status' });
	const list = h('ol', { class: 'order' });
	/** @type {HTMLLIElement|null} */
	let dragged = null;

	/**
	 * @param {HTMLElement} item
	 * @param {number} step
	 */
	function move(item, step) {
		const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
		const focused = /** @type {HTMLElement|null} */ (document.activeElement);
		if (other) {
			step < 0 ? other.before(item) : other.after(item);
			focused?.focus(); // an element that is moved loses it
			const place = [...list.children].indexOf(item) + 1;
			said.textContent = `Job ${item.dataset.id} is now number ${place} ` +
				`of ${list.childElementCount}.`;
		}
	}
	for (const job of jobs) {
		const button = (/** @type {string} */ text, /** @type {string} */ label,
			/** @type {() => void} */ run) =>
			h('button', { type: 'button', class: 'quiet',
				'aria-label': `${label}: job ${job.id}`, title: label,
				onClick: run }, text);
		const remove = button('Remove', 'Remove from the pipeline', () => {
			removed.has(job.id) ? removed.delete(job.id) : removed.add(job.id);
			item.classList.toggle('gone', removed.has(job.id));
			remove.textContent = removed.has(job.id) ? 'Keep' : 'Remove';
		});
		const item = h('li', { draggable: 'true', dataset: { id: job.id } },
			button('↑', 'Move up', () => move(item, -1)),
			button('↓', 'Move down', () => move(item, 1)),
			stateBadge(job.state),
			h('span', { class: 'text' }, `#${job.id} ${jobName(job)}`), remove);

		item.addEventListener('keydown', (event) => {
			if (event.altKey && (event.key === 'ArrowUp' ||
				event.key === 'ArrowDown')) {
				event.preventDefault();
				move(item, event.key === 'ArrowUp' ? -1 : 1);
			}
		});
		item.addEventListener('dragstart', (event) => {
			dragged = item;
			event.dataTransfer?.setData('text/plain', `job ${job.id}`);
		});
		item.addEventListener('dragover', (event) => {
			if (dragged && dragged !== item) {
				const { top, height } = item.getBoundingClientRect();
				event.preventDefault();
				event.clientY < top + height / 2
					? item.before(dragged) : item.after(dragged);
			}
		});
		item.addEventListener('drop', (event) => event.preventDefault());
		item.addEventListener('dragend', () => {
			dragged = null;
		});
		list.append(item);
	}
	return {
		element: [list, said], removed,
		kept: () => [.../** @type {HTMLCollectionOf<HTMLElement>} */ (list.children)]
			.map((item) => Number(item.dataset.id)).filter((id) => !removed.has(id)),
	};
}

/**
 * Makes the form.
 * @param {any} pipeline as GET answers it
 * @param {any[]} jobs in their order
 * @param {(changed: any|null) => void} done is called with the pipeline as it is now; null: no
 * change
 */
export function editor(pipeline, jobs, done) {
	const name = h('input', { name: 'name', required: true, maxlength: 255,
		value: pipeline.name });
	const parallel = h('input', { name: 'max_parallel', type: 'number', min: 1, max: 10000,
		required: true, value: pipeline.max_parallel });
	const failure = h('select', { name: 'on_failure', value: pipeline.on_failure },
		h('option', { value: 'continue' }, 'go on with the next job'),
		h('option', { value: 'stop' }, 'stop'));
	// else a part of the jobs cannot be put in order
	const complete = jobs.length === pipeline.jobs.length;
	const order = makeOrder(jobs);
	const answer = h('div');
	const save = h('button', { class: 'primary' }, 'Save');
	const path = `/pipeline/${pipeline.id}`;

	/** Only what differs is sent. */
	function changes() {
		const change = /** @type {Record<string, any>} */ ({});
		const kept = order.kept();
		const before = jobs.map((job) => job.id).filter((id) => !order.removed.has(id));

		if (name.value !== pipeline.name) {
			change.name = name.value;
		}
		if (failure.value !== pipeline.on_failure) {
			change.on_failure = failure.value;
		}
		if (Number(parallel.value) !== pipeline.max_parallel) {
			change.max_parallel = Number(parallel.value);
		}
		if (order.removed.size) {
			change.remove_jobs = [...order.removed].join();
		}
		if (complete && kept.join() !== before.join()) {
			change.rearrange_jobs = kept.join();
		}
		return change;
	}
	async function submit(/** @type {Event} */ event) {
		const change = changes();
		event.preventDefault();
		if (Object.keys(change).length === 0) {
			done(null);
			return;
		}
		if (order.removed.size && !await confirmDelete(
			`Remove ${plural(order.removed.size, 'job')} with files and logs?`,
			'Remove')) {
			return;
		}
		save.disabled = true;
		try {
			await put(path, change);
			done((await get(path))[pipeline.id]);
		} catch (error) {
			replace(answer, errorBox(error));
		} finally {
			save.disabled = false;
		}
	}
	return h('form', { class: 'edit', onSubmit: submit }, h('div', { class: 'row' },
		h('label', { class: 'field' }, h('span', null, 'Name'), name),
		h('label', { class: 'field' }, h('span', null, 'Jobs at a time'), parallel),
		h('label', { class: 'field' }, h('span', null, 'After a failure'), failure)),
	jobs.length > 0 && h('div', { class: 'label' }, 'Jobs'),
	jobs.length > 0 && h('p', { class: 'hint' }, complete
		? 'They start in this order. Drag them, use the arrows, or press Alt+↑ and Alt+↓.'
		: 'Load all jobs of the pipeline before you put them in another order.'),
	order.element, answer,
	h('div', { class: 'row' }, save, h('button',
			{ type: 'button', onClick: () => done(null) }, 'Discard'),
		curlMenu(() => curl('PUT', path, changes()), 'Save')));
}
