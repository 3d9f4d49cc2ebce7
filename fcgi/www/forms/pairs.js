// @ts-check
/*
 * Rows of NAME=VALUE: environment variables and build arguments. Lines that are pasted into a name
 * become rows, as from a file .env.
 */
import { h } from '../dom.js';
import { uniqueId } from './field.js';

/** @typedef {import('./field.js').Field} Field */

/**
 * @param {string} text lines NAME=VALUE; empty lines and comments are left out
 * @returns {[string, string][]}
 */
export function parsePairs(text) {
	return text.split(/\r?\n/).filter((line) => /^\s*[^#\s=][^=]*=/.test(line)).map((line) => {
		const at = line.indexOf('=');
		const value = line.slice(at + 1), quoted = /^(["'])(.*)\1$/.exec(value.trim());
		return [line.slice(0, at).replace(/^\s*(export\s+)?/, ''),
			quoted ? quoted[2] : value];
	});
}

/**
 * @param {string} label
 * @param {{hint?: any, word: string}} options word: what a row is, as in "add a variable"
 * @returns {Field} its value is a list of texts NAME=VALUE
 */
export function pairsField(label, { hint, word }) {
	const list = h('div', { class: 'pairs' });
	const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
	const add = h('button', { type: 'button', onclick: () => {
		addRow('', '').focus();
	} }, `Add a ${word}`);
	const element = h('fieldset', { class: 'field' }, h('legend', {}, label), list, add,
		hint ? h('p', { class: 'hint' }, hint) : null, error);

	const changed = () => element.dispatchEvent(new Event('input', { bubbles: true }));
	const fail = (/** @type {string|null} */ text) => {
		error.textContent = text || '';
		error.hidden = !text;
		element.classList.toggle('has-error', !!text);
	};

	/**
	 * @param {string} name
	 * @param {string} value
	 * @returns {HTMLInputElement} the input of the name
	 */
	function addRow(name, value) {
		const key = /** @type {HTMLInputElement} */ (h('input', {
			type: 'text', class: 'mono',
			'aria-label': `Name of the ${word}`, placeholder: 'NAME', id: uniqueId(),
			autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' }));
		const text = /** @type {HTMLTextAreaElement} */ (h('textarea', {
			class: 'mono', rows: 1,
			'aria-label': `Value of the ${word}`, placeholder: 'value',
			autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' }));
		const row = h('div', { class: 'pair' }, key,
			h('span', { 'aria-hidden': 'true' }, '='), text,
			h('button', { type: 'button', 'aria-label': `Remove the ${word}`,
				onclick: () => {
					const next = row.nextElementSibling ||
						row.previousElementSibling;
					row.remove();
					changed();
					(next?.querySelector('input') || add).focus();
				} }, '✕'));

		key.value = name;
		text.value = value;
		text.rows = Math.min(value.split('\n').length, 8);
		text.addEventListener('input', () => {
			text.rows = Math.min(text.value.split('\n').length, 8);
		});
		key.addEventListener('paste', (event) => {
			const pairs = parsePairs(event.clipboardData?.getData('text') || '');
			if (pairs.length === 0) {
				return;
			}
			event.preventDefault();
			row.remove();
			let last = key;
			for (const [pasted, pastedValue] of pairs) {
				last = addRow(pasted, pastedValue);
			}
			last.focus();
			changed();
		});
		list.append(row);
		return key;
	}

	element.addEventListener('input', () => fail(null));
	return {
		element, input: add, fail,
		value: () => Array.from(list.children, (row) => {
			const name = row.querySelector('input')?.value ?? '';
			const value = row.querySelector('textarea')?.value ?? '';
			return name === '' && value === '' ? null : `${name}=${value}`;
		}).filter((pair) => pair !== null),
		set: (value) => {
			list.replaceChildren();
			for (const pair of value || []) {
				const at = pair.indexOf('=');
				addRow(at < 0 ? pair : pair.slice(0, at),
					at < 0 ? '' : pair.slice(at + 1));
			}
		},
	};
}
