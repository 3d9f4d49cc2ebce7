// @ts-check
/*
 * What a terminal would show of one line of a log.
 *
 * Understood are: styles (pen.js), "\r" and "\b", after which text replaces what stands there,
 * erasing the line and moves within it, and links to http and https (OSC 8). All other control
 * functions show nothing. The time that a line takes grows with its length only, whatever it holds.
 */
import { PLAIN, isSame, restyle } from './pen.js';

/** @typedef {import('./pen.js').Pen} Pen */
/** @typedef {{text: string, pen: Pen, href: string}} Segment */

/* What is not simply shown. A tab is: the style sheet says how wide it is. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;
const TEXT = /[^\x00-\x08\x0a-\x1f\x7f-\x9f]+/y;
const SEQUENCE = /([0-?]{0,256})([ -/]{0,8})([@-~])/y; /* of CSI: parameters, and what it does */
const ESCAPE = /[ -/]{0,8}[0-~]/y;
const TERMINATOR = /\x07|\x1b\\|\x9c/g;
const UNFINISHED = /\x1b(?:\[[0-?]{0,64})?$/;
const WIDEST_MOVE = 1000; /* columns: how far a move may lead beyond the text */
const ERASED_MOST = 100000; /* cells of a line, and 8 for each character of it */
/** @type {Segment} */
const BLANK = Object.freeze({ text: ' ', pen: PLAIN, href: '' });

/** Returns the address if it may be a link: http or https. Otherwise ''.
 * @param {string} text */
export function safeLink(text) {
	try {
		const url = new URL(text);
		return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
	} catch {
		return '';
	}
}

/** Adds a segment to the list, or its text to the last one if that looks the same.
 * @param {Segment[]} list @param {string} text @param {Pen} pen @param {string} href */
function push(list, text, pen, href) {
	const last = list[list.length - 1];

	if (last && last.href === href && isSame(last.pen, pen)) {
		last.text += text;
	} else {
		list.push({ text, pen, href });
	}
}

/** Whether the text is shown as it is. @param {string} text */
export function isPlain(text) {
	return !CONTROL.test(text);
}

/** A line of a terminal. Its text may come in pieces. */
export class Line {
	/** @param {Pen} pen the pen at the end of the line before */
	constructor(pen) {
		this.pen = pen;
		this.href = '';
		this.rest = '';
		this.column = 0;
		/** @type {Segment[]} What is shown, as long as nothing was written over. */
		this.runs = [];
		/** @type {Segment[] | null} One a character, once something was. */
		this.cells = null;
		this.width = 0;
		this.length = 0; /* of all that was written */
		this.erased = 0; /* cells from the beginning */
	}

	/** @returns {Segment[]} */
	segments() {
		if (!this.cells) {
			return this.runs;
		}
		/** @type {Segment[]} */
		const runs = [];
		for (const cell of this.cells) {
			push(runs, cell.text, cell.pen, cell.href);
		}
		return runs;
	}

	/** Returns the text that is shown. */
	shown() {
		return (this.cells ?? this.runs).map(segment => segment.text).join('');
	}

	/** Writes a piece of text at the cursor. @param {string} text */
	write(text) {
		this.length += text.length;
		text = this.rest + text;
		this.rest = UNFINISHED.exec(text)?.[0] ?? ''; /* the next piece goes on with it */
		text = text.slice(0, text.length - this.rest.length);
		let at = 0, end = -1; /* end: the next terminator of a string, once looked for */
		const step = (/** @type {RegExp} */ form) => {
			form.lastIndex = at;
			const found = form.exec(text);
			at = found ? form.lastIndex : at;
			return found;
		};

		while (at < text.length) {
			const plain = step(TEXT);
			if (plain) {
				this.print(plain[0]);
				continue;
			}
			let code = text[at++];
			if (code === '\x1b' && at < text.length && /[[\]PX^_]/.test(text[at])) {
				/* its one-byte form */
				code = String.fromCharCode(text.charCodeAt(at++) + 0x40);
			}
			if (code === '\x9b') {
				const sequence = step(SEQUENCE);
				if (sequence && sequence[2] === '') {
					this.control(sequence[3], sequence[1]);
				}
			} else if (/[\x90\x98\x9d-\x9f]/.test(code)) {
				if (end < at && end !== text.length) {
					TERMINATOR.lastIndex = at;
					const found = TERMINATOR.exec(text);
					end = found ? found.index : text.length;
				}
				if (end === text.length) {
					continue; /* it has no end: show what follows */
				}
				if (code === '\x9d') {
					this.command(text.slice(at, end));
				}
				at = end + (text[end] === '\x1b' ? 2 : 1);
			} else if (code === '\x1b') {
				step(ESCAPE);
			} else if (code === '\r') {
				this.column = 0;
			} else if (code === '\b' && this.split()) {
				this.column = Math.max(0, this.column - 1);
			}
		}
	}

	/** Carries out a control sequence. @param {string} name @param {string} parameters */
	control(name, parameters) {
		const number = parseInt(parameters, 10) || 0;

		if (name === 'm' && !/[<-?]/.test(parameters)) {
			this.pen = restyle(this.pen, parameters);
		} else if (name === 'K') {
			this.erase(number);
		} else if (name === 'G' || name === 'C' || name === 'D') {
			const distance = Math.max(1, number);

			this.split();
			const column = name === 'G' ? distance - 1
				: this.column + (name === 'C' ? distance : -distance);
			this.column = Math.max(0,
				Math.min(column, Math.max(this.width, WIDEST_MOVE)));
		}
	}

	/** Carries out an operating system command: only links (OSC 8). @param {string} text */
	command(text) {
		const link = /^8;[^;]*;(.*)$/s.exec(text);

		if (link) {
			this.href = link[1] === '' ? '' : safeLink(link[1]);
		}
	}

	/**
	 * Erases to the end (0), from the beginning (1) or all (2) of the line. Erases no more if a
	 * line does it much more often than programs do. @param {number} part
	 */
	erase(part) {
		const cells = this.split();

		if (part === 1) {
			if (this.erased > ERASED_MOST + 8 * this.length) {
				return;
			}
			this.erased += Math.min(this.column, cells.length);
			for (let i = 0; i <= this.column && i < cells.length; i++) {
				cells[i] = BLANK;
			}
		} else {
			cells.length = part === 2 ? 0 : Math.min(this.column, cells.length);
		}
		this.width = cells.length;
	}

	/** Returns the line as one cell a character. Before, positions are counted in UTF-16. */
	split() {
		if (!this.cells) {
			const atEnd = this.column === this.width;

			this.cells = this.runs.flatMap(({ text, pen, href }) =>
				Array.from(text, char => ({ text: char, pen, href })));
			this.width = this.cells.length;
			this.column = atEnd ? this.width : this.column;
		}
		return this.cells;
	}

	/** Prints text without control characters. @param {string} text */
	print(text) {
		if (!this.cells && this.column === this.width) {
			push(this.runs, text, this.pen, this.href);
			this.column = this.width += text.length;
			return;
		}
		const cells = this.split();
		while (cells.length < this.column) {
			cells.push(BLANK);
		}
		for (const char of text) {
			cells[this.column++] = { text: char, pen: this.pen, href: this.href };
		}
		this.width = cells.length;
	}
}
