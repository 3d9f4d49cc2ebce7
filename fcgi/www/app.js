// @ts-check
/* Starts the page: finds the page module of the URL, draws the bar, and handles links and keys. */
import { ApiError, get, me, post } from './api.js';
import { h, replace } from './dom.js';
import { stateWord } from './format.js';

/** @typedef {import('./route.js').Route} Route */

const ROUTES = /** @type {[string, string][]} */ ([
	['/ui/', 'jobs'],
	...['jobs', 'pipelines', 'images', 'new', 'account', 'admin', 'login', 'register']
		.map((page) => [`/ui/${page}`, page]),
	['/ui/job/:job', 'job'],
	['/ui/pipeline/:pipeline', 'pipeline'],
	['/ui/image/:image', 'image'],
	['/ui/build/:build', 'build'],
	['/ui/confirm/:login/:token', 'confirm'],
]);
const OPEN_PAGES = ['login', 'register', 'confirm']; // need no session
const LINKS = /** @type {[string, string, string][]} */ ([
	['j', '/ui/jobs', 'Jobs'], ['p', '/ui/pipelines', 'Pipelines'],
	['i', '/ui/images', 'Images'], ['n', '/ui/new', 'New job'], ['a', '/ui/account', 'Account'],
]);
const ICONS = ['done', 'failed', 'running', 'in_queue'];
const main = /** @type {HTMLElement} */ (document.getElementById('main'));
const bar = /** @type {HTMLElement} */ (document.getElementById('bar'));
let leave = new AbortController();
let shownUrl = '';

/** The page of a path and its parameters; null: there is none. @param {string} path */
function find(path) {
	let parts;

	try {
		parts = path.split('/').map(decodeURIComponent);
	} catch { // a "%" that encodes nothing
		return null;
	}
	for (const [pattern, page] of ROUTES) {
		const names = pattern.split('/');
		const params = /** @type {Record<string, string>} */ ({});
		const fits = names.length === parts.length && names.every((name, i) => {
			if (!name.startsWith(':')) {
				return name === parts[i];
			}
			params[name.slice(1)] = parts[i];
			return parts[i] !== '';
		});
		if (fits) {
			return { page, params };
		}
	}
	return null;
}

/** @param {string} text @param {string} [state] of the job or build that the page shows */
function title(text, state) {
	const icon = state && ICONS.includes(state) ? `icon-${state}` : 'icon';

	document.title = `${state ? `${stateWord(state)}: ` : ''}${text ? `${text} · ` : ''}Kabuto`;
	document.querySelector('link[rel=icon]')?.setAttribute('href', `/ui/${icon}.svg`);
}

/** @param {string} page */
function drawBar(page) {
	const account = me.known();
	const open = OPEN_PAGES.includes(page);
	const link = (/** @type {string} */ href, /** @type {string} */ text) => {
		const current = href === `/ui/${page}` || href === `/ui/${page}s`;
		return h('a', { href, 'aria-current': current ? 'page' : null }, text);
	};
	const links = open ? [link('/ui/login', 'Log in'), link('/ui/register', 'Register')] : [
		LINKS.slice(0, 4).map(([, href, text]) => link(href, text)),
		h('span', { class: 'space' }), account?.admin && link('/ui/admin', 'Admin'),
		link('/ui/account', account?.login ?? 'Account'),
		h('button', { type: 'button', class: 'quiet', onClick: logOut }, 'Log out')];

	replace(bar, h('a', { href: '/ui/', class: 'home' }, 'Kabuto'),
		h('nav', { 'aria-label': 'Pages' }, links));
}

async function logOut() {
	try {
		await post('/logout');
		me.forget();
		(await import('./forms/draft.js')).dropDrafts();
		navigate('/ui/login');
	} catch (error) {
		main.prepend((await import('./widgets.js')).errorBox(error));
	}
}

/**
 * Asks once who is logged in; the bar then shows it. The first page does without this call.
 * @param {string} page
 * @param {AbortSignal} signal
 */
async function learnAccount(page, signal) {
	if (!me.known() && !OPEN_PAGES.includes(page) && page !== 'jobs') {
		/* without an answer the bar has no name; the page itself says what is wrong */
		const account = await get('/account', { signal }).catch(() => null);
		if (account && !signal.aborted) {
			me.remember(account);
			drawBar(page);
		}
	}
}

