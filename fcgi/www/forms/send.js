// @ts-check
/*
 * The end of a form: its button, the progress of the upload, the button that stops it, and the
 * error that belongs to no field.
 */
import { ApiError, get, upload } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes, seconds } from '../format.js';
import { findUnreadable } from './drop.js';

/** @typedef {import('./drop.js').Picked} Picked */

const SPEED_MS = 3000; // the speed shown is that of this long a time at least

/**
 * @param {number} sent
 * @param {number} total
 * @param {number} elapsed ms
 * @returns {string} "1.2 GiB of 2 GiB, 35 MiB/s, 20 s left"
 */
function progressText(sent, total, elapsed) {
	if (sent >= total) {
		return `All ${bytes(total)} are sent. The server stores them …`;
	}
	const speed = sent / (elapsed / 1000);
	const rest = elapsed > SPEED_MS && speed > 0
		? `, ${bytes(speed)}/s, ${seconds(Math.ceil((total - sent) / speed))} left` : '';
	return `${bytes(sent)} of ${bytes(total)} sent${rest}`;
}

/**
 * @param {unknown} error of the upload
 * @param {Picked[]} files that were sent
 * @returns {Promise<string>} what to tell the person
 */
export async function explainError(error, files) {
	if (error instanceof DOMException && error.name === 'AbortError') {
		return 'The upload was stopped. Nothing of it was kept on the server; the form ' +
			'still has all.';
	}
	if (!(error instanceof ApiError) || error.status !== 0) {
		return error instanceof Error ? error.message : String(error);
	}
	const bad = await findUnreadable(files);
	if (bad.length > 0) {
		const names = bad.slice(0, 5).join(', ') + (bad.length > 5 ? ' and others' : '');
		return `The browser can no longer read ${names}: it was changed, moved or ` +
			'deleted since you chose it. Remove it here and choose it again.';
	}
	try {
		// a refusal may be lost behind a body that nobody reads any more
		await get('/account');
	} catch (refusal) {
		return refusal.message;
	}
	return 'The connection to the server was cut. Nothing is lost here: try again. What the ' +
		'server has already done is not done twice.';
}

/**
 * @typedef {object} Sender
 * @property {HTMLElement} element
 * @property {(method: string, path: string, body: FormData, key: string) => Promise<any>} send
 *     sends a form with its progress; throws as upload() does
 * @property {(text: any) => void} fail shows an error; null removes it
 * @property {(text: string|null) => void} say what is being done now; null: nothing
 */

/**
 * @param {string} label of the button
 * @param {object} options
 * @param {HTMLFormElement} options.form
 * @param {AbortSignal} options.signal stops the upload when the page is left
 * @param {() => Promise<void>} options.run what the button does; it runs once at a time
 * @param {Children} [options.beside] further buttons
 * @returns {Sender}
 *
 * @typedef {import('../dom.js').Children} Children
 */
export function sender(label, { form, signal, run, beside }) {
	const button = h('button', { type: 'submit', class: 'primary' }, label);
	const bar = h('progress', { 'aria-label': 'Upload', max: 1, value: 0 });
	const words = h('span');
	const stop = h('button', { type: 'button', onclick: () => aborter?.abort() },
		'Stop the upload');
	const progress = h('div', { class: 'send-progress', hidden: true }, bar, stop, words);
	const error = h('div', { class: 'error', role: 'alert', hidden: true });
	const element = h('div', { class: 'send' }, error,
		h('div', { class: 'send-buttons' }, button, beside ?? null), progress);
	/** @type {AbortController|null} */
	let aborter = null;
	let busy = false;

	const warn = (/** @type {BeforeUnloadEvent} */ event) => {
		if (aborter) {
			event.preventDefault(); // asks "Leave site?" during an upload
		}
	};
	window.addEventListener('beforeunload', warn, { signal });
	signal.addEventListener('abort', () => aborter?.abort());

	const fail = (/** @type {any} */ text) => {
		replace(error, text);
		error.hidden = !text;
		if (text) {
			error.scrollIntoView({ block: 'nearest' });
		}
	};
	const say = (/** @type {string|null} */ text) => {
		progress.hidden = text === null;
		words.textContent = text ?? '';
	};

	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		if (busy) {
			return; // a double click
		}
		busy = true;
		button.setAttribute('aria-disabled', 'true');
		fail(null);
		try {
			await run();
		} finally {
			busy = false;
			button.removeAttribute('aria-disabled');
			say(null);
		}
	});
	form.addEventListener('keydown', (event) => {
		if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
			form.requestSubmit();
		}
	});

	return {
		element, fail, say,
		send: async (method, path, body, key) => {
			const started = performance.now();
			aborter = new AbortController();
			bar.value = 0;
			bar.hidden = stop.hidden = false;
			say('Sending …');
			try {
				return await upload(method, path, body, (sent, total) => {
					bar.value = total > 0 ? sent / total : 1;
					stop.hidden = sent >= total; // the server may have it all
					say(progressText(sent, total, performance.now() - started));
				}, aborter.signal, key ? { 'Idempotency-Key': key } : {});
			} finally {
				aborter = null;
				bar.hidden = stop.hidden = true;
			}
		},
	};
}
