// @ts-check
/*
 * The text of a log in the page: blocks of some 500 rows, which the browser lays out only near the
 * part that is seen (content-visibility), so that its own search still finds all. A row has no
 * element of its own, and its colours are drawn only once a reader comes near. A group of rows is a
 * <details>.
 */
import { h } from '../dom.js';
import { plural } from '../format.js';
import { Painter, isStyled } from './render.js';
import { Rows } from './rows.js';

/** @typedef {import('./rows.js').Row} Row */
/** @typedef {import('./rows.js').Item} Item */

/**
 * @typedef {object} Block
 * @property {HTMLElement} element
 * @property {HTMLElement} gutter
 * @property {HTMLElement} text
 * @property {Painter} painter
 * @property {boolean} painted whether its styles are drawn, not the text alone
 * @property {boolean} styled whether it has any
 * @property {number} first the index of its first row
 * @property {number} count of its rows
 * @property {number[] | null} tops of its rows in pixels, as last measured; null: all are one line
 * high
 */

const BLOCK_ROWS = 500;
const GROUPS_MOST = 2000; /* further markers are rows as others */
export const ROW_PX = 20; /* as in the style sheet */

/** Returns what a row adds to the text of the page. @param {Row} row */
export function textOf(row) {
	return row.end === '' ? row.shown : `${row.shown}\n`;
}

export class Body {
	/** @param {boolean} folded whether groups begin closed, unless they have errors
	 * @param {number | null} before the id of the line before the first one, if it is known */
	constructor(folded, before) {
		this.element = h('div', { class: 'log-body' });
		this.rows = new Rows(before);
		this.folded = folded;
		/** @type {Block[]} */
		this.blocks = [];
		/** @type {(block: Block) => void} Is told of each new block. */
		this.onBlock = () => {};
		this.eager = true; /* whether styles are drawn at once */
		this.drawn = 0; /* rows */
		/** @type {Block | null} The one that the next row goes to. */
		this.block = null;
		/** @type {HTMLDetailsElement | null} */
		this.group = null;
		this.groups = 0;
		this.errors = 0; /* rows of the group */
		/** @type {HTMLElement | null} The last row while it is open. */
		this.holder = null;
	}

	/** @param {Item[]} items */
	add(items) {
		for (const item of items) {
			this.rows.add(item);
		}
	}

	get length() {
		return this.rows.list.length;
	}

	/** Draws the rows that are new. */
	draw() {
		const { list } = this.rows;

		if (this.holder) {
			this.holder.remove();
			this.holder = null;
			if (this.block) {
				this.block.count--;
			}
		}
		while (this.drawn < list.length && !list[this.drawn].open) {
			this.place(list[this.drawn++]);
		}
		this.block?.painter.commit();
		if (this.drawn < list.length) {
			this.rows.settle();
			const block = this.blockFor(this.drawn);
			this.holder = h('span');
			block.text.append(this.holder);
			block.painter.node = null;
			block.count++;
			const painter = new Painter(this.holder);
			painter.row(list[this.drawn]);
			painter.commit();
		}
	}

	/** @param {Row} row */
	place(row) {
		if (row.marker?.kind === 'begin' && this.groups < GROUPS_MOST) {
			this.begin(row);
			return;
		}
		if (row.error && this.group) {
			const head = /** @type {HTMLElement} */ (this.group.firstElementChild);
			this.errors++;
			head.dataset.errors = plural(this.errors, 'error line');
			this.group.open = true;
		}
		const block = this.blockFor(this.drawn - 1);
		block.styled ||= isStyled(row);
		if (block.painted) {
			block.painter.row(row);
		} else {
			block.painter.put(textOf(row), '', null);
		}
		block.count++;
		if (row.end === '' || block.count >= BLOCK_ROWS) {
			this.finish();
		}
		if (row.marker?.kind === 'end') {
			this.finish();
			this.group = null;
		}
	}

	/** Begins a group with its title. @param {Row} row */
	begin(row) {
		this.finish();
		const head = this.make('summary', this.drawn - 1);
		head.painter.row(row);
		head.painter.commit();
		head.count = 1;
		this.group = h('details', { class: 'log-group' }, head.element);
		this.group.open = !this.folded ||
			Boolean(row.marker?.kind === 'begin' && row.marker.open);
		this.groups++;
		this.errors = 0;
		this.element.append(this.group);
	}

	/** Draws the styles of a block. @param {Block} block */
	paint(block) {
		if (!block.painted && block.styled) {
			const own = block === this.block ? this.holder : null;

			block.text.replaceChildren();
			block.painter = new Painter(block.text);
			this.rowsOf(block).slice(0, own ? -1 : undefined)
				.forEach((row) => block.painter.row(row));
			block.painter.commit();
			if (own) {
				block.text.append(own);
				block.painter.node = null;
			}
		}
		block.painted = true;
	}

	/** Ends the present block. */
	finish() {
		if (this.block) {
			this.block.painter.commit();
			this.block.element.style.containIntrinsicHeight =
				`auto ${this.block.count * ROW_PX}px`;
			this.block = null;
		}
	}

	/** Shows the last group open: it is the one that a reader wants to see. */
	complete() {
		if (this.group) {
			this.group.open = true;
		}
	}

	/** Returns the block for a row. @param {number} index of the row */
	blockFor(index) {
		if (!this.block) {
			this.block = this.make('div', index);
			(this.group ?? this.element).append(this.block.element);
		}
		return this.block;
	}

	/** @param {'div' | 'summary'} tag @param {number} first
	 * @returns {Block} */
	make(tag, first) {
		const gutter = h('span', { class: 'log-gutter', 'aria-hidden': 'true' });
		const text = h('span', { class: 'log-text' });
		const element = h(tag, { class: tag === 'div' ? 'log-block' : 'log-head' },
			gutter, text);
		const block = { element, gutter, text, painter: new Painter(text), first, count: 0,
			tops: null, styled: false, painted: tag === 'summary' || this.eager };

		this.blocks.push(block);
		this.onBlock(block);
		return block;
	}

	/** Returns the block of a row. @param {number} index */
	blockAt(index) {
		let low = 0, high = this.blocks.length;

		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if (this.blocks[middle].first <= index) {
				low = middle;
			} else {
				high = middle;
			}
		}
		return this.blocks[low];
	}

	/** Returns the index of the row that holds the line with that id, or the number of rows.
	 * @param {number} id */
	find(id) {
		const { list } = this.rows;
		let low = 0, high = list.length;

		while (low < high) {
			const middle = (low + high) >> 1;
			if (list[middle].id < id) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}
		return low;
	}

	/** The rows of a block. @param {Block} block */
	rowsOf(block) {
		return this.rows.list.slice(block.first, block.first + block.count);
	}
}
