// @ts-check
/* The images of the account, and their last builds. */
import { getPage, me } from '../api.js';
import { h, replace, searchField } from '../dom.js';
import { pause, shown } from '../events.js';
import { time } from '../format.js';
import { buildTable } from '../forms/builds.js';
import { codeBlock, empty, errorBox, table } from '../widgets.js';

const LIMIT = 50, BUILDS = 20, AGAIN_MS = 3000;

/** @returns {HTMLElement} what to do first */
function firstSteps() {
	const { origin } = location;

	return empty('No images yet', 'An image is what jobs run in. Build the first one:',
		h('p', null, h('a', { class: 'button primary', href: '/ui/image/new' },
			'Build an image')),
		codeBlock("printf 'FROM python:3.12-slim\\n' >Dockerfile\n" +
			'kabuto build -n python Dockerfile', 'kabuto, the client'),
		codeBlock(`curl -b cookies.txt ${origin}/image -F name=python \\\n` +
			"\t--form-string dockerfile='FROM python:3.12-slim'", 'curl'),
		codeBlock('import requests\nsession = requests.Session()\n' +
			`session.post('${origin}/login', data={'login': '…', 'password': '…'})\n` +
			`session.post('${origin}/image', data={'name': 'python',\n` +
			"\t'dockerfile': 'FROM python:3.12-slim'})", 'Python'));
}

/** @param {boolean} others whether those of other accounts are shown, too */
function imageTable(others) {
	return table([
		{ title: 'Name', class: 'grow', cell: (image) => h('a',
			{ href: `/ui/image/${image.id}`,
			dataset: { row: '' } }, image.name) },
		...(others ? [{ title: 'Account', class: 'tight',
			cell: (/** @type {any} */ image) => image.account }] : []),
		{ title: 'Number', number: true, cell: (image) => image.id },
		{ title: 'Made', class: 'tight', cell: (image) => time(image.creation_date) },
		{ title: 'Made from', class: 'tight wide-only', cell: (image) => h('code', null,
			/^\s*from\s.{0,60}/im.exec(image.dockerfile ?? '')?.[0].trim() ?? '') },
	], [], { href: (image) => `/ui/image/${image.id}` });
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const { signal } = route;
	const place = h('div'), buildPlace = h('section'), status = h('p', { role: 'status' });
	const all = route.query.has('all'); // also those of other accounts
	const builds = buildTable(all);
	let round = 0, pending = false;

	/** Loads the images that fit the search. */
	async function load() {
		const mine = ++round, name = route.query.get('name') ?? '';
		const query = new URLSearchParams({ limit: String(LIMIT), order: 'newest' });
		if (name) {
			query.set('name', name);
		}
		if (!all) {
			query.set('own', 'true');
		}
		try {
			const page = await getPage(`/image?${query}`, { signal });
			if (mine === round) {
				drawImages(page, name);
			}
		} catch (error) {
			if (!signal.aborted && mine === round) {
				replace(place, errorBox(error, load));
			}
		}
	}

	/**
	 * @param {{items: any[], next: string|null}} page
	 * @param {string} name
	 */
	function drawImages(page, name) {
		let { items, next } = page;
		const list = imageTable(all);
		const more = h('button', { type: 'button', onclick: async () => {
			try {
				const further = await getPage(/** @type {string} */ (next),
					{ signal });
				items = items.concat(further.items);
				({ next } = further);
				list.update(items);
				more.hidden = next === null;
			} catch (error) {
				replace(status, errorBox(error));
			}
		} }, 'Show more');

		more.hidden = next === null;
		list.update(items);
		replace(place, items.length > 0 || next ? [list, h('p', { class: 'more' }, more)]
			: name ? empty('No image has this name', `Nothing was found for “${name}”.`)
				: firstSteps());
	}

	/** Loads the last builds; while one of them runs, again and again. */
	async function loadBuilds() {
		await shown(signal);
		try {
			const own = all ? '' : '&own=true';
			const { items } = await getPage(
				`/image/build?limit=${BUILDS}&order=newest${own}`, { signal });
			builds.update(items);
			if (!builds.isConnected) {
				replace(buildPlace, items.length > 0
					? [h('h2', null, 'Last builds'), builds] : null);
			}
			if (items.some((build) => build.state === 'PENDING')) {
				pending = true;
				pause(AGAIN_MS, signal).then(() => signal.aborted || loadBuilds());
			} else if (pending) {
				pending = false;
				load();
			}
		} catch (error) {
			if (!signal.aborted) {
				replace(buildPlace, errorBox(error, loadBuilds));
			}
		}
	}
	route.title('Images');
	replace(main, h('div', { class: 'head' },
		h('h1', null, all ? 'Images of all accounts' : 'Images'),
		searchField('Filter by name', route.query.get('name') ?? '', signal, (name) => {
			route.setQuery({ name });
			load();
		}), me.known()?.admin ? h('a',
			{ href: `/ui/images${all ? '' : '?all=1'}` },
			all ? 'Your images' : 'All accounts') : null,
		h('a', { class: 'button primary', href: '/ui/image/new' }, 'New image')),
	status, place, buildPlace);
	await Promise.all([load(), loadBuilds()]);
}
