// @ts-check
/* One build: its state with the next step, and its output while it runs. */
import { ApiError, get } from '../api.js';
import { h, replace } from '../dom.js';
import { pause, shown } from '../events.js';
import { BuildOutput } from '../forms/buildoutput.js';
import { buildBadge, isCancelled } from '../forms/builds.js';
import { dropDraft } from '../forms/draft.js';
import { action, empty, errorBox } from '../widgets.js';

const WAIT_S = 25, LEAST_PAUSE_MS = 500, MOST_PAUSE_MS = 5000, BOTTOM_PX = 40;

/**
 * What to do now, in words and links.
 * @param {any} build
 * @param {string} id
 */
function nextStep(build, id) {
	const image = build.image?.id ?? build.id ?? null;
	const edit = `${build.made ? `/ui/image/${image}` : '/ui/image/new'}?build=${id}`;
	const link = (/** @type {string} */ href, /** @type {string} */ text) =>
		h('a', { class: 'button primary', href }, text);

	if (build.state === 'PENDING') {
		return h('p', null,
			'The output below grows while the build runs. You may leave this page: ',
			'the build goes on.');
	}
	if (build.state === 'SUCCESS') {
		return h('div', { class: 'row' },
			link(`/ui/new?image=${image}`, 'New job with this image'),
			h('a', { class: 'button', href: `/ui/image/${image}` }, 'Open the image'));
	}
	const words = isCancelled(build) ? 'The build was cancelled.'
		: build.state === 'FAILED'
			? 'A step of the Dockerfile failed. Its last lines below say why. ' +
			'Correct it, then build again.'
			: 'This is not the Dockerfile’s fault. Try again in a while; if it ' +
				'happens again, tell the operator the error above.';
	return [h('p', null, words, build.made ? ' The image itself is as it was before.' : ''),
		h('div', { class: 'row' },
			link(edit, build.state === 'FAILED' ? 'Edit and build again' : 'Try again'),
			h('button', { type: 'button',
				onclick: () => document.querySelector('.build-output')
				?.lastElementChild?.scrollIntoView({ block: 'end' }) },
					'See its last lines'))];
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const { signal, params: { build: id } } = route;
	const path = `/image/build/${encodeURIComponent(id)}`;
	const head = h('div', { class: 'head' }), step = h('div', { role: 'status' });
	const output = h('div', { class: 'build-output', tabindex: '0', role: 'log',
		'aria-label': 'Output of the build', 'aria-live': 'off' });
	const status = h('p', { class: 'muted', role: 'status' });
	const lines = new BuildOutput(output);
	const cancel = action('Cancel', { method: 'DELETE', path,
		run: () => 'The build is being cancelled.' });
	let seen = 0, state = '';

	/** Shows the state; it is called again only when that changes. @param {any} build */
	async function drawState(build) {
		const number = build.image?.id ?? build.id;
		/* A list, since there is no image before its first build has succeeded. */
		const image = number === undefined ? null
			: (await get(`/image?after=${number - 1}&limit=1`, { signal }))[number] ??
				null;
		const name = build.name ?? image?.name ?? `Build ${id}`;

		build.made = image !== null;
		if (build.state === 'SUCCESS') {
			dropDraft(`build.${id}`); // it is not needed to try again
		}
		route.title(name, build.state);
		replace(head, h('h1', null, name), buildBadge(build),
			build.state === 'PENDING' ? cancel : null);
		replace(step, build.error && !isCancelled(build)
			? h('div', { class: 'error' }, build.error)
			: null, nextStep(build, id));
	}

	/** @param {any} build */
	async function draw(build) {
		const page = document.documentElement;
		const bottom = page.scrollHeight - page.scrollTop - page.clientHeight < BOTTOM_PX;

		lines.append(build.output);
		seen += build.output.length;
		if (build.state !== state) {
			await drawState(build);
			state = build.state;
		}
		status.textContent = build.state === 'PENDING' ? 'Waiting for more …'
			: seen === 0 ? 'The build has no output.' : '';
		if (bottom && seen > 0 && build.state === 'PENDING') {
			page.scrollTop = page.scrollHeight;
		}
	}

	/* A browser has few connections to a host: a hidden page waits for no answer. */
	let connection = new AbortController();
	document.addEventListener('visibilitychange', () => document.hidden && connection.abort(),
		{ signal });
	signal.addEventListener('abort', () => connection.abort());

	replace(main, head, step, output, status);
	route.title(`build ${id}`);
	let wait = LEAST_PAUSE_MS;
	while (!signal.aborted) {
		await shown(signal);
		connection = new AbortController();
		try {
			const query = state === '' ? '' : `?wait=${WAIT_S}&output_after=${seen}`;
			await draw(await get(path + query, { signal: connection.signal }));
			wait = LEAST_PAUSE_MS;
			if (state !== 'PENDING') {
				return;
			}
		} catch (error) {
			if (signal.aborted) {
				return;
			}
			if (connection.signal.aborted) {
				continue; // the page is hidden
			}
			if (error instanceof ApiError && error.status === 404) {
				replace(main, h('h1', null, `Build ${id}`), empty(
					'There is no such build',
					'It was removed after some time, or it belongs to ' +
						'somebody else.',
					h('a', { href: '/ui/images' }, 'See your images')));
				return;
			}
			if (!(error instanceof ApiError) || (error.status > 0 &&
				error.status < 500 && error.status !== 429)) {
				replace(status, errorBox(error));
				return;
			}
			status.textContent = `${error.message} Trying again …`;
			wait = Math.min(wait * 2, MOST_PAUSE_MS);
		}
		await pause(wait, signal);
	}
}
