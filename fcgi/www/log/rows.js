// @ts-check
/*
 * Makes rows of the lines that the API gives. Such a line also ends at "\r", after 64 KiB and where
 * the stream changes; a row ends at a newline, as on a terminal. So a row may grow while it is the
 * last one. The rows' texts with their ends, joined, are the log as `?raw` gives it.
 */
import { Line, isPlain } from './ansi.js';
import { isError, markerOf } from './groups.js';
import { PLAIN } from './pen.js';

/** A line of GET /execution/<job>/logs.
 * @typedef {{id: number, logline: string, stream: string, time: string, partial?: boolean}} Item */

/**
 * @typedef {object} Row
 * @property {number} id of its last line
 * @property {string} text as the job printed it, with control characters, without the newline
 * @property {'' | '\n' | '\r\n'} end '' if more may follow, and where a long line was cut
 * @property {boolean} open more may follow
 * @property {string} stream "stderr" if a part of it is
 * @property {number} time in ms, of its first line
 * @property {string} shown as a terminal would show it
 * @property {import('./ansi.js').Segment[]} segments of `shown`
 * @property {boolean} error
 * @property {import('./groups.js').Marker | null} marker
 */

const LONGEST = 60000; /* characters that are shown in one row; the API's pieces have 64 KiB */

const encoder = new TextEncoder();

/** Returns the newline at the end of a line: its id tells how many bytes it had.
 * @param {Item} item @param {number | null} before the id of the line before, if it is known */
function endOf(item, before) {
	const { id, logline, partial } = item;

	if (partial || logline.endsWith('\r')) {
		return '';
	}
	if (before === null || id - before === logline.length + 1 || logline.includes('\ufffd')) {
		/* where bytes that are not UTF-8 were replaced, their number is not known */
		return '\n';
	}
	const ends = /** @type {const} */ (['', '\n', '\r\n']);
	return ends[id - before - encoder.encode(logline).length] ?? '\n';
}

/** Makes rows of lines, in order. */
export class Rows {
	/** @param {number | null} last the id of the line before the first one, if it is known */
	constructor(last = 0) {
		/** @type {Row[]} */
		this.list = [];
		/** The last line's id. */
		this.last = last;
		/** @type {Line | null} The last row, as long as it is open. */
		this.line = null;
		this.pen = PLAIN;
	}

	/** Adds a line. Returns its row: a new one, or the last one, which has grown.
	 * @param {Item} item */
	add(item) {
		const end = endOf(item, this.last);
		let row = this.list[this.list.length - 1];

		this.last = item.id;
		if (!row?.open) {
			row = { id: 0, text: '', end: '', open: true,
				stream: item.stream, shown: '',
				time: Date.parse(item.time), segments: [], error: false,
				marker: null };
			this.list.push(row);
			this.line = null;
		}
		row.id = item.id;
		row.text += item.logline;
		row.end = end;
		row.stream = item.stream === 'stderr' ? 'stderr' : row.stream;
		this.write(row, item.logline, item.stream === 'system');
		row.open = end === '' && (this.line?.width ?? 0) < LONGEST;
		if (!row.open) {
			this.settle();
		}
		return row;
	}

	/**
	 * Writes a piece of the last row.
	 * @param {Row} row
	 * @param {string} piece
	 * @param {boolean} own
	 */
	write(row, piece, own) {
		if (!this.line && (own || this.pen === PLAIN) && isPlain(piece) && row.end !== '') {
			row.shown = piece;
			row.segments = [{ text: piece, pen: PLAIN, href: '' }];
			return;
		}
		this.line ??= new Line(own ? PLAIN : this.pen);
		this.line.write(piece);
		if (!own) {
			this.pen = this.line.pen;
		}
	}

	/**
	 * Sets what is shown of the last row. A row that is open is not settled at each of its
	 * pieces: a progress bar has thousands.
	 */
	settle() {
		const row = this.list[this.list.length - 1];

		if (row && this.line) {
			row.segments = this.line.segments();
			row.shown = row.segments.map((segment) => segment.text).join('');
		}
		if (row) {
			row.error = isError(row.stream, row.shown, row.segments);
			row.marker = row.open ? null : markerOf(row.shown);
		}
	}

	/** Returns the text as `?raw` gives it. */
	text() {
		return this.list.map((row) => row.text + row.end).join('');
	}
}
