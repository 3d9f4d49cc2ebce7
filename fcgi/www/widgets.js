// @ts-check
/* The parts that pages are made of: buttons that make calls, errors, empty pages, code, tables. */
import { ApiError, call, curl, jsonOf } from './api.js';
import { h, replace } from './dom.js';

/* The labels of the buttons that say "Copied" at the moment. */
const labels = /** @type {WeakMap<HTMLElement, string>} */ (new WeakMap());

/**
 * Copies a text, and says in the button for a moment whether it is copied.
 * @param {string} text
 * @param {HTMLElement} button it keeps its width
 */
export async function copy(text, button) {
	const label = labels.get(button) ?? button.textContent ?? '';
	let copied = true;

	labels.set(button, label);
	button.style.minWidth = `${button.offsetWidth}px`;
	try {
		await navigator.clipboard.writeText(text);
	} catch { // no permission, or no HTTPS
		const area = h('textarea', { class: 'hidden-text', value: text });
		(button.closest('dialog') ?? document.body).append(area);
		area.select();
		copied = document.execCommand('copy');
		area.remove();
		button.focus();
	}
	button.textContent = copied ? 'Copied' : 'Not copied';
	setTimeout(() => {
		button.textContent = label;
		labels.delete(button);
	}, 1500);
}

/**
 * @param {string} text
 * @param {() => string} textOf made when the button is pressed
 */
export function copyButton(text, textOf) {
	return h('button', { type: 'button', class: 'quiet',
		onClick: (/** @type {Event} */ event) =>
		copy(textOf(), /** @type {HTMLElement} */ (event.currentTarget)) }, text);
}

/**
 * A small menu with "Copy as curl" for a call.
 * @param {() => string} textOf the line
 * @param {string} [label] what the call does, for screen readers
 */
export function curlMenu(textOf, label = 'this') {
	const menu = h('details', { class: 'menu' },
		h('summary', { title: 'More', 'aria-label': `More about: ${label}` }, '⋯'),
		h('div', { class: 'menu-items' }, copyButton('Copy as curl', textOf)));

	menu.addEventListener('keydown', (event) => {
		if (event.key === 'Escape' && menu.open) {
			menu.open = false;
			menu.querySelector('summary')?.focus();
			event.stopPropagation();
		}
	});
	menu.addEventListener('focusout', (event) => {
		if (!menu.contains(/** @type {Node|null} */ (event.relatedTarget))) {
			menu.open = false;
		}
	});
	return menu;
}

/**
 * Says what went wrong, in the server's words.
 * @param {any} error
 * @param {(() => void)|null} [retry] adds the button "Try again"
 */
export function errorBox(error, retry = null) {
	const words = error instanceof ApiError
		? error.message : `The page failed: ${error?.message ?? error}`;

	if (!(error instanceof ApiError)) {
		console.error(error);
	}
	return h('div', { class: 'error', role: 'alert' }, h('span', null, words),
		retry && h('button', { type: 'button', onClick: retry }, 'Try again'));
}

/**
 * A page or list without content: what it would show, and what to do first.
 * @param {string} title
 * @param {...(Node|string|null|false)} hints
 */
export function empty(title, ...hints) {
	return h('section', { class: 'empty' }, h('h2', null, title),
		hints.map((hint) => (typeof hint === 'string' ? h('p', null, hint) : hint)));
}

/**
 * @param {string} text
 * @param {string} [title]
 */
export function codeBlock(text, title) {
	return h('figure', { class: 'code' },
		h('figcaption', null, h('span', null, title ?? ''), copyButton('Copy', () => text)),
		h('pre', { tabindex: '0' }, text));
}

/**
 * The button "Copy as curl" of a form. What it copies can be several lines, so it is shown, too.
 * @param {() => string} textOf made when the button is pressed
 * @param {HTMLElement} place where it is shown
 */
export function curlButton(textOf, place) {
	const button = h('button', { type: 'button', onClick: () => {
		const text = textOf();
		replace(place, codeBlock(text, 'curl'));
		copy(text, button);
	} }, 'Copy as curl');
	return button;
}

/**
 * Asks before something is lost.
 * @param {string} text the question
 * @param {string} [label] the button's, "Delete" if left out
 * @returns {Promise<boolean>}
 */
export function confirmDelete(text, label = 'Delete') {
	return new Promise((resolve) => {
		const dialog = h('dialog', { 'aria-label': text },
			h('form', { method: 'dialog' }, h('p', null, text), h('div',
				{ class: 'buttons' }, h('button', { value: 'no' }, 'Cancel'),
				h('button', { value: 'yes', class: 'danger' }, label))));
		dialog.addEventListener('close', () => {
			dialog.remove();
			resolve(dialog.returnValue === 'yes');
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}

/**
 * A button that makes a call. Beside it: the answer or the error, and "Copy as curl".
 * @param {string} label
 * @param {object} options
 * @param {string} [options.method] POST if left out
 * @param {string} [options.path]
 * @param {any} [options.body] or a function that returns it; may be async
 * @param {(answer: any) => any} [options.run] is called with the answer; a string that it returns
 * is shown
 * @param {string|boolean} [options.danger] asks this question first
 * @param {string} [options.key] the key that presses the button
 * @param {(error: any) => string|null} [options.explain] adds what to do about an error
 * @param {string} [options.class]
 * @param {string} [options.title]
 */
export function action(label, options) {
	const { method = 'POST', path, run, danger, key } = options;
	const bodyNow = () => (typeof options.body === 'function' ? options.body() : options.body);
	const button = h('button', { type: 'button', class: danger ? 'danger' : options.class,
		title: options.title ?? (key ? `key: ${key}` : null),
		dataset: key ? { key } : null }, label);
	const answer = h('span', { class: 'answer', role: 'status' });

	button.addEventListener('click', async () => {
		if (typeof danger === 'string' && !await confirmDelete(danger, label)) {
			return;
		}
		button.disabled = true;
		/* The answers of the buttons beside it tell what was before. */
		(button.closest('.row') ?? button.parentElement)?.querySelectorAll('.answer')
			.forEach((old) => replace(/** @type {HTMLElement} */ (old)));
		try {
			const response = path ? await call(method, path, await bodyNow()) : null;
			const text = await run?.(response && await jsonOf(response));
			replace(answer, typeof text === 'string' ? text : null);
		} catch (error) {
			replace(answer, errorBox(error), options.explain?.(error));
		} finally {
			button.disabled = false;
		}
	});
	return h('span', { class: 'action' }, button,
		path && curlMenu(() => curl(method, path, bodyNow()), label), answer);
}

export { table } from './table.js';
