// @ts-check
/* The bar above a log: search, the next error, times, wrapping, following, the raw text. */
import { h, replace } from '../dom.js';
import { count } from '../format.js';
import { bind } from '../keys.js';
import { textRange } from './locate.js';

/** @typedef {import('./view.js').LogView} LogView */
/** @typedef {import('./rows.js').Row} Row */

const HIGHLIGHT = 'log-found';
const COUNT_MS = 300; /* how often the matches are counted while lines come */
const TIMES = /** @type {[import('./gutter.js').Times, string][]} */ ([
	['off', 'No times'], ['start', 'Since start'], ['clock', 'Time of day']]);

function isNarrow() {
	return window.innerWidth < 600;
}

/** What the reader has chosen before. */
export const choices = {
	/** @returns {import('./gutter.js').Times} */
	get times() {
		const kept = localStorage.getItem('log-times');
		return TIMES.find(([name]) => name === kept)?.[0] ?? (isNarrow() ? 'off' : 'start');
	},
	get wrap() {
		return (localStorage.getItem('log-wrap') ?? String(isNarrow())) === 'true';
	},
};

/** Returns a function for the rows that have the words, in any case. @param {string} words */
export function matcher(words) {
	const form = new RegExp(words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'iu');
	return (/** @type {Row} */ row) => form.exec(row.shown);
}

/** Returns the indexes of the rows where errors begin: of each run of them, the first one.
 * @param {Row[]} rows */
export function errorStarts(rows) {
	return rows.flatMap((row, i) => (row.error && !rows[i - 1]?.error ? [i] : []));
}

export class LogTools {
	/** @param {LogView} view @param {AbortSignal} signal
	 * @param {{raw: string, saveAs: string, onGo: (id: number) => void}} options `raw`: the
	 * path of the whole text; `saveAs`: its name as a file; `onGo` is told the row that the
	 * reader is led to
	 */
	constructor(view, signal, { raw, saveAs, onGo }) {
		this.view = view;
		this.onGo = onGo;
		/** @type {number[]} The indexes of the rows that were found. */
		this.found = [];
		this.current = 0; /* id of the row that the reader was led to */
		this.timer = 0;
		this.input = h('input', { type: 'search', placeholder: 'Search the log',
			'aria-label': 'Search the log',
			onInput: () => this.search(true),
			onKeydown: (/** @type {KeyboardEvent} */ event) => {
				if (event.key === 'Enter') {
					this.step(event.shiftKey ? -1 : 1);
				}
			} });
		this.hits = h('span', { class: 'muted log-hits', role: 'status' });
		this.followed = h('input', { type: 'checkbox', checked: true,
			onChange: () => view.follow(this.followed.checked) });
		this.element = this.draw(raw, saveAs);
		view.onFollow = (following) => {
			this.followed.checked = following;
		};
		view.onChange.add(() => {
			if (this.input.value !== '' && this.timer === 0) {
				this.timer = window.setTimeout(() => this.search(false), COUNT_MS);
			}
		});
		signal.addEventListener('abort', () => {
			clearTimeout(this.timer);
			CSS.highlights?.delete(HIGHLIGHT);
		});
		bind(signal, {
			n: ['next match in the log', () => this.step(1)],
			p: ['previous match in the log', () => this.step(-1)],
			e: ['next error in the log', () => this.nextError()],
			f: ['follow the log, or not', () => view.follow(!view.following)],
			G: ['end of the log', () => view.follow(true)],
			w: ['wrap long lines, or not', () => this.wrapped.click()],
		});
	}

	/** @param {string} raw @param {string} saveAs */
	draw(raw, saveAs) {
		const { view } = this;
		const button = (/** @type {string} */ text, /** @type {string} */ title,
			/** @type {() => void} */ onClick) =>
			h('button', { type: 'button', title, 'aria-label': title, onClick }, text);
		const times = h('select', { 'aria-label': 'Times', value: view.options.times,
			onChange: () => {
				localStorage.setItem('log-times', times.value);
				view.setTimes(
					/** @type {import('./gutter.js').Times} */ (times.value));
			} }, TIMES.map(([value, text]) => h('option', { value }, text)));

		this.wrapped = h('input', { type: 'checkbox', checked: view.options.wrap,
			onChange: () => {
				localStorage.setItem('log-wrap', String(this.wrapped.checked));
				view.setWrap(this.wrapped.checked);
			} });
		return h('div', { class: 'log-tools' }, h('span',
			{ class: 'log-search' }, this.input,
			button('↑', 'Previous match (p)', () => this.step(-1)),
			button('↓', 'Next match (n)', () => this.step(1)), this.hits),
		h('button', { type: 'button',
			title: 'Next error (e): stderr, red text, or a traceback',
			onClick: () => this.nextError() }, 'Next error'), times,
		h('label', { title: 'key: w' }, this.wrapped, ' Wrap'),
		h('label', { title: 'key: f' }, this.followed, ' Follow'),
		h('a', { href: raw, target: '_blank', rel: 'noopener' }, 'Raw'),
		h('a', { href: raw, download: saveAs }, 'Download'));
	}

	/** Finds the rows with the words. @param {boolean} go whether to go to the nearest one */
	search(go) {
		const { list } = this.view.body.rows, words = this.input.value;

		clearTimeout(this.timer);
		this.timer = 0;
		this.found = [];
		if (words === '') {
			CSS.highlights?.delete(HIGHLIGHT);
			replace(this.hits);
			return;
		}
		const matches = matcher(words);
		list.forEach((row, i) => matches(row) && this.found.push(i));
		if (go && this.found.length > 0) {
			this.goTo(this.found.find((i) => list[i].id >= this.current) ??
				this.found[0]);
		}
		this.count();
	}

	count() {
		const { list } = this.view.body.rows;
		const at = this.found.findIndex((i) => list[i].id === this.current);
		const rest = this.view.end ? ' so far' : '';

		const place = at < 0 ? '' : `${count(at + 1)} of `;
		replace(this.hits, this.found.length === 0 ? `not found${rest}`
			: `${place}${count(this.found.length)} lines${rest}`);
	}

	/** Goes to the next match, or the one before. @param {1 | -1} direction */
	step(direction) {
		const { list } = this.view.body.rows;
		if (this.input.value === '') {
			this.input.focus();
			return;
		}
		this.search(false);
		const { found, current } = this;
		const next = direction > 0 ? found.find((i) => list[i].id > current) ?? found[0]
			: found.findLast((i) => list[i].id < current) ?? found.at(-1);
		if (next !== undefined) {
			this.goTo(next);
		}
		this.count();
	}

	nextError() {
		const { list } = this.view.body.rows;
		const starts = errorStarts(list);
		const next = starts.find((i) => list[i].id > this.current) ?? starts[0];

		replace(this.hits, next === undefined ? 'no errors' : '');
		if (next !== undefined) {
			this.goTo(next);
		}
	}

	/** Leads the reader to a row. @param {number} index */
	goTo(index) {
		const { view } = this, { body } = view, row = body.rows.list[index],
			block = body.blockAt(index);

		this.current = row.id;
		view.show(body, index);
		view.marks.select({ from: row.id, to: row.id });
		this.onGo(row.id);
		CSS.highlights?.delete(HIGHLIGHT);
		const match = this.input.value === '' ? null : matcher(this.input.value)(row);
		const range = match && block && textRange(block, body.rowsOf(block),
			index - block.first, match.index, match.index + match[0].length);
		if (range) {
			CSS.highlights?.set(HIGHLIGHT, new Highlight(range));
		}
	}
}
