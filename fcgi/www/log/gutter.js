// @ts-check
/*
 * What stands left of a log's text: marks, numbers and times. It is the text of one attribute a
 * block, which the style sheet shows: so neither the browser's search nor copying finds it.
 */
/** @typedef {import('./rows.js').Row} Row */
/** @typedef {'off' | 'start' | 'clock'} Times */

const LONG = 1000; /* rows from which on numbers get more room */
const WIDTHS = { off: 0, start: 11, clock: 13 };

/** @param {number} n @param {number} width */
function pad(n, width) {
	return String(n).padStart(width, '0');
}

/** Returns a time of day, in the reader's time zone. @param {number} ms since 1970 */
export function clockTime(ms) {
	const at = new Date(ms);
	return `${pad(at.getHours(), 2)}:${pad(at.getMinutes(), 2)}:${pad(at.getSeconds(), 2)}.` +
		pad(at.getMilliseconds(), 3);
}

/** Returns the time since the start: "1.234" or "2:01:03.500". @param {number} ms */
export function sinceStart(ms) {
	const sign = ms < 0 ? '-' : '';
	const all = Math.abs(Math.round(ms));
	const s = Math.floor(all / 1000) % 60, min = Math.floor(all / 60000) % 60;
	const hours = Math.floor(all / 3600000), part = pad(all % 1000, 3);

	if (hours > 0) {
		return `${sign}${hours}:${pad(min, 2)}:${pad(s, 2)}.${part}`;
	}
	return min > 0 ? `${sign}${min}:${pad(s, 2)}.${part}` : `${sign}${s}.${part}`;
}

/** Returns the mark of a row's stream. @param {Row} row */
function markOf(row) {
	return row.stream === 'stderr' ? '!' : row.stream === 'system' ? '*' : ' ';
}

/**
 * Returns the text of a gutter.
 * @param {Row[]} rows
 * @param {{first: number | null, total: number, times: Times, start: number,
 * heights: number[] | null}} options `first`: the number of the first row, null if it is not known
 * yet; `total`: rows of the log; `start`: of the job, in ms; `heights`: of the rows in lines, null
 * if each has one
 */
export function gutterText(rows, { first, total, times, start, heights }) {
	const width = total < LONG ? 4 : 7;

	return rows.map((row, i) => {
		const number = first === null ? '' : String(first + i);
		const time = times === 'off' ? ''
			: times === 'start' ? sinceStart(row.time - start) : clockTime(row.time);
		return `${number.padStart(width)}${time.padStart(WIDTHS[times])} ${markOf(row)}` +
			'\n'.repeat(heights ? heights[i] : 1);
	}).join('');
}
