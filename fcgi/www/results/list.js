// @ts-check
/*
 * The files that a job left in /outbox: the list, each one shown in place, and all of them as a
 * zip.
 */
import { ApiError, get, post } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes, bytesExact, count, plural } from '../format.js';
import { copyButton, errorBox } from '../widgets.js';
import { preview } from './preview.js';
import { baseName, kindOf, makeTree } from './tree.js';

/** @typedef {import('./tree.js').File} File */
/** @typedef {import('./tree.js').Folder} Folder */

const MOST_FILES = 2000, OPEN_FILES = 50;

/** Returns the files as they are listed, cut after MOST_FILES. @param {string} path of the job
 * @param {AbortSignal} signal */
async function readList(path, signal) {
	const files = /** @type {File[]} */ (await get(`${path}/outbox`, { signal }));
	return { files, shown: files.slice(0, MOST_FILES) };
}

/** @param {string} path of the job @param {File} file */
function filePath(path, file) {
	return `${path}/outbox/${file.name.split('/').map(encodeURIComponent).join('/')}`;
}

/** Opens a page or PDF in a new tab, where its scripts can reach nothing of Kabuto.
 * @param {string} path of the job @param {File} file @param {HTMLElement} place */
async function openPage(path, file, place) {
	const { url } = await post(`${path}/view`);
	const href = url + file.name.split('/').map(encodeURIComponent).join('/');

	window.open(href, '_blank', 'noopener');
	replace(place, h('p', null, h('a', { href, target: '_blank', rel: 'noopener noreferrer' },
		`Open ${baseName(file.name)} in a new tab`),
	h('span', { class: 'muted' }, ' (this address works for an hour)')));
}

/** @param {string} path of the job @param {File} file @param {AbortSignal} signal */
function fileRow(path, file, signal) {
	const place = h('div', { class: 'preview', hidden: true });
	const page = kindOf(file.name) === 'page';
	const button = h('button', { type: 'button', class: 'file-name', dataset: { row: '' },
		'aria-expanded': page ? null : 'false',
		title: page ? 'Opens in a new tab' : 'Shows it here', onClick: show },
	baseName(file.name), page ? ' ↗' : '');

	async function show() {
		place.hidden = !page && !place.hidden;
		if (!page) {
			button.setAttribute('aria-expanded', String(!place.hidden));
		}
		if (!page && (place.hidden || place.hasChildNodes())) {
			return;
		}
		replace(place, h('p', { class: 'muted', role: 'status' }, 'Loading…'));
		try {
			if (page) {
				await openPage(path, file, place);
			} else {
				replace(place, await preview(filePath(path, file), file, signal));
			}
		} catch (error) {
			replace(place, errorBox(error));
		}
	}
	return h('li', { class: 'file' }, h('div', { class: 'file-row' }, button,
		h('span', { class: 'file-size' }, bytesExact(file.size)),
		h('span', { class: 'file-sum' },
			h('code', { title: `SHA-256: ${file.sha256}` }, file.sha256.slice(0, 12)),
			copyButton('Copy SHA-256', () => file.sha256)),
		h('a', { href: filePath(path, file), download: '',
				'aria-label': `Download ${file.name}` },
			'Download')), place);
}

/** @param {string} path of the job @param {Folder} folder @param {boolean} open
 * @param {AbortSignal} signal
 * @returns {HTMLElement} */
function folderList(path, folder, open, signal) {
	return h('ul', { class: 'files' },
		folder.folders.map((inner) => h('li', null, h('details', { open: open || null },
			h('summary', null, `${inner.name}/ `, h('span', { class: 'muted' },
				`${plural(inner.count, 'file')}, ${bytes(inner.size)}`)),
			folderList(path, inner, open, signal)))),
		folder.files.map((file) => fileRow(path, file, signal)));
}

/**
 * @param {string} path of the job in the API
 * @param {AbortSignal} signal
 * @returns {Promise<any>} children for h()
 */
export async function results(path, signal) {
	try {
		const { files, shown } = await readList(path, signal);
		const tree = makeTree(shown);
		const size = files.reduce((sum, file) => sum + file.size, 0);

		if (files.length === 0) {
			return h('p', { class: 'muted' }, 'None: the job left no file in /outbox.');
		}
		return [h('div', { class: 'row' }, h('span', null,
			`${plural(files.length, 'file')}, ${bytes(size)}`),
			h('a', { class: 'button', href: `${path}?result`, download: '' },
				'Download all as a zip')),
		folderList(path, tree, shown.length <= OPEN_FILES, signal),
		files.length > shown.length && h('p', { class: 'muted' },
			`The first ${count(MOST_FILES)} files are listed. ` +
				'The zip has all of them.')];
	} catch (error) {
		signal.throwIfAborted();
		/* 404 and 410: there are none, or they were removed; the server says which. */
		return error instanceof ApiError && [404, 410].includes(error.status)
			? h('p', { class: 'muted' }, error.message) : errorBox(error);
	}
}
