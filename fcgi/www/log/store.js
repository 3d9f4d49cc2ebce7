// @ts-check
/*
 * Loads the log of a job: its end first, so that it shows at once, then the rest from the beginning
 * in pieces, until the two meet. New lines come by `append`. Lines are known by their ids, so that
 * none is missing and none is there twice, whatever is cut and repeated meanwhile.
 */
import { ApiError, call, jsonOf } from '../api.js';

/** @typedef {import('./rows.js').Item} Item */

/**
 * What shows the log.
 * @typedef {object} Sink
 * @property {(items: Item[]) => void} head the next lines from the beginning
 * @property {(items: Item[]) => void} tail the last lines, apart from the head
 * @property {(items: Item[]) => void} join the head has reached the tail: instead of the tail,
 * these lines follow the head
 * @property {(items: Item[]) => void} live new lines at the end
 * @property {(part: number | null) => void} progress how much of the log is loaded; null: all
 * @property {(error: any) => void} trouble a call has failed; null: it goes on
 */

const TAIL = 500, PIECE = 10000; /* lines */
const LEAST_PAUSE_MS = 500, MOST_PAUSE_MS = 5000;

export class LogStore {
	/**
	 * @param {number} job @param {Sink} sink @param {AbortSignal} signal
	 * @param {{attempt?: number, attempts?: number}} [options] `attempt`: only of this one;
	 * `attempts`: how often the job has begun
	 */
	constructor(job, sink, signal, { attempt = 0, attempts = 0 } = {}) {
		this.path = `/execution/${job}/logs`;
		this.sink = sink;
		this.signal = signal;
		this.attempt = attempt;
		this.single = attempt > 0 || attempts <= 1;
		/** The id of the last line that is known. */
		this.last = 0;
		/** @type {Item[] | null} The tail, until the head has reached it. */
		this.tail = null;
	}

	/** Reads lines; tries again for as long as the server does not answer.
	 * @param {string} path @param {Record<string, number>} query
	 * @returns {Promise<Item[]>} */
	async read(path, query) {
		const search = new URLSearchParams(Object.entries(query)
			.map(([k, v]) => [k, String(v)]));

		if (this.attempt > 0) {
			search.set('attempt', String(this.attempt));
		}
		for (let pause = LEAST_PAUSE_MS; ; pause = Math.min(2 * pause, MOST_PAUSE_MS)) {
			try {
				const response = await call('GET',
					`${this.path}${path}?${search}`, undefined,
					{ signal: this.signal });
				const items = await jsonOf(response);
				this.sink.trouble(null);
				return items;
			} catch (error) {
				this.signal.throwIfAborted();
				if (error instanceof ApiError && error.status > 0 &&
					error.status < 500 && error.status !== 429) {
					throw error;
				}
				this.sink.trouble(error);
			}
			await new Promise((resolve) => setTimeout(resolve, pause));
			this.signal.throwIfAborted();
		}
	}

	/** Loads the end of the log. All of it is loaded when `rest` is done, too. */
	async load() {
		const items = await this.read('', { tail: TAIL });

		this.last = items.at(-1)?.id ?? 0;
		if (this.single && items.length < TAIL) {
			this.sink.head(items);
			this.sink.progress(null);
		} else {
			this.tail = items;
			this.sink.tail(items);
			this.sink.progress(0);
		}
	}

	/** Loads what is before the end. */
	async rest() {
		let after = 0;

		while (this.tail) {
			const items = await this.read(`/${after}`, { limit: PIECE });
			const first = this.tail[0]?.id ?? 0;
			const met = items.findIndex((item) => item.id >= first);

			if (met < 0 && items.length > 0) {
				after = items[items.length - 1].id;
				this.sink.head(items);
				this.sink.progress(after / this.last);
				continue;
			}
			const known = items[met]?.id ?? after;
			const tail = this.tail.filter((item) => item.id > known);
			this.tail = null;
			/* Lines that were printed meanwhile come by the stream, too. */
			this.last = Math.max(this.last, known);
			this.sink.head(items.slice(0, met + 1));
			this.sink.join(tail);
			this.sink.progress(null);
		}
	}

	/** Adds a new line. @param {Item} item */
	append(item) {
		if (item.id <= this.last) {
			return;
		}
		this.last = item.id;
		this.tail?.push(item);
		this.sink.live([item]);
	}
}
