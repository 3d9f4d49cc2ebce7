// @ts-check
/* A table whose columns sort it at a click. */
import { h, replace } from './dom.js';

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: any) => any} [value] what the rows are sorted by; without it they cannot be
 * @property {(row: any) => any} cell what stands in the cell
 * @property {boolean} [number] a number: aligned to the right
 * @property {string} [class]
 */

/**
 * @typedef {object} Options
 * @property {(row: any) => string} [href] makes the whole row a link
 * @property {(row: any) => any} [key] tells a row; without it the row's `id` does, or else the row
 * itself
 * @property {string} [caption]
 */

/** @param {Column} column */
function classOf(column) {
	return [column.number ? 'number' : '', column.class ?? ''].join(' ').trim() || null;
}

/**
 * Orders two values; empty ones come last.
 * @param {any} a
 * @param {any} b
 * @param {number} direction 1: ascending, -1: descending
 */
function compare(a, b, direction) {
	if (a === null || a === undefined || b === null || b === undefined) {
		return Number(a === null || a === undefined) - Number(b === null ||
			b === undefined);
	}
	return direction * (typeof a === 'string'
		? a.localeCompare(b, 'en', { numeric: true }) : a - b);
}

/**
 * Makes a table. `update` shows other rows; a row's element stays, and so does the focus in it.
 * Give the link of each row `dataset: { row: '' }`: then the keys j and k reach it.
 * @param {Column[]} columns
 * @param {any[]} rows
 * @param {Options} [options]
 * @returns {HTMLElement & {update: (rows: any[]) => void}}
 */
export function table(columns, rows, { href, key = (row) => row.id ?? row, caption } = {}) {
	/** @type {Map<any, {row: any, tr: HTMLTableRowElement}>} */
	let shown = new Map();
	let sorted = -1, direction = 1;
	const body = h('tbody');
	const heads = columns.map((column, i) => h('th', { scope: 'col', class: classOf(column) },
		column.value ? h('button', { type: 'button', class: 'sort',
				onClick: () => sort(i) },
			column.title) : column.title));

	/** @param {any} row */
	function rowOf(row) {
		const old = shown.get(key(row));
		const tr = old?.tr ?? h('tr', { dataset: href ? { href: href(row) } : null });

		if (old?.row !== row) {
			replace(tr, columns.map((column) =>
				h('td', { class: classOf(column) }, column.cell(row))));
		}
		return { row, tr };
	}
	function draw() {
		const focused = body.contains(document.activeElement)
			? document.activeElement : null;
		const focusedRow = focused?.closest('tr');
		const value = columns[sorted]?.value;
		const order = value
			? [...rows].sort((a, b) => compare(value(a), value(b), direction)) : rows;
		const next = new Map(order.map((row) => [key(row), rowOf(row)]));
		let place = body.firstChild;

		shown = next;
		for (const { tr } of next.values()) {
			if (place === tr) {
				place = tr.nextSibling;
			} else {
				body.insertBefore(tr, place);
			}
		}
		while (place) {
			const after = place.nextSibling;
			place.remove();
			place = after;
		}
		// an element that is moved or replaced loses it
		if (focused && focused !== document.activeElement) {
			/** @type {HTMLElement|null|undefined} */ (focused?.isConnected ? focused
				: focusedRow?.querySelector('[data-row]'))?.focus(
					{ preventScroll: true });
		}
	}
	/** @param {number} i */
	function sort(i) {
		direction = sorted === i ? -direction : 1;
		sorted = i;
		heads.forEach((head, k) => (k === i
			? head.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending')
			: head.removeAttribute('aria-sort')));
		draw();
	}
	draw();
	return Object.assign(h('div', { class: 'table', tabindex: '-1' }, h('table', null,
		caption ? h('caption', null, caption) : null,
		h('thead', null, h('tr', null, heads)), body)), {
		update(/** @type {any[]} */ others) {
			rows = others;
			draw();
		},
	});
}
