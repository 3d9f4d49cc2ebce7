// @ts-check
/* A job's last lines, below its row in a list. */
import { curl, get } from '../api.js';
import { h } from '../dom.js';
import { curlMenu, errorBox } from '../widgets.js';

const LINES = 20;
/* Escape sequences (ECMA-48): CSI, OSC, and those of two characters. */
const ESCAPES = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b./g;

/**
 * What a terminal would show of a line: without colours, and after the last carriage return.
 * @param {string} line
 */
function plain(line) {
	const parts = line.replace(ESCAPES, '').split('\r').filter((part) => part !== '');
	return parts.at(-1) ?? '';
}

/**
 * @param {any} job
 * @returns {Promise<HTMLElement>}
 */
export async function lastLines(job) {
	const path = `/execution/${job.id}/logs?tail=${LINES}`;

	try {
		const lines = await get(path);
		return h('div', { class: 'last-lines' },
			lines.length === 0 ? h('p', { class: 'muted' },
				'The job has printed nothing.')
				: h('pre', { tabindex: '0',
						'aria-label': `Last lines of job ${job.id}` },
					lines.map((/** @type {any} */ line) => h('span',
						{ class: `line ${line.stream}` },
						`${plain(line.logline)}\n`))),
			h('div', { class: 'row' },
				h('a', { href: `/ui/job/${job.id}` }, 'the whole log'),
				curlMenu(() => curl('GET', path), 'last lines')));
	} catch (error) {
		return errorBox(error);
	}
}
