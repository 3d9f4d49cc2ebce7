// @ts-check
/*
 * The keyboard. A page's keys are added while it shows. A button with data-key is pressed by that
 * key. app.js loads this module at the first key that is pressed outside of a field.
 */
import { h } from './dom.js';

const SEQUENCE_MS = 1500; // from "g" to its letter

/** @typedef {Record<string, [string, (event: KeyboardEvent) => void]>} Keys */

/** @type {Set<Keys>} */
const bound = new Set();
let prefix = '';
let prefixTimer = 0;

/**
 * Adds keys until the signal is aborted. A key is as KeyboardEvent.key names it, or "g j" for one
 * after the other.
 * @param {AbortSignal|null} signal null: for good
 * @param {Keys} keys each with its description and its function
 */
export function bind(signal, keys) {
	bound.add(keys);
	signal?.addEventListener('abort', () => bound.delete(keys));
}

/** @param {string} key */
function find(key) {
	for (const keys of [...bound].reverse()) {
		if (Object.hasOwn(keys, key)) {
			return keys[key][1];
		}
	}
	const button = [...document.querySelectorAll('[data-key]')].find((element) =>
		/** @type {HTMLElement} */ (element).dataset.key === key &&
		/** @type {HTMLElement} */ (element).offsetParent !== null);
	return button ? () => /** @type {HTMLElement} */ (button).click() : null;
}

/**
 * Handles a key that was pressed outside of a field.
 * @param {KeyboardEvent} event
 */
export function handle(event) {
	const key = prefix + event.key;
	const run = find(key);

	prefix = '';
	clearTimeout(prefixTimer);
	if (run) {
		event.preventDefault();
		run(event);
	} else if ([...bound].some((keys) => Object.keys(keys)
		.some((k) => k.startsWith(`${key} `)))) {
		prefix = `${key} `;
		prefixTimer = setTimeout(() => {
			prefix = '';
		}, SEQUENCE_MS);
	}
}

/** Moves between the rows of lists. */
export function move(/** @type {number} */ step) {
	const rows =
		/** @type {HTMLElement[]} */ ([...document.querySelectorAll('main [data-row]')])
		.filter((row) => row.offsetParent !== null);
	const now = rows.findIndex((row) => row === document.activeElement ||
		row.closest('tr, li')?.contains(document.activeElement));
	const next = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1)
		: Math.min(Math.max(now + step, 0), rows.length - 1)];

	next?.focus();
	next?.scrollIntoView({ block: 'nearest' });
}

/** Shows all keys that work now. */
export function help() {
	if (document.querySelector('dialog.keys')) {
		return;
	}
	const rows = /** @type {[string, string][]} */ ([]);
	for (const keys of bound) {
		rows.push(.../** @type {[string, string][]} */ (
			Object.entries(keys).map(([key, [text]]) => [key, text])));
	}
	for (const button of document.querySelectorAll('[data-key]')) {
		const { key = '' } = /** @type {HTMLElement} */ (button).dataset;
		if (/** @type {HTMLElement} */ (button).offsetParent !== null) {
			rows.push([key, button.getAttribute('aria-label') ??
				button.textContent ?? '']);
		}
	}
	const dialog = h('dialog', { class: 'keys', 'aria-label': 'Keys' }, h('h2', null, 'Keys'),
		h('dl', null, rows.map(([key, text]) => [
			h('dt', null, key.split(' ').map((k) => h('kbd', null, k))),
			h('dd', null, text)])),
		h('form', { method: 'dialog' }, h('button', null, 'Close')));

	dialog.addEventListener('close', () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
}

/**
 * Binds the keys that work on each page.
 * @param {[string, string, string][]} links the letter after "g", the path and the page's name
 * @param {(path: string) => void} navigate
 */
export function start(links, navigate) {
	bind(null, {
		j: ['next row', () => move(1)],
		k: ['previous row', () => move(-1)],
		'/': ['search or filter', () => /** @type {HTMLElement|null} */ (
			document.querySelector('main input[type=search]'))?.focus()],
		...Object.fromEntries(links.map(([letter, path, name]) =>
			[`g ${letter}`, [`go to: ${name}`, () => navigate(path)]])),
		'?': ['show the keys', help],
		Escape: ['close or leave', () =>
			/** @type {HTMLElement|null} */ (document.activeElement)?.blur()],
	});
}
