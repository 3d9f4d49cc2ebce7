// @ts-check
/* The list of pipelines, newest first, and the form that makes one. */
import { curl, getPage, post } from '../api.js';
import { h, replace, searchField } from '../dom.js';
import { follow } from '../events.js';
import { count, time } from '../format.js';
import { codeBlock, curlMenu, empty, errorBox, table } from '../widgets.js';
import { nameLine } from './jobrow.js';

const PAGE = 100; // pipelines
const COLUMNS = [
	{ title: 'Pipeline', class: 'cut grow', cell: (/** @type {any} */ p) =>
		nameLine(`/ui/pipeline/${p.id}`, p, p.name) },
	{ title: 'Jobs', number: true, cell: (/** @type {any} */ p) => count(p.jobs.length) },
	{ title: 'At a time', number: true, class: 'wide-only',
		cell: (/** @type {any} */ p) => count(p.max_parallel) },
	{ title: 'After a failure', class: 'tight wide-only', cell: (/** @type {any} */ p) =>
		(p.on_failure === 'stop' ? 'stops' : 'goes on') },
	{ title: 'Made', class: 'tight', cell: (/** @type {any} */ p) => time(p.creation_date) },
];

/** @param {import('../app.js').Route} route */
function makeForm(route) {
	const name = h('input', { name: 'name', required: true, maxlength: 255,
		'aria-label': 'Name of the new pipeline', placeholder: 'Name of a new pipeline' });
	const answer = h('span');
	const button = h('button', null, 'New pipeline');

	return h('form', { class: 'row', onSubmit: async (/** @type {Event} */ event) => {
		event.preventDefault();
		button.disabled = true;
		replace(answer);
		try {
			const { id } = await post('/pipeline', { name: name.value });
			route.navigate(`/ui/pipeline/${id}`);
		} catch (error) {
			replace(answer, errorBox(error));
		} finally {
			button.disabled = false;
		}
	} }, name, button, curlMenu(() => curl('POST', '/pipeline', { name: name.value }),
		'New pipeline'), answer);
}

function nothing() {
	return empty('No pipelines yet',
		'A pipeline is a list of jobs. They start in their order, one at a time or ' +
			'several.',
		h('p', null, 'Type a name above, or ',
			h('a', { href: '/ui/new' }, 'make a new job'),
			': it brings its own pipeline.'),
		codeBlock("kabuto run -n first -i Dockerfile -- 'echo hello'    # makes one\n" +
			'kabuto api POST /pipeline -d name=first', 'kabuto, the client'),
		codeBlock(`curl ${location.origin}/pipeline -b cookies.txt -d name=first`, 'curl'),
		codeBlock(
			`answer = s.post('${location.origin}/pipeline', data={'name': 'first'})\n` +
			"pipeline = answer.json()['id']", 'Python'));
}

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 */
export async function show(main, route) {
	const { query, signal } = route;
	const known = /** @type {Map<number, any>} */ (new Map());
	let next = /** @type {string|null} */ (null);
	let loading = new AbortController();
	let following = false;
	const status = h('span', { class: 'muted', role: 'status' });
	const below = h('div', { class: 'more' });
	const list = table(COLUMNS, [], { href: (p) => `/ui/pipeline/${p.id}` });
	const search = searchField('Filter by name', query.get('name') ?? '', signal, (name) => {
		route.setQuery({ name });
		load();
	});
	const pathNow = () =>
		`/pipeline?${new URLSearchParams([['order', 'newest'], ['limit', String(PAGE)],
		['own', 'true'], ...(query.get('name')
			? [['name', query.get('name') ?? '']] : [])])}`;

	function draw() {
		list.update([...known.values()].sort((a, b) => b.id - a.id));
		list.hidden = known.size === 0;
	}
	/** @param {string} path */
	async function add(path) {
		const page = await getPage(path, { signal: loading.signal });
		page.items.forEach((item) => known.set(item.id, item));
		next = page.next;
		replace(below, next && h('button',
			{ type: 'button', onClick: () => add(next ?? '').catch(fail) },
			'More pipelines'));
		if (known.size === 0 && !next) {
			replace(below, query.get('name') ? h('p', null,
				'No pipeline has this name. ',
				h('a', { href: route.path }, 'Remove the filter')) : nothing());
		}
		draw();
		if (!following && page.change) {
			following = true;
			follow('/events?own=true', { after: page.change, signal, onEvent: change,
				onStatus: (text) => replace(status, text) });
		}
	}
	/** @param {any} error */
	function fail(error) {
		if (error.name !== 'AbortError') {
			replace(below, errorBox(error, load));
		}
	}
	function load() {
		loading.abort();
		loading = new AbortController();
		known.clear();
		return add(pathNow()).catch(fail);
	}
	function change(/** @type {string} */ name, /** @type {any} */ pipeline) {
		if (name !== 'pipeline') {
			return;
		}
		if (pipeline.deleted) {
			known.delete(pipeline.id);
		} else if (known.has(pipeline.id) ||
			(!query.get('name') && !list.matches(':hover, :focus-within'))) {
			known.set(pipeline.id, pipeline);
		} else if (!query.get('name')) {
			/* it would move what somebody reads or is about to press */
			replace(status, 'There are new pipelines: reload the page to see them.');
		}
		draw();
	}

	route.title('Pipelines');
	signal.addEventListener('abort', () => loading.abort());
	replace(main, h('div', { class: 'head' }, h('h1', null, 'Pipelines'), makeForm(route)),
		h('div', { class: 'filters' }, search,
			curlMenu(() => curl('GET', pathNow()), 'this list'), status),
		list, below);
	await load();
}