/** Shows why a page cannot be shown. @param {any} error @param {AbortSignal} signal */
async function showError(error, signal) {
	if (error.status === 404 || error.status === 410) {
		title(error.message);
		replace(main, h('h1', null, error.message), h('p', null,
			'It has been deleted, it ' +
			'belongs to another account, or the address is wrong. ',
		h('a', { href: '/ui/' }, 'See your jobs')));
		return;
	}
	const { errorBox } = await import('./widgets.js'); // the first page does without
	if (!signal.aborted) {
		replace(main, errorBox(error, () => show(null)));
	}
}

/**
 * Shows the page of the present URL.
 * @param {number|null} scroll where the reader was; null: a new page, which begins at its top
 */
async function show(scroll) {
	const { pathname, search, hash } = location;
	const found = find(pathname);
	const page = found?.page ?? '';

	leave.abort();
	leave = new AbortController();
	const { signal } = leave;
	if (shownUrl !== '') {
		main.focus({ preventScroll: true });
	}
	shownUrl = pathname + search;
	const route = {
		path: pathname, params: found?.params ?? {}, query: new URLSearchParams(search),
		hash: hash.slice(1), signal, title,
		/* An answer that comes late must not take the reader away from another page. */
		navigate: (/** @type {string} */ to, instead = false) =>
			signal.aborted || navigate(to, instead),
		setQuery(/** @type {Record<string, string|null>} */ changes) {
			for (const [name, value] of Object.entries(changes)) {
				value ? route.query.set(name, value) : route.query.delete(name);
			}
			shownUrl = pathname + (route.query.size ? `?${route.query}` : '');
			history.replaceState(history.state, '', shownUrl + location.hash);
		},
	};
	drawBar(page);
	replace(main);
	title('');
	try {
		if (!found) {
			throw new ApiError(404, 'No such page');
		}
		const module = await import(`./pages/${page}.js`);
		if (!signal.aborted) {
			await module.show(main, route);
			await learnAccount(page, signal);
		}
	} catch (error) {
		if (!signal.aborted) {
			await showError(error, signal);
		}
	}
	if (scroll !== null && !signal.aborted) {
		window.scrollTo(0, scroll);
	}
}

/**
 * @param {string} path
 * @param {boolean} [instead] of the present page, which "back" then leaves out
 */
function navigate(path, instead = false) {
	history.replaceState({ scroll: window.scrollY }, '');
	history[instead ? 'replaceState' : 'pushState'](null, '', path);
	show(null);
}

/** @param {MouseEvent} event */
function followLink(event) {
	const target = /** @type {Element} */ (event.target);
	const row = /** @type {HTMLElement|null} */ (target.closest('tr[data-href]'));
	const link = target.closest('a');
	const held = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

	if (event.defaultPrevented || event.button !== 0 || held) {
		return;
	}
	if (link) {
		const here = link.origin === location.origin && link.pathname.startsWith('/ui/');
		const path = link.pathname + link.search;
		const hashOnly = link.hash && path === location.pathname + location.search;
		if (here && !link.target && !link.hasAttribute('download') && !hashOnly) {
			event.preventDefault();
			navigate(path + link.hash);
		}
	} else if (row && !target.closest('button, input, select, summary, label') &&
		!window.getSelection()?.toString()) {
		navigate(row.dataset.href ?? '/ui/');
	}
}

/** @type {Promise<typeof import('./keys.js')>|undefined} loaded at the first key for the page */
let keys;
async function press(/** @type {KeyboardEvent} */ event) {
	const target = /** @type {Element} */ (event.target);

	if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey ||
		document.querySelector('dialog[open]')) {
		return;
	}
	if (target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select')) {
		if (event.key === 'Escape') {
			/** @type {HTMLElement} */ (target).blur();
		}
		return;
	}
	if (event.key === '/') {
		event.preventDefault(); // before the browser's own search opens
	}
	keys ??= import('./keys.js').then((module) => {
		module.start(LINKS, navigate);
		return module;
	});
	(await keys).handle(event);
}

addEventListener('popstate', (event) => {
	if (location.pathname + location.search !== shownUrl) { // else only the hash has changed
		show(event.state?.scroll ?? 0);
	}
});
addEventListener('kabuto-unauthorized', () => {
	me.forget();
	if (!location.pathname.startsWith('/ui/login')) {
		const here = location.pathname + location.search + location.hash;
		navigate(`/ui/login?to=${encodeURIComponent(here)}`, true);
	}
});
addEventListener('keydown', press);
addEventListener('click', followLink);
show(null);
