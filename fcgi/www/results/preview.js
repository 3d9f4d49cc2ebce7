// @ts-check
/* Shows a file of the results in the page. What it holds only ever becomes text or a picture. */
import { call } from '../api.js';
import { h } from '../dom.js';
import { bytes, count } from '../format.js';
import { codeBlock } from '../widgets.js';
import { findSeparator, isNumber, parseCsv } from './csv.js';
import { indentJson } from './json.js';
import { kindOf } from './tree.js';

/** @typedef {import('./tree.js').File} File */

const NUMBER = /^\s*[-+]?[\d.,]*([eE][-+]?\d+)?%?\s*$/;
const MOST_BYTES = 1000000, MOST_ROWS = 200, MOST_COLUMNS = 100;

/** Reads the beginning of a text file; null: it is no text.
 * @param {string} path @param {File} file @param {AbortSignal} signal
 * @returns {Promise<string | null>} */
async function readText(path, file, signal) {
	if (file.size === 0) {
		return '';
	}
	const response = await call('GET', path, undefined,
		{ signal, headers: { Accept: '*/*', Range: `bytes=0-${MOST_BYTES - 1}` } });
	const data = new Uint8Array(await response.arrayBuffer()).subarray(0, MOST_BYTES);

	if (data[0] === 0xff && data[1] === 0xfe) {
		return new TextDecoder('utf-16le').decode(data, { stream: true });
	}
	return data.includes(0) ? null : new TextDecoder().decode(data, { stream: true });
}

/** Says what is left out. @param {string} text */
function note(text) {
	return h('p', { class: 'muted' }, text);
}

/** @param {string} text @param {File} file */
function showTable(text, file) {
	const whole = file.size <= MOST_BYTES;
	const separator = findSeparator(text);
	const { rows, more } = parseCsv(text, separator, MOST_ROWS + 1, whole);
	const width = Math.max(...rows.map((row) => row.length));
	const [head, ...body] = rows.map((row) => row.slice(0, MOST_COLUMNS));
	const numbers = head?.map((_, i) => body.every((row) => NUMBER.test(row[i] ?? '')));

	if (!head) {
		return note('This file is empty.');
	}
	return h('div', null, h('div', { class: 'table preview-table', tabindex: '0',
		role: 'region', 'aria-label': file.name },
		h('table', null, h('thead', null, h('tr', null, head.map((cell, i) =>
			h('th', { scope: 'col', class: numbers[i] ? 'number' : null }, cell)))),
		h('tbody', null, body.map((row) => h('tr', null, row.map((cell, i) =>
			h('td', { class: numbers[i] ? 'number' : null }, cell))))))),
	more && note(`The first ${count(body.length)} rows are shown. ` +
		'Download the file to see all.'),
	width > MOST_COLUMNS &&
		note(`The first ${MOST_COLUMNS} of ${count(width)} columns are shown.`));
}

/** @param {string} text @param {File} file @param {boolean} json */
function showText(text, file, json) {
	const shown = json && file.size <= MOST_BYTES ? indentJson(text) ?? text : text;

	return [codeBlock(shown, file.name), file.size > MOST_BYTES &&
		note(`The first ${bytes(MOST_BYTES)} of ${bytes(file.size)} are shown. ` +
			'Download the file to see all.')];
}

/** @param {string} path @param {File} file */
function showPicture(path, file) {
	const picture = h('img', { src: path, alt: file.name, class: 'preview-picture' });

	picture.addEventListener('error', () => picture.replaceWith(
		note('The browser cannot show this picture. Download it to see more.')));
	return h('a', { href: path, download: '', title: 'Download' }, picture);
}

/**
 * Returns the elements that show a file.
 * @param {string} path of the file in the API
 * @param {File} file
 * @param {AbortSignal} signal
 * @returns {Promise<any>} a child for h()
 */
export async function preview(path, file, signal) {
	const kind = kindOf(file.name);

	if (kind === 'picture') {
		return showPicture(path, file);
	}
	const text = await readText(path, file, signal);
	if (text === null) {
		return note('This is not a text, so it cannot be shown here. Download it.');
	}
	if (text === '') {
		return note('This file is empty.');
	}
	return kind === 'table' ? showTable(text, file) : showText(text, file, kind === 'json');
}
