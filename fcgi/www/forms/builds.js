// @ts-check
/* A table of builds, for the pages of images. */
import { h } from '../dom.js';
import { duration, stateBadge, time } from '../format.js';
import { table } from '../widgets.js';

const CANCELLED = 'cancelled by its owner';

/**
 * @param {{state: string, error?: string}} build
 * @returns {boolean} whether its owner has cancelled it; the API then says that it failed
 */
export function isCancelled({ state, error }) {
	return state === 'FAILED' && error === CANCELLED;
}

/** @param {any} build */
export function buildBadge(build) {
	return stateBadge(isCancelled(build) ? 'CANCELLED' : build.state);
}

/** @param {boolean} others whether builds of other accounts are among them */
export function buildTable(others) {
	const link = (/** @type {any} */ build) => `/ui/build/${build.build_id}`;

	return table([
		{ title: 'Build', class: 'tight', cell: (build) =>
			h('a', { href: link(build), dataset: { row: '' } }, build.build_id) },
		{ title: 'State', class: 'tight', cell: buildBadge },
		{ title: 'Image', class: 'short',
			cell: (build) => build.name ?? `image ${build.image.id}` },
		...(others ? [{ title: 'Account', class: 'tight',
			cell: (/** @type {any} */ build) => build.account }] : []),
		{ title: 'When', class: 'tight', cell: (build) => time(build.creation_date) },
		{ title: 'Run time', number: true, class: 'wide-only', cell: duration },
		{ title: 'Error', class: 'grow cut wide-only', cell: (build) =>
			isCancelled(build) ? '' : (build.error ?? '').slice(0, 300) },
	], [], { href: link, key: (build) => build.build_id });
}
