// @ts-check
/* The log as it is seen: a box that scrolls, and stays at the end while the reader is there. */
import { h } from '../dom.js';
import { plural } from '../format.js';
import { Body } from './body.js';
import { gutterText } from './gutter.js';
import { heightsOf, measure, rowTop, topIn } from './locate.js';
import { Marks } from './marks.js';

/** @typedef {import('./body.js').Block} Block */
/** @typedef {import('./rows.js').Item} Item */
/** @typedef {import('./gutter.js').Times} Times */

const BOTTOM_PX = 4; /* as near to the end is at the end */

export class LogView {
	/**
	 * @param {{folded: boolean, start: number, times: Times, wrap: boolean,
	 * onSelect: (ids: import('./marks.js').Ids) => void}} options `folded`: groups begin
	 * closed; `start` of the job in ms; `onSelect` is told what the reader clicks at
	 */
	constructor(options) {
		this.options = options;
		this.main = new Body(options.folded, 0);
		/** @type {Body | null} The end of the log, until the rest is loaded. */
		this.end = null;
		this.gap = h('p', { class: 'log-gap', hidden: true });
		this.foot = h('p', { class: 'log-foot', hidden: true });
		this.lines = h('div', { class: 'log-lines' }, this.main.element, this.gap);
		this.box = h('div', { class: 'log-box', tabindex: '0', role: 'region',
			'aria-label': 'Log' }, this.lines, this.foot);
		this.news = h('button', { type: 'button', class: 'log-new', hidden: true,
			onClick: () => this.follow(true) });
		this.element = h('div', { class: 'log' }, this.box, this.news);
		this.following = true;
		this.seen = 0; /* rows, when the reader left the end */
		this.top = 0; /* where the box was scrolled to */
		this.scheduled = 0; /* the next frame's drawing */
		/** @type {Set<() => void>} Told when rows have come. */
		this.onChange = new Set();
		/** @type {(following: boolean) => void} */
		this.onFollow = () => {};
		/** @type {WeakMap<Element, {body: Body, block: Block}>} */
		this.known = new WeakMap();
		/** @type {Set<Element>} The blocks near the part that is seen. */
		this.near = new Set();
		this.observer = new IntersectionObserver((entries) => this.observe(entries),
			{ root: this.box, rootMargin: '600px 0px' });
		this.resized = new ResizeObserver(() => this.refresh());
		this.resized.observe(this.box);
		this.watch(this.main);
		this.box.addEventListener('scroll', () => this.scrolled());
		this.marks = new Marks(this, options.onSelect);
		this.setWrap(options.wrap);
	}

	close() {
		this.observer.disconnect();
		this.resized.disconnect();
	}

	get body() {
		return this.end ?? this.main;
	}

	/** @param {Item[]} items */
	head(items) {
		this.main.eager = this.end === null;
		this.main.add(items);
		this.schedule();
	}

	/** @param {Item[]} items */
	tail(items) {
		this.end = new Body(false, null);
		this.watch(this.end);
		this.lines.append(this.end.element);
		this.live(items);
	}

	/** @param {Item[]} items */
	live(items) {
		this.body.add(items);
		this.schedule();
	}

	/** @param {Item[]} items */
	join(items) {
		const { box, end } = this, { scrollTop } = box;
		const fromEnd = box.scrollHeight - scrollTop;
		const inEnd = end && topIn(box, end.element) < box.clientHeight;

		this.seen += this.main.length;
		end?.element.remove();
		this.end = null;
		this.main.eager = true;
		this.main.add(items);
		this.draw();
		box.scrollTop = this.top = inEnd ? box.scrollHeight - fromEnd : scrollTop;
	}

	/** @param {number | null} part */
	progress(part) {
		this.gap.hidden = part === null;
		this.gap.textContent = part === null ? ''
			: `Loading the earlier lines: ${Math.floor(part * 100)} %`;
		if (part === null) {
			this.draw();
			this.main.complete();
		}
	}

