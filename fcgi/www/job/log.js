// @ts-check
/* The log of a job's page: it loads, follows, and can show the log of one attempt alone. */
import { ApiError } from '../api.js';
import { follow } from '../events.js';
import { h, replace } from '../dom.js';
import { duration } from '../format.js';
import { formatHash, parseHash } from '../log/marks.js';
import { LogStore } from '../log/store.js';
import { LogTools, choices } from '../log/tools.js';
import { LogView } from '../log/view.js';
import { errorBox } from '../widgets.js';
import { hasEnded } from './explain.js';

/** @typedef {import('../app.js').Route} Route */

/** What stands below the log. @param {any} job */
function footOf(job) {
	if (hasEnded(job)) {
		const ran = job.started_at ? `, after ${duration(job)}` : '';
		return `Ended: ${job.error ?? 'exit code 0'}${ran}`;
	}
	return job.state === 'ready' ? 'The job has not run yet.'
		: job.state === 'in_queue' ? 'The log begins when the job starts.'
			: 'The job runs. New lines come by themselves.';
}

/** Puts the ids of rows into the address. @param {import('../log/marks.js').Ids} ids */
function setHash(ids) {
	history.replaceState(history.state, '',
		location.pathname + location.search + formatHash(ids));
}

/** Shows the rows that the address names, as soon as they are there. @param {LogView} view */
function showHash(view) {
	let ids = parseHash(location.hash.slice(1));

	view.following = ids === null;
	view.marks.select(ids);
	view.onChange.add(() => {
		const body = ids && view.bodyOf(ids.from);
		if (ids && body && (body.rows.last ?? 0) >= ids.from) {
			view.show(body, body.find(ids.from));
			ids = null;
		}
	});
}

/**
 * @param {Route} route
 * @param {(job: any) => void} onState is told the job at each change of its state
 * @returns {{element: HTMLElement, start: (job: any, attempt?: number) => void,
 * update: (job: any) => void}}
 */
export function jobLog(route, onState) {
	const place = h('div'), trouble = h('div', { role: 'status' });
	const attempts = h('select', { 'aria-label': 'Attempt', hidden: true,
		onChange: () => start(job, Number(attempts.value)) });
	const element = h('section', { id: 'log' },
		h('div', { class: 'row' }, h('h2', null, 'Log'), attempts), trouble, place);
	let job = /** @type {any} */ (null), view = /** @type {LogView | null} */ (null);
	let stop = new AbortController();
	route.signal.addEventListener('abort', () => stop.abort());

	/** Follows the job from the last line that is known.
	 * @param {LogStore} store @param {AbortSignal} signal */
	function listen(store, signal) {
		follow(`/execution/${job.id}/events`, { after: store.last, signal,
			onEvent(name, data, id) {
				if (name === 'log') {
					store.append({ ...data, id: Number(id ?? data.id) });
				} else if (name === 'state') {
					onState(data);
				}
			},
			onStatus: (text) => replace(trouble,
				text && h('p', { class: 'note warning' }, text)) });
	}

	/** Shows the log anew.
	 * @param {any} now the job @param {number} [attempt] only of this one; 0: of all */
	async function start(now, attempt = 0) {
		stop.abort();
		stop = new AbortController();
		const { signal } = stop;
		const raw =
			`/execution/${now.id}/logs?raw${attempt > 0 ? `&attempt=${attempt}` : ''}`;
		const began = now.started_at && attempt === 0
			? Date.parse(now.started_at) : Date.now();
		const fresh = new LogView({ folded: hasEnded(now), start: began,
			times: choices.times, wrap: choices.wrap, onSelect: setHash });
		const sink = {
			head: fresh.head.bind(fresh), tail: fresh.tail.bind(fresh),
			join: fresh.join.bind(fresh),
			live: fresh.live.bind(fresh), progress: fresh.progress.bind(fresh),
			trouble: (/** @type {any} */ error) =>
				replace(trouble, error && errorBox(error)),
		};
		const store = new LogStore(now.id, sink, signal,
			{ attempt, attempts: now.attempt });
		const tools = new LogTools(fresh, signal, { raw, saveAs: `job-${now.id}.log`,
			onGo: (id) => setHash({ from: id, to: id }) });

		job = now;
		view = fresh;
		signal.addEventListener('abort', () => fresh.close());
		replace(place, tools.element, fresh.element);
		replace(trouble);
		update(now);
		try {
			showHash(fresh);
			await store.load();
			fresh.draw();
			if (attempt === 0 && !hasEnded(now)) {
				listen(store, signal);
			}
			await store.rest();
		} catch (error) {
			if (error instanceof ApiError && error.status === 410) {
				/* it was removed, being old */
				replace(trouble, h('p', { class: 'note' }, error.message));
			} else if (!signal.aborted) {
				replace(trouble, errorBox(error, () => start(job, attempt)));
			}
		}
	}

	/** Shows the end below the log, and the attempts. @param {any} now the job */
	function update(now) {
		job = now;
		if (attempts.options.length !== now.attempt + 1) {
			const { value } = attempts;
			replace(attempts, h('option', { value: '0' }, 'All of this run'),
				Array.from({ length: now.attempt }, (_, i) =>
					h('option', { value: String(i + 1) }, `Attempt ${i + 1}`)));
			attempts.value = value || '0';
		}
		attempts.hidden = now.attempt < 2;
		if (view) {
			const text = footOf(now);
			if (now.started_at && attempts.value === '0') {
				view.startAt(Date.parse(now.started_at));
			}
			view.foot.hidden = text === '';
			view.foot.textContent = text;
			view.refresh();
		}
	}
	return { element, start, update };
}
