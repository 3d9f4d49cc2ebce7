// @ts-check
/* Draws rows of a log. Text that looks the same becomes one text node, however many rows it has. */
import { h } from '../dom.js';
import { BOLD, DIM, HIDDEN, INVERSE, ITALIC, STRIKE, UNDERLINE } from './pen.js';

/** @typedef {import('./ansi.js').Segment} Segment */
/** @typedef {import('./rows.js').Row} Row */
/** @typedef {{names: string, fg: string, bg: string, href: string}} Look */

const MOST_SEGMENTS = 500; /* of a row that have styles */
const FLAGS = /** @type {[number, string][]} */ ([[BOLD, 'bold'], [DIM, 'dim'], [ITALIC, 'italic'],
	[UNDERLINE, 'underline'], [HIDDEN, 'hidden-ink'], [STRIKE, 'strike']]);

/** Returns the class of a colour. @param {string} colour @param {'f' | 'b'} layer */
function className(colour, layer) {
	return colour.startsWith('#') ? `${layer}-rgb` : `${layer}${colour.slice(1)}`;
}

/** Returns how a segment of a row looks. @param {string} stream @param {Segment} segment
 * @returns {Look} */
function lookOf(stream, { pen, href }) {
	const names = stream === 'stdout' ? [] : [stream];
	const inverse = (pen.flags & INVERSE) !== 0;
	const fg = inverse ? pen.bg : pen.fg, bg = inverse ? pen.fg : pen.bg;

	names.push(...FLAGS.filter(([flag]) => pen.flags & flag).map(([, name]) => name));
	if (fg !== '') {
		names.push(className(fg, 'f'));
	} else if (inverse) {
		names.push('f-inverse');
	}
	if (bg !== '') {
		names.push(className(bg, 'b'));
	} else if (inverse) {
		names.push('b-inverse');
	}
	return { names: names.join(' '), fg: fg[0] === '#' ? fg : '',
		bg: bg[0] === '#' ? bg : '', href };
}

/** @param {Look} look */
function elementOf(look) {
	const element = look.href === '' ? h('span') : h('a', { href: look.href, title: look.href,
		target: '_blank', rel: 'noopener noreferrer' });

	element.className = look.names;
	if (look.fg !== '') {
		element.style.setProperty('--f', look.fg);
	}
	if (look.bg !== '') {
		element.style.setProperty('--b', look.bg);
	}
	return element;
}

/**
 * Whether a segment looks like nothing but text.
 * @param {string} stream
 * @param {Segment} segment
 */
function isBare(stream, { pen, href }) {
	return stream === 'stdout' && pen.flags === 0 && pen.fg + pen.bg + href === '';
}

/** Whether a row looks like more than text. @param {Row} row */
export function isStyled(row) {
	return row.segments.some((segment) => !isBare(row.stream, segment));
}

/** Adds text to the end of an element. */
export class Painter {
	/** @param {Element} parent */
	constructor(parent) {
		this.parent = parent;
		/** @type {Text | null} The last text node. */
		this.node = null;
		this.key = '';
		/** @type {Look | null} */
		this.look = null;
		this.text = '';
	}

	/**
	 * @param {string} text
	 * @param {string} key of the look
	 * @param {Look | null} look null: none
	 */
	put(text, key, look) {
		if (key !== this.key) {
			this.commit();
			this.node = null;
			this.key = key;
			this.look = look;
		}
		this.text += text;
	}

	/** Draws a row, with its newline. @param {Row} row */
	row(row) {
		row.segments.forEach((segment, i) => {
			if (i >= MOST_SEGMENTS || isBare(row.stream, segment)) {
				this.put(segment.text, '', null);
			} else {
				const look = lookOf(row.stream, segment);
				this.put(segment.text,
					`${look.names}|${look.fg}|${look.bg}|${look.href}`, look);
			}
		});
		if (row.end !== '') {
			this.put('\n', this.key, this.look);
		}
	}

	/** Brings the text into the page. */
	commit() {
		if (this.text === '') {
			return;
		}
		if (this.node) {
			this.node.appendData(this.text);
		} else {
			this.node = document.createTextNode(this.text);
			if (this.look) {
				const element = elementOf(this.look);
				element.append(this.node);
				this.parent.append(element);
			} else {
				this.parent.append(this.node);
			}
		}
		this.text = '';
	}
}
