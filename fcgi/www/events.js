// @ts-check
/*
 * Follows a stream of events: GET /events and GET /execution/<job>/events, as JSON lines.
 * A browser opens at most six connections to a host (HTTP/1.1), so a hidden page closes its streams
 * and opens them again where they ended, by the last event's id. Nothing is lost or repeated.
 */
import { ApiError, errorOf } from './api.js';

const SILENCE_MS = 40000; // the server sends an empty line each 15 s
const LEAST_PAUSE_MS = 500, MOST_PAUSE_MS = 5000;

/**
 * @typedef {object} Following
 * @property {string|number|null} [after] the id of the last event that is known; null: from the
 * start
 * @property {AbortSignal} signal ends the following
 * @property {(name: string, data: any, id: string|number|null) => void} onEvent
 * @property {(text: string|null) => void} [onStatus] why nothing comes now; null: the stream is
 * open
 */

/**
 * Waits until the page is shown. The promise is also kept when the signal is aborted.
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function shown(signal) {
	return new Promise((resolve) => {
		const look = () => {
			if (!document.hidden || signal.aborted) {
				document.removeEventListener('visibilitychange', look);
				signal.removeEventListener('abort', look);
				resolve();
			}
		};
		document.addEventListener('visibilitychange', look);
		signal.addEventListener('abort', look);
		look();
	});
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal ends the pause
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
	return new Promise((resolve) => {
		const end = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		signal.addEventListener('abort', end);
	});
}

/**
 * Reads a response line by line. `alive` is called for each piece that comes.
 * @param {Response} response
 * @param {() => void} alive
 */
async function* linesOf(response, alive) {
	const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
	const decoder = new TextDecoder();
	let rest = '';

	for (;;) {
		const { done, value } = await reader.read();
		if (done) {
			return; // a line without its end was cut off; it comes again
		}
		alive();
		const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
		rest = /** @type {string} */ (lines.pop());
		yield* lines.filter((line) => line !== '');
	}
}

/**
 * One connection, from its opening to its end.
 * @param {string} path
 * @param {Following & {after: any}} options `after` is moved on with each event
 * @returns {Promise<boolean>} whether the stream is over for good
 */
async function connect(path, options) {
	const { signal, onEvent, onStatus } = options;
	const connection = new AbortController();
	const cut = () => connection.abort();
	const hide = () => document.hidden && cut();
	let timer = setTimeout(cut, SILENCE_MS);
	const alive = () => {
		clearTimeout(timer);
		timer = setTimeout(cut, SILENCE_MS);
	};

	signal.addEventListener('abort', cut);
	document.addEventListener('visibilitychange', hide);
	try {
		const url = new URL(path, location.href);
		if (options.after !== null && options.after !== undefined) {
			url.searchParams.set('after', String(options.after));
		}
		const response = await fetch(url, {
			headers: { Accept: 'application/x-ndjson' }, cache: 'no-store',
			signal: connection.signal,
		});
		if (response.status === 204) {
			return true;
		}
		if (!response.ok) {
			throw errorOf(path, response.status, await response.text());
		}
		onStatus?.(null);
		for await (const line of linesOf(response, alive)) {
			const event = JSON.parse(line);
			if (signal.aborted) {
				return true;
			}
			options.after = event.id ?? options.after;
			onEvent(event.event, event.data, event.id ?? null);
			if (event.event === 'end') {
				return true;
			}
		}
		return false;
	} finally {
		clearTimeout(timer);
		cut();
		signal.removeEventListener('abort', cut);
		document.removeEventListener('visibilitychange', hide);
	}
}

/**
 * Follows a stream until its end, or until the signal is aborted. Cuts, restarts of the server and
 * hidden pages are survived; the caller sees each event once. Never throws: a call that the server
 * refuses for good (4xx) ends the following, and onStatus gets the server's words.
 * @param {string} path
 * @param {Following} following
 * @returns {Promise<void>}
 */
export async function follow(path, following) {
	const options = { after: null, ...following };
	const { signal, onStatus } = options;
	let wait = LEAST_PAUSE_MS;

	while (!signal.aborted) {
		await shown(signal);
		if (signal.aborted) {
			return;
		}
		const before = options.after;
		try {
			if (await connect(path, options)) {
				onStatus?.(null);
				return;
			}
		} catch (error) {
			if (signal.aborted) {
				return;
			}
			if (error instanceof ApiError && error.status < 500 &&
				error.status !== 429) {
				onStatus?.(error.message);
				return;
			}
			if (!document.hidden) {
				onStatus?.(error instanceof ApiError ? error.message
					: 'The connection is lost. Trying again…');
			}
		}
		wait = options.after === before
			? Math.min(wait * 2, MOST_PAUSE_MS) : LEAST_PAUSE_MS;
		if (!document.hidden) {
			await pause(wait, signal);
		}
	}
}
