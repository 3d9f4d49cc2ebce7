// @ts-check
/* One pipeline: its jobs as a table that follows the events, and what can be done with them. */
import { curl, get, getPage } from '../api.js';
import { h, replace } from '../dom.js';
import { follow } from '../events.js';
import { bytesExact, count, duration, plural, runSeconds, stateBadge, time } from '../format.js';
import { action, curlMenu, empty, errorBox, table } from '../widgets.js';
import { jobName, nameLine, reasonOf } from './jobrow.js';

const PAGE = 1000; // jobs
const TICK_MS = 1000;
// the tab shows the first that is there
const STATES = ['running', 'in_queue', 'failed', 'ready', 'done'];

const COLUMNS = [
	{ title: '#', number: true, class: 'muted', value: (/** @type {any} */ j) => j.place,
		cell: (/** @type {any} */ j) => count(j.place) },
	{ title: 'State', class: 'tight', value: (/** @type {any} */ j) => STATES.indexOf(j.state),
		cell: (/** @type {any} */ j) => stateBadge(j.state) },
	{ title: 'Job', class: 'cut grow', value: jobName, cell: (/** @type {any} */ j) =>
		nameLine(`/ui/job/${j.id}`, j, jobName(j), reasonOf(j)) },
	{ title: 'Exit code', number: true, class: 'wide-only',
		value: (/** @type {any} */ j) => j.response,
		cell: (/** @type {any} */ j) => j.response },
	{ title: 'Peak memory', number: true, class: 'wide-only',
		value: (/** @type {any} */ j) => j.used_memory,
		cell: (/** @type {any} */ j) => (j.used_memory ? bytesExact(j.used_memory) : '') },
	{ title: 'Duration', number: true, value: runSeconds, cell: (/** @type {any} */ j) =>
		h('span', { dataset: { running: j.state === 'running' ? j.started_at : null } },
			duration(j)) },
	{ title: 'Ended', class: 'tight wide-only', value: (/** @type {any} */ j) => j.finished_at,
		cell: (/** @type {any} */ j) => time(j.finished_at) },
];

/**
 * The buttons. They keep their places: `update` disables those that the jobs' states do not allow.
 * @param {number} id
 * @param {import('../app.js').Route} route
 * @param {() => void} changed is called after each call
 */
function makeActions(id, route, changed) {
	let jobs = /** @type {any[]} */ ([]);
	const has = (/** @type {string[]} */ ...states) =>
		jobs.some((job) => states.includes(job.state));
	const memory = () => 2 * Math.max(0, ...jobs.filter((job) => job.state === 'failed' &&
		job.error?.startsWith('out of memory')).map((job) => Number(job.memory) || 0));
	const after = (/** @type {(answer: any) => string} */ words) =>
		(/** @type {any} */ answer) => {
			changed();
			return words(answer);
		};
	const made = after((answer) => `${plural(answer.ids.length, 'new job')} in queue`);
	const submit = action('Submit', { path: `/pipeline/${id}/submit`, class: 'primary',
		run: after((answer) =>
			`${plural(Object.keys(answer).length, 'job')} in queue or running`) });
	const cancel = action('Cancel', { path: `/pipeline/${id}/cancel`,
		title: 'Takes the queued jobs out and kills the running ones',
		run: after(() => 'Running jobs are being stopped') });
	const again = action('Run failed again', { path: `/pipeline/${id}/rerun`,
		body: { only: 'failed' },
		title: 'Makes a copy of each failed job that has none yet, and submits it',
		run: made });
	const larger = action('Run again with twice the memory', { path: `/pipeline/${id}/rerun`,
		body: () => ({ only: 'oom', memory: memory() }),
		title: 'The jobs that ran out of memory', run: made });
	const remove = action('Delete', { method: 'DELETE', path: `/pipeline/${id}`,
		danger: 'Delete this pipeline with all its jobs, their files and logs?',
		run: () => route.navigate('/ui/pipelines') });
	const allow = (/** @type {HTMLElement} */ element, /** @type {boolean} */ allowed) => {
		/** @type {HTMLButtonElement} */ (element.querySelector('button')).disabled =
			!allowed;
	};

	return {
		elements: [submit, cancel, again, larger,
			h('a', { class: 'button', href: `/ui/new?pipeline=${id}` },
				'Add a job'), remove],
		update(/** @type {any[]} */ now) {
			jobs = now;
			allow(submit, has('ready', 'done', 'failed'));
			allow(cancel, has('in_queue', 'running'));
			allow(again, has('failed'));
			larger.hidden = memory() === 0;
		},
	};
}

/** What a submit does. @param {any[]} jobs */
function submitHint(jobs) {
	const ready = jobs.filter((job) => job.state === 'ready').length;
	const ended = jobs.filter((job) => job.state === 'done' || job.state === 'failed').length;
	const words = [];

	if (ready) {
		words.push(`Submit runs ${plural(ready, 'ready job')}`);
	}
	if (ended) {
		words.push(words.length ? 'and runs' : 'Submit runs',
			`${plural(ended, 'finished job')} again`);
	}
	return words.length ? `${words.join(' ')}.` : '';
}

