// @ts-check
/* Finds where rows and characters of a log are in the page, since rows have no elements. */
import { ROW_PX, textOf } from './body.js';

/** @typedef {import('./body.js').Block} Block */
/** @typedef {import('./rows.js').Row} Row */

/** Returns where each row begins in its block's text, in characters. @param {Row[]} rows */
function offsetsOf(rows) {
	let sum = 0;

	return rows.map((row) => {
		const offset = sum;
		sum += textOf(row).length;
		return offset;
	});
}

/** Returns the text node and the place in it of each of the offsets, which ascend.
 * @param {Block} block @param {number[]} offsets
 * @returns {{node: Text, offset: number}[]} */
function places(block, offsets) {
	const walker = document.createTreeWalker(block.text, NodeFilter.SHOW_TEXT);
	const found = [];
	let node = /** @type {Text | null} */ (walker.nextNode()), at = 0;

	for (const offset of offsets) {
		while (node && offset >= at + node.length) {
			const next = /** @type {Text | null} */ (walker.nextNode());
			if (!next) {
				break;
			}
			at += node.length;
			node = next;
		}
		if (node) {
			found.push({ node, offset: Math.min(offset - at, node.length) });
		}
	}
	return found;
}

/**
 * Returns the range with the characters `from` to `to` of a row as it is shown; null: it is not
 * there.
 * @param {Block} block @param {Row[]} rows of the block @param {number} index of the row in it
 * @param {number} from @param {number} to
 */
export function textRange(block, rows, index, from, to) {
	const begin = offsetsOf(rows)[index];
	const [start, end] = places(block, [begin + from, begin + to]);

	if (!end) {
		return null;
	}
	const range = document.createRange();
	range.setStart(start.node, start.offset);
	range.setEnd(end.node, end.offset);
	return range;
}

/** Measures where the rows of a block are, if they are wrapped. Sets block.tops.
 * @param {Block} block @param {Row[]} rows */
export function measure(block, rows) {
	const top = block.text.getBoundingClientRect().top;
	const range = document.createRange();
	let last = -ROW_PX;

	block.tops = places(block, offsetsOf(rows)).map(({ node, offset }) => {
		range.setStart(node, offset);
		range.setEnd(node, Math.min(offset + 1, node.length));
		const rect = range.getClientRects()[0];
		last = rect ? Math.round((rect.top - top) / ROW_PX) * ROW_PX : last + ROW_PX;
		return last;
	});
}

/** Returns how many lines high each row of a measured block is. @param {Block} block */
export function heightsOf(block) {
	const { tops } = block;

	if (!tops) {
		return null;
	}
	const end = Math.max(block.text.getBoundingClientRect().height,
		(tops.at(-1) ?? 0) + ROW_PX);
	return tops.map((top, i) => Math.max(1, Math.round(((tops[i + 1] ?? end) - top) / ROW_PX)));
}

/**
 * Where an element begins, in pixels below the top of what a box shows.
 * @param {Element} box @param {Element} element
 */
export function topIn(box, element) {
	return element.getBoundingClientRect().top - box.getBoundingClientRect().top;
}

/** Returns where a row is in its block, in pixels; that of the row after the last one is its end.
 * @param {Block} block @param {number} index of the row in the block */
export function rowTop(block, index) {
	if (!block.tops) {
		return index * ROW_PX;
	}
	return block.tops[index] ?? block.text.getBoundingClientRect().height;
}

/** Returns the index in the block of the row at a height. @param {Block} block @param {number} y */
export function rowAt(block, y) {
	const index = block.tops ? block.tops.findLastIndex((top) => top <= y)
		: Math.floor(y / ROW_PX);
	return Math.max(0, Math.min(index, block.count - 1));
}
