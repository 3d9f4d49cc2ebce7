// @ts-check
/*
 * Shows the engine's messages of a build as a terminal would: output with its colours, and one
 * line for each layer that is pulled or pushed, which changes in its place.
 */
import { h } from '../dom.js';
import { Line } from '../log/ansi.js';
import { PLAIN } from '../log/pen.js';
import { Painter } from '../log/render.js';

const BLOCK = 500; // lines; the browser lays out only the blocks that are seen

/**
 * @param {any} message
 * @returns {string} its text; '' if there is nothing to show
 */
function messageText(message) {
	if (typeof message?.stream === 'string') {
		return message.stream;
	}
	if (typeof message?.error === 'string') {
		return `${message.error}\n`;
	}
	return typeof message?.status === 'string' ? `${statusText(message)}\n` : '';
}

/** @param {{status: string, id?: any, progress?: any}} message */
function statusText({ status, id, progress }) {
	return [typeof id === 'string' ? `${id}: ` : '', status,
		typeof progress === 'string' ? ` ${progress}` : ''].join('');
}

export class BuildOutput {
	/** @param {HTMLElement} place */
	constructor(place) {
		this.place = place;
		this.line = new Line(PLAIN);
		this.tail = h('span');
		/** @type {Map<string, HTMLElement>} the lines that change, by the layer */
		this.layers = new Map();
		this.rows = 0;
		this.block = h('pre');
		this.painter = this.begin();
	}

	/** Begins a block, if the present one is full, and a place for text in it. */
	begin() {
		if (this.rows % BLOCK === 0) {
			this.block = h('pre', { class: 'log-text build-block' });
			this.place.append(this.block);
		}
		const span = h('span');
		this.block.append(span, this.tail);
		return new Painter(span);
	}

	/** @param {string} text */
	write(text) {
		const pieces = text.split('\n');

		pieces.forEach((piece, i) => {
			this.line.write(piece);
			if (i === pieces.length - 1) {
				return;
			}
			this.painter.row(/** @type {any} */ ({ segments: this.line.segments(),
				stream: 'stdout', end: '\n' }));
			this.line = new Line(this.line.pen);
			if (++this.rows % BLOCK === 0) {
				this.painter.commit();
				this.painter = this.begin();
			}
		});
	}

	/** @param {any} message with an id and a status */
	layer(message) {
		const known = this.layers.get(message.id);
		const text = `${statusText(message)}\n`;

		if (known && !message.status.startsWith('Pulling from')) {
			known.textContent = text;
			return;
		}
		const element = h('span', null, text);
		this.painter.commit();
		this.tail.before(element);
		this.layers.set(message.id, element);
		this.rows++;
		this.painter = this.begin();
	}

	/** @param {any[]} messages */
	append(messages) {
		for (const message of messages) {
			if (typeof message?.id === 'string' && typeof message.status === 'string') {
				this.layer(message);
			} else {
				this.write(messageText(message));
			}
		}
		this.painter.commit();
		this.tail.textContent = this.line.shown();
	}
}
