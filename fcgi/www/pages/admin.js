// @ts-check
/* For admins: whether the service works and what to do if not, and the jobs of all accounts. */
import { call, get, getPage } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes, duration, stateBadge, stateWord, time } from '../format.js';
import { empty, errorBox, table } from '../widgets.js';

const LIMIT = 50, TYPING_MS = 250, AGAIN_MS = 10000;
const STATES = ['ready', 'in_queue', 'running', 'done', 'failed'];

/** What an operator does about an error of GET /healthz. @type {[RegExp, string][]} */
const REMEDIES = [
	[/no spooler has run yet/, 'systemctl start kabuto-spooler'],
	[/spooler .* has been silent/, 'systemctl status kabuto-spooler; ' +
		'journalctl -u kabuto-spooler -n 50; systemctl restart kabuto-spooler'],
	[/engine has not answered/, 'systemctl status docker; docker info. Jobs wait meanwhile; ' +
		'none is lost.'],
	[/disk|free|space|inodes/i, 'df -h; df -i. Remove old results: kabutoctl maintain, or a shorter ' +
		'retention in kabuto.conf. Uploads are refused and no job starts meanwhile.'],
	[/database/i, 'kabutoctl verify; journalctl -u "kabuto-fcgi*" -n 50'],
];

/**
 * @param {string} text the error of GET /healthz
 * @returns {string} what to do; '' if nothing is known
 */
export function remedyOf(text) {
	return REMEDIES.find(([words]) => words.test(text))?.[1] ?? '';
}

/**
 * Shows the service's health, and asks again each 10 s.
 * @param {AbortSignal} signal
 */
function health(signal) {
	const place = h('div', { role: 'status' }), checked = h('p', { class: 'muted' });
	let before = '';

	/** @param {string} error '' if all is well */
	function draw(error) {
		const remedy = remedyOf(error);
		if (error === before && place.firstChild) {
			return; // nothing is said twice
		}
		before = error;
		replace(place, error === '' ? h('p', { class: 'ok' }, '✓ The service works.')
			: [h('div', { class: 'error' }, error),
				remedy && h('p', null, 'What to do on the server: ', h('code', null, remedy))]);
	}

	async function check() {
		if (!document.hidden) {
			try {
				await call('GET', '/healthz', undefined, { signal });
				draw('');
			} catch (error) {
				if (signal.aborted) {
					return;
				}
				draw(/** @type {Error} */ (error).message);
			}
			replace(checked, 'Checked ', time(new Date().toISOString()), '.');
		}
		const timer = window.setTimeout(check, AGAIN_MS);
		signal.addEventListener('abort', () => window.clearTimeout(timer), { once: true });
	}
	check();
	return h('section', null, h('h2', null, 'The service'), place, checked);
}

/** @returns {ReturnType<typeof table>} */
function jobTable() {
	const link = (/** @type {any} */ job) => `/ui/job/${job.id}`;
	return table([
		{ title: 'Job', class: 'tight', cell: (job) =>
			h('a', { href: link(job), dataset: { row: '' } }, job.id) },
		{ title: 'State', class: 'tight', cell: (job) => stateBadge(job.state) },
		{ title: 'Account', class: 'tight', cell: (job) => job.account },
		{ title: 'Name or command', class: 'grow cut name', cell: (job) => job.name || job.command || '' },
		{ title: 'Run time', number: true, cell: duration },
		{ title: 'Memory', number: true, class: 'wide-only', cell: (job) => bytes(job.used_memory) },
		{ title: 'Made', class: 'tight wide-only', cell: (job) => time(job.creation_date) },
		{ title: 'Reason', class: 'wide-only', cell: (job) => job.error ?? job.queue?.reason ?? '' },
	], [], { href: link });
}

/** @param {any} route */
function jobs(route) {
	const { signal, query, setQuery } = route;
	const place = h('div'), shown = jobTable();
	const more = h('button', { type: 'button', onclick: () => load(false) }, 'Show more');
	/** @type {any[]} */
	let items = [];
	/** @type {string|null} */
	let next = null;
	let round = 0, timer = 0;

	/** @param {boolean} afresh the first page, instead of one page more */
	async function load(afresh) {
		const mine = ++round, filter = new URLSearchParams({ order: 'newest', limit: String(LIMIT) });
		for (const name of ['account', 'state']) {
			if (query.get(name)) {
				filter.set(name, query.get(name));
			}
		}
		try {
			const page = await getPage(afresh || !next ? `/jobs?${filter}` : next, { signal });
			if (mine !== round) {
				return;
			}
			items = afresh ? page.items : items.concat(page.items);
			({ next } = page);
			more.hidden = next === null;
			shown.update(items);
			replace(place, items.length > 0 || next ? shown : empty('No job fits', 'Change the filter.'),
				h('p', { class: 'more' }, more));
		} catch (error) {
			if (!signal.aborted && mine === round) {
				replace(place, errorBox(error, () => load(afresh)));
			}
		}
	}

	const login = h('input', { type: 'search', value: query.get('account') ?? '',
		placeholder: 'Login of an account', 'aria-label': 'Login of an account', oninput: () => {
			window.clearTimeout(timer);
			timer = window.setTimeout(() => {
				setQuery({ account: login.value.trim() || null });
				load(true);
			}, TYPING_MS);
		} });
	const state = h('select', { 'aria-label': 'State', value: query.get('state') ?? '',
		onchange: () => {
			setQuery({ state: state.value || null });
			load(true);
		} }, h('option', { value: '' }, 'any state'),
	STATES.map((word) => h('option', { value: word }, stateWord(word))));

	load(true);
	return h('section', null, h('div', { class: 'head' }, h('h2', null, 'Jobs of all accounts'),
		h('div', { class: 'filters' }, login, state, h('button', { type: 'button',
			onclick: () => load(true) }, 'Load again'))), place);
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const { admin } = await get('/account', { signal: route.signal });

	route.title('Admin');
	replace(main, h('h1', null, 'Admin'), health(route.signal), admin ? jobs(route)
		: h('p', { class: 'note' }, 'Only an admin sees the jobs of other accounts. ',
			h('a', { href: '/ui/jobs' }, 'See your jobs')));
}
