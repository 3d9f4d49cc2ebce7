// @ts-check
/*
 * The marked rows of a log: those that the address names (#<id> or #<id>-<id>) or the reader has
 * found. A click at a row's number marks it, Shift-click all rows from the marked one on.
 */
import { h } from '../dom.js';
import { rowAt, rowTop } from './locate.js';

/** @typedef {{from: number, to: number}} Ids of the first and the last row */

/** Reads the ids of an address. @param {string} hash without "#" @returns {Ids | null} */
export function parseHash(hash) {
	const found = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(hash);

	if (!found) {
		return null;
	}
	const [from, to] = [Number(found[1]), Number(found[2] ?? found[1])].sort((a, b) => a - b);
	return { from, to };
}

/** @param {Ids} ids */
export function formatHash({ from, to }) {
	return from === to ? `#${from}` : `#${from}-${to}`;
}

export class Marks {
	/** @param {import('./view.js').LogView} view
	 * @param {(ids: Ids) => void} onSelect is told what the reader clicks at */
	constructor(view, onSelect) {
		this.view = view;
		this.onSelect = onSelect;
		/** @type {Ids | null} */
		this.ids = null;
		view.box.addEventListener('click', (event) => this.click(event));
	}

	/** @param {Ids | null} ids */
	select(ids) {
		this.ids = ids;
		this.draw();
	}

	/** Draws the marks of the blocks that are near. */
	draw() {
		const { view, ids } = this;
		const body = ids && view.bodyOf(ids.to);
		const first = body && ids ? body.find(ids.from) : 0;
		const last = body && ids ? body.find(ids.to) : 0;

		for (const element of view.near) {
			const known = view.known.get(element);

			element.querySelector(':scope > .log-mark')?.remove();
			if (known && known.body === body && last >= known.block.first &&
				first < known.block.first + known.block.count) {
				const { block } = known;
				const top = rowTop(block, Math.max(first - block.first, 0));
				const end = rowTop(block,
					Math.min(last - block.first + 1, block.count));
				const mark = h('span', { class: 'log-mark' });
				mark.style.top = `${top}px`;
				mark.style.height = `${end - top}px`;
				element.prepend(mark);
			}
		}
	}

	/** @param {MouseEvent} event */
	click(event) {
		const target = /** @type {Element} */ (event.target);
		const known = target.closest('.log-gutter') && target.parentElement
			? this.view.known.get(target.parentElement) : null;

		if (!known) {
			return;
		}
		event.preventDefault(); /* a group stays open or closed */
		const { body, block } = known;
		const y = event.clientY - block.text.getBoundingClientRect().top;
		const { id } = body.rows.list[block.first + rowAt(block, y)];
		const other = event.shiftKey && this.ids ? this.ids.from : id;
		this.select({ from: Math.min(id, other), to: Math.max(id, other) });
		this.onSelect(/** @type {Ids} */ (this.ids));
	}
}
