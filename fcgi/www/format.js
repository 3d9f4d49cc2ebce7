// @ts-check
/* Shows numbers, times and states: short in the text, exact on hover. */
import { h, svg } from './dom.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const UPDATE_MS = 30000;

/**
 * A number with at most three digits: 1.42, 14.2, 142.
 * @param {number} n
 */
function threeDigits(n) {
	const digits = n >= 99.95 ? 0 : n >= 9.995 ? 1 : 2;
	return String(Number(n.toFixed(digits)));
}

/**
 * @param {number|null|undefined} n
 * @returns {string} "1.4 GiB"
 */
export function bytes(n) {
	let unit = 0;

	if (n === null || n === undefined) {
		return '';
	}
	while (n >= 999.5 && unit < UNITS.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${threeDigits(n)} ${UNITS[unit]}`;
}

/** "1 file", "2 files", "1,000 files". @param {number} n @param {string} one */
export function plural(n, one) {
	return `${count(n)} ${one}${n === 1 ? '' : 's'}`;
}

/**
 * @param {number|null|undefined} n bytes
 * @returns {HTMLElement} the short text, with the exact number on hover
 */
export function bytesExact(n) {
	const title = n === null || n === undefined ? '' : `${count(n)} bytes`;
	return h('span', { title }, bytes(n));
}

/**
 * @param {number|null|undefined} s
 * @returns {string} "0.42 s", "12 s", "3 min 20 s", "5 h 2 min", "3 d 4 h"
 */
export function seconds(s) {
	if (s === null || s === undefined || Number.isNaN(s)) {
		return '';
	}
	if (s < 59.5) {
		return `${s < 9.95 ? Number(s.toFixed(s < 0.995 ? 2 : 1)) : Math.round(s)} s`;
	}
	const whole = Math.round(s);
	const parts = /** @type {[number, string][]} */ ([[86400, 'd'], [3600, 'h'],
		[60, 'min'], [1, 's']]);
	const first = parts.findIndex(([size]) => whole >= size);
	const [size, unit] = parts[first];
	const rest = parts[first + 1] ? Math.floor((whole % size) / parts[first + 1][0]) : 0;
	const fine = rest ? ` ${rest} ${parts[first + 1][1]}` : '';
	return `${Math.floor(whole / size)} ${unit}${fine}`;
}

/**
 * How long a job has run, or runs already.
 * @param {{started_at?: string|null, finished_at?: string|null}} job
 * @returns {number|null} seconds
 */
export function runSeconds(job) {
	if (!job.started_at) {
		return null;
	}
	const end = job.finished_at ? Date.parse(job.finished_at) : Date.now();
	return Math.max(0, (end - Date.parse(job.started_at)) / 1000);
}

/**
 * @param {{started_at?: string|null, finished_at?: string|null}} job
 * @returns {string}
 */
export function duration(job) {
	return seconds(runSeconds(job));
}

/**
 * @param {number|null|undefined} n
 * @returns {string} "1,234,567"
 */
export function count(n) {
	return n === null || n === undefined ? '' : n.toLocaleString('en-US');
}

/** @param {string} iso */
function relative(iso) {
	const s = (Date.now() - Date.parse(iso)) / 1000;
	const ago = (/** @type {number} */ n, /** @type {string} */ unit) =>
		(s < 0 ? `in ${n} ${unit}` : `${n} ${unit} ago`);
	const size = Math.abs(s);

	if (size < 45) {
		return s < 0 ? 'in a moment' : 'just now';
	}
	if (size < 3570) {
		return ago(Math.round(size / 60), 'min');
	}
	if (size < 86400) {
		return ago(Math.round(size / 3600), 'h');
	}
	if (size < 30 * 86400) {
		return ago(Math.round(size / 86400), 'd');
	}
	return iso.slice(0, 10);
}

/**
 * A point in time: "3 min ago", with the exact one on hover. The text is kept up to date.
 * @param {string|null|undefined} iso
 * @returns {HTMLElement|null}
 */
export function time(iso) {
	if (!iso) {
		return null;
	}
	return h('time', { datetime: iso, title: `${new Date(iso).toLocaleString()} (${iso})`,
		dataset: { relative: '' } }, relative(iso));
}

setInterval(() => {
	for (const element of document.querySelectorAll('time[data-relative]')) {
		const text = relative(/** @type {HTMLTimeElement} */ (element).dateTime);
		if (element.textContent !== text) {
			element.textContent = text;
		}
	}
}, UPDATE_MS);

/* For each state: its word, its colour, and its shape's path in a square of 16. */
const STATES = /** @type {Record<string, [string, string, string]>} */ ({
	ready: ['ready', 'idle', 'M8 2.5a5.5 5.5 0 1 1-.01 0z'],
	in_queue: ['queued', 'warn', 'M8 2.5a5.5 5.5 0 1 1-.01 0zM8 5v3.5l2 1.5'],
	running: ['running', 'busy', 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5M6.5 5.5l4 2.5-4 2.5z'],
	done: ['done', 'ok', 'M3 8.5l3.5 3.5 6.5-7.5'],
	failed: ['failed', 'bad', 'M3.5 3.5l9 9m0-9l-9 9'],
	PENDING: ['building', 'busy', 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5M6.5 5.5l4 2.5-4 2.5z'],
	SUCCESS: ['built', 'ok', 'M3 8.5l3.5 3.5 6.5-7.5'],
	FAILED: ['failed', 'bad', 'M3.5 3.5l9 9m0-9l-9 9'],
	FAILURE: ['system failure', 'bad', 'M8 2.5v7M8 12.5v1'],
	CANCELLED: ['cancelled', 'idle', 'M3 8h10'],
});

/**
 * @param {string} state
 * @returns {string} the state in a word that a reader knows
 */
export function stateWord(state) {
	return STATES[state]?.[0] ?? state;
}

/**
 * A state as colour, shape and word.
 * @param {string} state of a job or a build
 * @returns {HTMLElement}
 */
export function stateBadge(state) {
	const [word, colour, path] = STATES[state] ?? [state, 'idle', 'M3 8h10'];

	return h('span', { class: `badge ${colour}` },
		svg('svg', { viewBox: '0 0 16 16', class: 'shape', 'aria-hidden': 'true' },
			svg('path', { d: path })), word);
}
