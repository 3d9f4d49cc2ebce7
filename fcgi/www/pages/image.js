// @ts-check
/* One image: its Dockerfile, to be edited and built again. /ui/image/new makes a new one. */
import { ApiError, get, getPage } from '../api.js';
import { h, replace } from '../dom.js';
import { time } from '../format.js';
import { buildTable } from '../forms/builds.js';
import { keepDraft, loadDraft } from '../forms/draft.js';
import { showImageForm } from '../forms/image.js';
import { action, empty, errorBox } from '../widgets.js';

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
async function showNew(main, route) {
	const place = h('div');
	const build = route.query.get('build');

	route.title('New image');
	replace(main, h('h1', null, 'New image'), h('p', null,
		'An image is what jobs run in: a system ',
		'with its programs. A Dockerfile tells how it is made, step by step.'), place);
	if (build) {
		await takeBuild(build, 'image', route);
	}
	await showImageForm(place, { page: main, route, image: null });
}

/**
 * Takes what a failed build was made from into the form, as far as this browser still has it.
 * @param {string} build
 * @param {string} name of the form's draft
 * @param {any} route
 */
async function takeBuild(build, name, route) {
	const account = await get('/account', { signal: route.signal });
	const draft = loadDraft(`build.${build}`, account.id);

	if (draft && !loadDraft(name, account.id)) {
		keepDraft(name, { ...draft });
	}
}

/** @param {any[]} items */
function builds(items) {
	const shown = buildTable(false);

	shown.update(items);
	return h('section', null, h('h2', null, 'Builds'), shown);
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const { signal, params: { image: id } } = route;
	const ofImage = `image=${encodeURIComponent(id)}`;
	let image, last;

	if (id === 'new') {
		await showNew(main, route);
		return;
	}
	route.title(`Image ${id}`);
	try {
		[image, last] = await Promise.all([
			get(`/image/${encodeURIComponent(id)}`, { signal })
				.then((answer) => answer[id]),
			getPage(`/image/build?${ofImage}&order=newest&limit=10`, { signal })
				.catch(() => ({ items: [] }))]);
	} catch (error) {
		if (!signal.aborted) {
			replace(main, error instanceof ApiError && error.status === 404
				? [h('h1', null, `Image ${id}`), empty('There is no such image',
					'It was deleted, or it belongs to somebody else.',
					h('a', { href: '/ui/images' }, 'See your images'))]
				: errorBox(error, () => show(main, route)));
		}
		return;
	}
	const place = h('div');
	const edit = h('section', null, h('h2', null, 'Edit and build again'), h('p',
		{ class: 'muted' },
		'The image keeps its number. Jobs use the present one until the new one is built.'),
			place);

	route.title(image.name);
	replace(main, h('div', { class: 'head' }, h('h1', null, image.name),
		h('a', { class: 'button primary', href: `/ui/new?image=${image.id}` }, 'New job'),
		action('Delete', { method: 'DELETE', path: `/image/${image.id}`,
			danger:
				`Delete the image “${image.name}”? Jobs that have ended keep ` +
				'their results, but cannot run again with it.',
			run: () => route.navigate('/ui/images') })),
	h('dl', null, h('dt', null, 'Number'), h('dd', null, image.id),
		h('dt', null, 'Built'), h('dd', null, time(image.creation_date)),
		image.account ? [h('dt', null, 'Account'), h('dd', null, image.account)] : null,
		h('dt', null, 'To build on it'),
		h('dd', null, h('code', null, `FROM kabuto/${image.id}`))),
	last.items.length > 0 ? builds(last.items) : null, edit);
	if (route.query.get('build')) {
		await takeBuild(route.query.get('build'), `image.${image.id}`, route);
	}
	await showImageForm(place, { page: main, route, image });
}
