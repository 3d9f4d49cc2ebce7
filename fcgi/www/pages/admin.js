// @ts-check
/* For admins: whether the service works and what to do if not, and the jobs of all accounts. */
import { get } from '../api.js';
import { h, replace } from '../dom.js';
import { pause, shown } from '../events.js';
import { time } from '../format.js';
import { show as showJobs } from './jobs.js';

const AGAIN_MS = 10000;

/** What an operator does about an error of GET /healthz. @type {[RegExp, string][]} */
const REMEDIES = [
	[/no spooler has run yet/, 'systemctl start kabuto-spooler'],
	[/spooler .* has been silent/, 'systemctl status kabuto-spooler; ' +
		'journalctl -u kabuto-spooler -n 50; systemctl restart kabuto-spooler'],
	[/engine has not answered/, 'systemctl status docker; docker info. Jobs wait meanwhile; ' +
		'none is lost.'],
	[/disk|free|space|inodes/i,
		'df -h; df -i. Remove old results: kabutoctl maintain, or a shorter ' +
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
				remedy && h('p', null, 'What to do on the server: ',
					h('code', null, remedy))]);
	}

	async function check() {
		while (!signal.aborted) {
			await shown(signal);
			const error = await get('/healthz', { signal }).then(() => '',
				(/** @type {Error} */ { message }) => message);
			if (!signal.aborted) {
				draw(error);
				replace(checked, 'Checked ', time(new Date().toISOString()), '.');
			}
			await pause(AGAIN_MS, signal);
		}
	}
	check();
	return h('section', null, h('h2', null, 'The service'), place, checked);
}

/**
 * The field that shows only one account's jobs. It is in the URL, as the list's own filters are.
 * @param {any} route
 */
function accountFilter({ query, navigate }) {
	const login = h('input', { type: 'search', value: query.get('account') ?? '',
		placeholder: 'Login of an account', 'aria-label': 'Login of an account' });

	return h('form', { class: 'filters', onsubmit: (/** @type {Event} */ event) => {
		const filter = new URLSearchParams(query);
		event.preventDefault();
		filter.set('account', login.value.trim());
		navigate(`/ui/admin?${filter}`);
	} }, login, h('button', null, 'Show its jobs'));
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const { admin } = await get('/account', { signal: route.signal });
	const jobs = h('section');

	replace(main, h('h1', null, 'Admin'), health(route.signal), admin ? jobs
		: h('p', { class: 'note' }, 'Only an admin sees the jobs of other accounts. ',
			h('a', { href: '/ui/jobs' }, 'See your jobs')));
	route.title('Admin');
	if (admin) {
		const shown = showJobs(jobs, { ...route, title: () => {
		} }, true);
		jobs.querySelector('h2')?.after(accountFilter(route));
		await shown;
	}
}