/** @param {any[]} jobs */
function summary(jobs) {
	return STATES.filter((state) => jobs.some((job) => job.state === state)).map((state) =>
		h('span', { class: 'row' }, stateBadge(state),
			count(jobs.filter((job) => job.state === state).length)));
}

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 */
export async function show(main, route) {
	const { signal } = route, id = Number(route.params.pipeline);
	const path = `/pipeline/${id}/job?limit=${PAGE}`;
	const known = /** @type {Map<number, any>} */ (new Map());
	const first = await getPage(path, { signal });
	let pipeline = (await get(`/pipeline/${id}`, { signal }))[id];
	let next = first.next, drawn = 0;
	const heading = h('h1'), settings = h('p', { class: 'muted' });
	const counts = h('div', { class: 'row' }), hint = h('p', { class: 'muted' });
	const status = h('span', { class: 'muted', role: 'status' });
	const below = h('div', { class: 'more' }), editor = h('div');
	const list = table(COLUMNS, [], { href: (job) => `/ui/job/${job.id}` });

	const actions = makeActions(id, route, soon);
	const jobs = () => [...known.values()].sort((a, b) => a.place - b.place);
	function draw() {
		const place = new Map(pipeline.jobs.map(
			(/** @type {any} */ job, /** @type {number} */ i) => [job.id, i + 1]));
		drawn = 0;
		for (const [key, job] of known) {
			if (job.place !== place.get(key)) {
				known.set(key, { ...job, place: place.get(key) });
			}
		}
		const all = jobs();
		heading.textContent = pipeline.name;
		replace(settings, `#${id} · ${plural(pipeline.max_parallel, 'job')} at a time · `,
			pipeline.on_failure === 'stop'
				? 'stops after a failure' : 'goes on after a failure',
			' · made ', time(pipeline.creation_date));
		route.title(pipeline.name,
			STATES.find((state) => all.some((job) => job.state === state)));
		replace(counts, summary(all));
		actions.update(all);
		hint.textContent = submitHint(all);
		list.update(all);
		list.hidden = all.length === 0;
		replace(below, next && h('button', { type: 'button', onClick: more }, 'More jobs'),
			all.length === 0 && empty('No jobs yet', h('p', null, h('a',
				{ href: `/ui/new?pipeline=${id}` },
				'Add a job'), ': drop its files, and type its command.')));
	}
	function soon() {
		drawn ||= requestAnimationFrame(draw);
	}
	async function more() {
		try {
			const page = await getPage(/** @type {string} */ (next), { signal });
			page.items.forEach((job) => known.set(job.id, job));
			next = page.next;
			draw();
		} catch (error) {
			replace(below, errorBox(error, more));
		}
	}
	function change(/** @type {string} */ name, /** @type {any} */ thing) {
		if (name === 'pipeline' && thing.id === id) {
			if (thing.deleted) {
				replace(main, h('h1', null, pipeline.name), h('p',
					{ class: 'note' }, 'This pipeline has been deleted. ',
					h('a', { href: '/ui/pipelines' }, 'See the others')));
				return;
			}
			pipeline = thing;
		} else if (name === 'job' && thing.deleted) {
			known.delete(thing.id);
		} else if (name === 'job' && thing.pipeline.id === id &&
			(known.has(thing.id) || !next)) {
			known.set(thing.id, thing);
		}
		soon();
	}
	const editButton = h('button', { type: 'button', 'aria-expanded': 'false',
		onClick: async () => {
			const open = editor.childElementCount === 0;
			editButton.setAttribute('aria-expanded', String(open));
			replace(editor, open && (await import('./pipelineedit.js')).editor(pipeline,
				jobs(), (changed) => {
					if (changed) {
						pipeline = changed;
						const left = new Set(pipeline.jobs.map(
							(/** @type {any} */ job) => job.id));
						known.forEach((_, key) => left.has(key) ||
							known.delete(key));
					}
					replace(editor);
					editButton.setAttribute('aria-expanded', 'false');
					editButton.focus();
					draw();
				}));
		} }, 'Edit');

	first.items.forEach((job) => known.set(job.id, job));
	replace(main, h('div', { class: 'head' }, heading, counts,
			curlMenu(() => curl('GET', path), 'these jobs')),
		settings, h('div', { class: 'row' }, actions.elements, editButton), hint, editor,
		status, list, below);
	draw();
	const timer = setInterval(() => {
		for (const span of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(
			'[data-running]'))) {
			span.textContent = duration({ started_at: span.dataset.running });
		}
	}, TICK_MS);
	signal.addEventListener('abort', () => clearInterval(timer));
	if (first.change) {
		follow('/events', { after: first.change, signal, onEvent: change,
			onStatus: (text) => replace(status, text) });
	}
}
