// @ts-check
/*
 * The overview: the account's jobs, newest first. The filters are in the URL and done by the
 * server. Rows change as GET /events tells. A new row that would move others waits behind a button.
 */
import { curl, getPage } from '../api.js';
import { h, replace, searchField } from '../dom.js';
import { follow } from '../events.js';
import { stateWord } from '../format.js';

const PAGE = 50; // jobs
const TICK_MS = 1000;
const STATES = ['running', 'in_queue', 'failed', 'done', 'ready'];
const FILTERS = ['state', 'image', 'pipeline', 'name', 'account'];

/**
 * Whether a job belongs into the list, as the server decides it.
 * @param {any} job
 * @param {URLSearchParams} query
 */
function fits(job, query) {
	const is = (/** @type {string} */ key, /** @type {any} */ value) =>
		!query.get(key) || String(value) === query.get(key);

	return is('state', job.state) && is('image', job.image.id) &&
		is('pipeline', job.pipeline.id) && is('account', job.account) &&
		(job.name ?? '').toLowerCase().includes((query.get('name') ?? '').toLowerCase());
}

/**
 * A menu whose content is made when it is opened.
 * @param {any} summary
 * @param {Record<string, any>} props of the summary
 * @param {(items: HTMLElement) => any} fill
 */
function menu(summary, props, fill) {
	const items = h('div', { class: 'menu-items' });
	const details = h('details', { class: 'menu', onToggle: () => details.open && fill(items) },
		h('summary', props, summary), items);
	return details;
}

/**
 * @param {import('../app.js').Route} route
 * @param {() => string} pathNow the call's path
 * @param {() => void} reload
 */
function makeFilters({ path, query, setQuery, signal }, pathNow, reload) {
	const search = searchField('Filter by name', query.get('name') ?? '', signal, (name) => {
		setQuery({ name });
		tabs.forEach(([state, tab]) => tab.setAttribute('href', pathWith('state', state)));
		reload();
	});
	const pathWith = (/** @type {string} */ key, /** @type {string} */ value) => {
		const others = new URLSearchParams(query);
		others.delete(key);
		if (value) {
			others.set(key, value);
		}
		return others.size ? `${path}?${others}` : path;
	};
	const picker = (/** @type {string} */ kind, /** @type {string} */ label) => menu(
		[label, ': ', h('span', { dataset: { picked: kind } },
			query.get(kind) ?? 'any'), ' ▾'],
		{ class: 'button' }, async (items) => (await import('./picker.js')).fill(items,
			kind, (id) => pathWith(kind, id), signal));

	const tabs = /** @type {[string, HTMLElement][]} */ (['', ...STATES].map((state) => [state,
		h('a', { href: pathWith('state', state),
			'aria-current': (query.get('state') ?? '') === state ? 'true' : null },
		state ? stateWord(state) : 'all')]));

	return [h('nav', { class: 'tabs', 'aria-label': 'State' }, tabs.map(([, tab]) => tab)),
	search, picker('pipeline', 'Pipeline'), picker('image', 'Image'),
	menu('⋯', { 'aria-label': 'More about this list' }, async (items) => {
		const { copyButton } = await import('../widgets.js');
		replace(items, copyButton('Copy as curl', () => curl('GET', pathNow())));
	})];
}

/**
 * What stands where no job is.
 * @param {import('../app.js').Route} route
 */
async function nothing({ query, path }) {
	if (FILTERS.some((key) => query.get(key))) {
		return h('p', { class: 'empty' }, 'No job matches. ',
			h('a', { href: path }, 'Remove the filters'));
	}
	return (await import('./firststeps.js')).firstSteps();
}

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 * @param {boolean} [all] whether the list is of all accounts, for an admin
 */
