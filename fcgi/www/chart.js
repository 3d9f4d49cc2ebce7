// @ts-check
/* A line over time as inline SVG, with the value under the pointer. */
import { h, replace, svg } from './dom.js';

/** @typedef {{x: number, y: number}} Point */

const WIDE = 560, NARROW = 320, HEIGHT = 120, LEFT = 72, RIGHT = 8, TOP = 8, BOTTOM = 20;

/** Returns a round number that is at least n: 1, 2 or 5 times a power of ten, or of two for bytes.
 * @param {number} n @param {boolean} binary */
export function roundUp(n, binary) {
	if (!(n > 0)) {
		return 1;
	}
	if (binary) {
		return 2 ** Math.ceil(Math.log2(n));
	}
	const power = 10 ** Math.floor(Math.log10(n));
	return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= n * 0.999999) ?? n;
}

/**
 * @param {Point[]} points in the order of x
 * @param {{label: string, x: (x: number) => string, y: (y: number) => string, from?: number,
 * limit?: number | null, binary?: boolean}} options `x` and `y` make texts of values; `from`: where
 * x begins, if not at the first point; `limit` is drawn as a dashed line if it is near the values
 * @returns {HTMLElement}
 */
export function chart(points, { label, x: xText, y: yText, from, limit = null, binary = false }) {
	const width = window.innerWidth < 600 ? NARROW : WIDE;
	const most = Math.max(...points.map(({ y }) => y));
	const near = limit !== null && limit > 0 && limit <= 4 * most;
	const top = near ? limit * 1.05 : roundUp(most, binary);
	const first = from ?? points[0].x;
	const span = Math.max(points[points.length - 1].x - first, 1e-9);
	const px = (/** @type {number} */ x) => LEFT + (x - first) / span * (width - LEFT - RIGHT);
	const py = (/** @type {number} */ y) =>
		HEIGHT - BOTTOM - Math.min(y / top, 1) * (HEIGHT - TOP - BOTTOM);
	const line = points.map(({ x, y }) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(' ');
	const text = (/** @type {number} */ x, /** @type {number} */ y,
		/** @type {string} */ anchor, /** @type {string} */ words) =>
			svg('text', { x, y, 'text-anchor': anchor }, words);
	const base = HEIGHT - BOTTOM;
	const cursor = svg('line', { class: 'chart-cursor', y1: TOP, y2: base, x1: -1, x2: -1 });
	const value = h('span', { class: 'muted' });
	const picture = svg('svg', { class: 'chart', viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img',
		'aria-label':
			`${label}: at most ${yText(most)}${limit ? ` of ${yText(limit)}` : ''}` },
	svg('line', { class: 'chart-axis', x1: LEFT, x2: width - RIGHT, y1: base, y2: base }),
	near && svg('line', { class: 'chart-limit', x1: LEFT, x2: width - RIGHT, y1: py(limit),
		y2: py(limit) }),
	svg('polygon', { class: 'chart-area',
		points: `${px(points[0].x)},${base} ${line} ${px(first + span)},${base}` }),
	svg('polyline', { class: 'chart-line', points: line }), cursor,
	text(LEFT - 6, base, 'end', yText(0)),
	text(LEFT - 6, py(near ? limit : top) + 8, 'end', yText(near ? limit : top)),
	text(LEFT, HEIGHT - 5, 'start', xText(first)),
	text(width - RIGHT, HEIGHT - 5, 'end', xText(first + span)));

	picture.addEventListener('pointermove', (event) => {
		const box = picture.getBoundingClientRect();
		const pointer = (event.clientX - box.left) * width / box.width;
		const at = first + (pointer - LEFT) / (width - LEFT - RIGHT) * span;
		const point = points.reduce((best, other) =>
			(Math.abs(other.x - at) < Math.abs(best.x - at) ? other : best));
		cursor.setAttribute('x1', String(px(point.x)));
		cursor.setAttribute('x2', String(px(point.x)));
		replace(value, ` ${yText(point.y)} at ${xText(point.x)}`);
	});
	picture.addEventListener('pointerleave', () => {
		cursor.setAttribute('x1', '-1');
		cursor.setAttribute('x2', '-1');
		replace(value);
	});
	return h('figure', { class: 'chart-figure' }, h('figcaption', null, label, value), picture);
}