	watch(/** @type {Body} */ body) {
		body.onBlock = (block) => {
			this.known.set(block.element, { body, block });
			this.observer.observe(block.element);
		};
	}

	schedule() {
		this.scheduled ||= requestAnimationFrame(() => this.draw());
	}

	draw() {
		this.scheduled = 0;
		this.main.draw();
		this.end?.draw();
		this.startAt(this.options.start);
		this.refresh();
		this.onChange.forEach((tell) => tell());
	}

	/** Counts times from then on, or from the first row if it is earlier. @param {number} ms */
	startAt(ms) {
		this.options.start = Math.min(ms, this.main.rows.list[0]?.time ?? ms);
	}

	/** Draws what depends on the place and the size of the box. */
	refresh() {
		for (const element of this.near) {
			this.number(element);
		}
		this.marks.draw();
		const more = this.body.length - this.seen;
		this.news.hidden = this.following || more <= 0;
		this.news.textContent = `${plural(more, 'new line')} ↓`;
		if (this.following) {
			this.box.scrollTop = this.box.scrollHeight;
			this.top = this.box.scrollTop;
		}
	}

	/** @param {IntersectionObserverEntry[]} entries of blocks */
	observe(entries) {
		for (const { target, isIntersecting } of entries) {
			const known = this.known.get(target);
			if (isIntersecting && known) {
				this.near.add(target);
				known.body.paint(known.block);
				this.number(target);
			} else {
				this.near.delete(target);
			}
		}
		this.marks.draw();
	}

	/** Draws the gutter of a block. @param {Element} element */
	number(element) {
		const known = this.known.get(element);
		if (!known?.block.element.isConnected) {
			this.near.delete(element);
			return;
		}
		const { body, block } = known, rows = body.rowsOf(block);
		block.tops = null;
		if (this.options.wrap) {
			measure(block, rows);
		}
		block.gutter.dataset.lines = gutterText(rows, { times: this.options.times,
			first: body === this.main ? block.first + 1 : null, total: this.body.length,
			start: this.options.start, heights: heightsOf(block) });
	}

	/** @param {Times} times */
	setTimes(times) {
		this.options.times = times;
		this.refresh();
	}

	/** @param {boolean} wrap */
	setWrap(wrap) {
		this.options.wrap = wrap;
		this.element.classList.toggle('wrap', wrap);
		this.refresh();
	}

	scrolled() {
		const { scrollTop, scrollHeight, clientHeight } = this.box;
		const atEnd = scrollHeight - clientHeight - scrollTop <= BOTTOM_PX;

		if (atEnd !== this.following && (atEnd || scrollTop < this.top)) {
			this.follow(atEnd);
		}
		this.top = scrollTop;
	}

	/** Stays at the end of the log, or not. @param {boolean} following */
	follow(following) {
		if (following !== this.following) {
			this.following = following;
			this.seen = this.body.length;
			this.onFollow(following);
		}
		this.refresh();
	}

	/** Returns the body with the line of that id; null: it is not loaded. @param {number} id */
	bodyOf(id) {
		const { list, last } = this.body.rows;

		if (!this.end || (this.main.rows.last ?? 0) >= id) {
			return this.main;
		}
		return last !== null && id <= last && list[0].id <= id ? this.end : null;
	}

	/** Scrolls to a row. @param {Body} body @param {number} index of the row */
	show(body, index) {
		const block = body.blockAt(index);
		const group = block?.element.parentElement;

		if (!block) {
			return;
		}
		if (group instanceof HTMLDetailsElement) {
			group.open = true;
		}
		this.follow(false);
		const go = () => {
			const top = topIn(this.box, block.element) +
				rowTop(block, index - block.first);
			this.box.scrollTop += top - this.box.clientHeight / 3;
		};
		go();
		requestAnimationFrame(() => requestAnimationFrame(go)); /* the rows are laid out */
	}
}