export async function show(main, route, all = false) {
	/**
	 * @type {typeof import('./jobrow.js')} loaded with the first jobs; a new account has none
	 */
	let parts;
	/** @type {Map<number, ReturnType<typeof import('./jobrow.js').makeRow>>} newest first */
	const rows = new Map();
	const waiting = /** @type {Map<number, any>} */ (new Map());
	let next = /** @type {string|null} */ (null);
	let loading = new AbortController();
	let following = false;
	const news = h('button', { type: 'button', class: 'primary', hidden: true,
		onClick: showNews });
	const status = h('span', { class: 'muted', role: 'status' });
	const body = h('tbody');
	const below = h('div', { class: 'more' });

	const pathNow = () => `/jobs?${new URLSearchParams([
		...FILTERS.filter((key) => route.query.get(key))
			.map((key) => [key, route.query.get(key) ?? '']),
		['order', 'newest'], ['limit', String(PAGE)], ...(all ? [] : [['own', 'true']])])}`;
	/* Whether a new row would move what somebody reads or is about to press. */
	const inUse = () => window.scrollY > 40 || body.matches(':hover') ||
		body.contains(document.activeElement) ||
			[...rows.values()].some((row) => row.isOpen());

	function showNews() {
		const known = [...rows.values()];
		known.push(...[...waiting.values()].map((job) => parts.makeRow(job, all)));
		known.sort((a, b) => b.job.id - a.job.id);
		rows.clear();
		known.forEach((row) => rows.set(row.job.id, row));
		for (const [i, { job, tr }] of known.entries()) {
			if (waiting.has(job.id)) {
				body.insertBefore(tr, i ? after(known[i - 1].tr) : body.firstChild);
			}
		}
		waiting.clear();
		news.hidden = true;
	}
	const after = (/** @type {Element} */ tr) => {
		const below = tr.nextElementSibling;
		return below?.classList.contains('opened') ? below.nextSibling : below;
	};

	function change(/** @type {string} */ name, /** @type {any} */ job) {
		const row = name === 'job' ? rows.get(job.id) : null;
		if (name !== 'job' || (!row && job.deleted && !waiting.delete(job.id))) {
			return;
		}
		if (row) {
			job.deleted ? row.gone() : row.update(job);
		} else if (!job.deleted && fits(job, route.query) &&
			(!next || job.id > Math.min(...rows.keys()))) {
			waiting.set(job.id, job);
		}
		if (waiting.size && rows.size === 0) {
			load();
		} else if (waiting.size && !inUse()) {
			showNews();
		}
		news.hidden = waiting.size === 0;
		news.textContent = waiting.size === 1 ? '1 new job' : `${waiting.size} new jobs`;
	}
	function append(/** @type {{items: any[], next: string|null}} */ page) {
		const items = page.items.filter((job) => !rows.has(job.id));
		const fresh = items.map((job) => parts.makeRow(job, all));
		fresh.forEach((row) => rows.set(row.job.id, row));
		body.append(...fresh.map((row) => row.tr));
		next = page.next;
		replace(below, next && h('button', { type: 'button', onClick: more },
			page.items.length < PAGE ? 'Look through older jobs' : 'More jobs'));
		return fresh;
	}
	async function more() {
		const { signal } = loading;
		try {
			const page = await getPage(/** @type {string} */ (next), { signal });
			append(page)[0]?.focus();
		} catch (error) {
			await fail(error, signal, more);
		}
	}
	/** @param {any} error @param {AbortSignal} signal @param {() => any} again */
	async function fail(error, signal, again) {
		const { errorBox } = await import('../widgets.js');
		if (!signal.aborted) {
			replace(below, errorBox(error, again));
		}
	}
	/* Loads the list anew. What stood there stays until the answer is there. */
	async function load() {
		loading.abort();
		loading = new AbortController();
		const { signal } = loading;
		try {
			const page = await getPage(pathNow(), { signal });
			if (page.items.length && !parts) {
				parts = await import('./jobrow.js');
				replace(heads, parts.heads(all));
			}
			if (signal.aborted) {
				return;
			}
			rows.clear();
			waiting.clear();
			replace(body);
			append(page);
			for (const kind of page.items.length ? ['pipeline', 'image'] : []) {
				const name = page.items[0][`${kind}_name`];
				const span = main.querySelector(`[data-picked=${kind}]`);
				if (span && name && route.query.get(kind)) {
					span.textContent = name;
				}
			}
			if (rows.size === 0 && !next) {
				replace(below, await nothing(route));
			}
			table.hidden = rows.size === 0;
			news.hidden = true;
			if (!following && page.change) {
				following = true;
				follow(`/events${all ? '' : '?own=true'}`, { after: page.change,
					signal: route.signal, onEvent: change,
					onStatus: (text) => replace(status, text) });
			}
		} catch (error) {
			await fail(error, signal, load);
		}
	}

	const heads = h('tr');
	const table = h('div', { class: 'table', hidden: true },
		h('table', { class: 'jobs' }, h('thead', null, heads), body));
	const timer = setInterval(() => rows.forEach((row) => row.tick()), TICK_MS);

	route.title(all ? 'All jobs' : 'Jobs');
	route.signal.addEventListener('abort', () => {
		loading.abort();
		clearInterval(timer);
	});
	replace(main, all ? h('h2', null, 'All jobs') : h('h1', { class: 'unseen' }, 'Jobs'),
		h('div', { class: 'filters' }, makeFilters(route, pathNow, load), news, status),
		table, below);
	await load();
}
