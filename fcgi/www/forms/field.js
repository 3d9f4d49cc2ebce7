// @ts-check
/*
 * A form's fields: label, input, hint, and the error beside it. The server's errors begin with the
 * parameter's name ("memory: must be at most 8 GiB here"), so each one finds its field.
 */
import { h } from '../dom.js';

/**
 * @typedef {object} Field
 * @property {HTMLElement} element the whole field
 * @property {HTMLElement} input what gets the focus
 * @property {() => any} value
 * @property {(value: any) => void} set
 * @property {(text: string|null) => void} fail shows an error; null removes it
 */

let count = 0;

/** @returns {string} an id that no other element has */
export function uniqueId() {
	return `field-${++count}`;
}

/**
 * Puts a label, a hint and a place for the error around an input.
 * @param {string} label
 * @param {HTMLElement} input
 * @param {{hint?: any, value: () => any, set: (value: any) => void, body?: Node}} options
 *     body: the element that holds the input, if it is not the input itself
 * @returns {Field}
 */
export function wrapField(label, input, { hint, value, set, body }) {
	input.id = input.id || uniqueId();
	const hintId = `${input.id}-hint`, errorId = `${input.id}-error`;
	const error = h('p', { class: 'field-error', id: errorId, role: 'alert', hidden: true });
	const note = hint ? h('p', { class: 'hint', id: hintId }, hint) : null;
	const element = h('div', { class: 'field' },
		h('label', { for: input.id }, label), body || input, error, note);

	const fail = (/** @type {string|null} */ text) => {
		error.textContent = text || '';
		error.hidden = !text;
		element.classList.toggle('has-error', !!text);
		if (text) {
			input.setAttribute('aria-invalid', 'true');
		} else {
			input.removeAttribute('aria-invalid');
		}
	};

	input.setAttribute('aria-describedby', note ? `${errorId} ${hintId}` : errorId);
	input.addEventListener('input', () => fail(null));
	return { element, input, value, set, fail };
}

/**
 * @param {string} label
 * @param {{hint?: any, placeholder?: string, type?: string, inputmode?: string,
 *     autocomplete?: string, size?: number}} [options]
 * @returns {Field}
 */
export function textField(label, { hint, placeholder, type = 'text', inputmode,
	autocomplete = 'off', size } = {}) {
	const input = /** @type {HTMLInputElement} */ (h('input', { type, placeholder, inputmode,
		autocomplete, size, spellcheck: 'false', autocapitalize: 'off' }));
	return wrapField(label, input, { hint, value: () => input.value,
		set: (value) => {
			input.value = value ?? '';
		} });
}

/**
 * @param {string} label
 * @param {[string, string][]} choices values and their words
 * @param {{hint?: any}} [options]
 * @returns {Field}
 */
export function choiceField(label, choices, { hint } = {}) {
	const input = /** @type {HTMLSelectElement} */ (h('select', {},
		choices.map(([value, words]) => h('option', { value }, words))));
	return wrapField(label, input, { hint, value: () => input.value,
		set: (value) => {
			input.value = value ?? choices[0][0];
		} });
}

/**
 * @param {string} label
 * @param {{hint?: any}} [options]
 * @returns {Field}
 */
export function checkField(label, { hint } = {}) {
	const input = /** @type {HTMLInputElement} */ (h('input', { type: 'checkbox' }));
	const field = wrapField(label, input, { hint, value: () => input.checked,
		set: (value) => {
			input.checked = value === true;
		} });
	field.element.classList.add('field-check');
	return field;
}

/**
 * A text of several lines in a fixed-width font, as high as its text. With `tab` the Tab key
 * writes a tab; Escape, then Tab, leaves the field (WCAG 2.1.2, no keyboard trap).
 * @param {string} label
 * @param {{hint?: any, placeholder?: string, rows?: number, tab?: boolean}} [options]
 * @returns {Field}
 */
export function codeField(label, { hint, placeholder, rows = 3, tab = false } = {}) {
	const input = /** @type {HTMLTextAreaElement} */ (h('textarea', { class: 'mono', rows,
		placeholder, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' }));
	let leaving = false;

	const fit = () => {
		const lines = input.value.split('\n').length;
		input.rows = Math.max(rows, Math.min(lines + 1, 30));
	};
	input.addEventListener('input', fit);
	if (tab) {
		input.addEventListener('keydown', (event) => {
			if (event.key === 'Escape') {
				leaving = true;
				event.stopPropagation();
			} else if (event.key === 'Tab' && !event.shiftKey && !leaving) {
				event.preventDefault();
				input.setRangeText('\t', input.selectionStart,
					input.selectionEnd, 'end');
				input.dispatchEvent(new Event('input', { bubbles: true }));
			} else if (event.key !== 'Tab' && event.key !== 'Shift') {
				leaving = false;
			}
		});
		input.addEventListener('blur', () => {
			leaving = false;
		});
		hint = h('span', {}, hint ? [hint, ' '] : null,
			'Tab writes a tab. Press Esc, then Tab, to go on to the next field.');
	}
	return wrapField(label, input, { hint, value: () => input.value,
		set: (value) => {
			input.value = value ?? ''; fit();
		} });
}

/**
 * Shows an error beside the field that it names.
 * @param {Record<string, Field>} fields by the parameter's name
 * @param {string} message the server's words
 * @returns {boolean} whether it named one of them
 */
export function failField(fields, message) {
	const name = /^([a-z_]+): /.exec(message)?.[1] ?? '';
	const field = Object.hasOwn(fields, name) ? fields[name] : null;

	if (!field) {
		return false;
	}
	const text = message.slice(name.length + 2);
	field.fail(text.charAt(0).toUpperCase() + text.slice(1));
	for (let at = field.element.parentElement; at; at = at.parentElement) {
		if (at instanceof HTMLDetailsElement) {
			at.open = true;
		}
	}
	field.input.focus();
	field.element.scrollIntoView({ block: 'nearest' });
	return true;
}

/** @param {Record<string, Field>} fields */
export function clearErrors(fields) {
	for (const field of Object.values(fields)) {
		field.fail(null);
	}
}
