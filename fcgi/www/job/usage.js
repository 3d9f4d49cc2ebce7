// @ts-check
/* What a job has used, beside its limits, with lines over time. */
import { get } from '../api.js';
import { chart } from '../chart.js';
import { h, replace } from '../dom.js';
import { bytes, count, runSeconds, seconds } from '../format.js';
import { hasEnded } from './explain.js';
import { jobPath } from './head.js';

/** @typedef {{time: string, cpu_s: number, memory: number}} Sample */
/** @typedef {import('../chart.js').Point} Point */

const POLL_MS = 3000; /* while the job runs */

/** The processors that were busy between each two samples. @param {Sample[]} samples
 * @returns {Point[]} */
export function cpuPoints(samples) {
	return samples.slice(1).flatMap((sample, i) => {
		const before = samples[i];
		const s = (Date.parse(sample.time) - Date.parse(before.time)) / 1000;
		return s > 0 ? [{ x: Date.parse(sample.time),
			y: Math.max(0, sample.cpu_s - before.cpu_s) / s }] : [];
	});
}

/** A bar with a number beside it. @param {string} title @param {number | null} used
 * @param {number | null} limit @param {(n: number) => string} text */
function gauge(title, used, limit, text) {
	const part = used !== null && limit ? used / limit : 0;

	return used === null ? null : h('div', null, h('dt', null, title), h('dd', null,
		`${text(used)}${limit ? ` of ${text(limit)}` : ''} `,
		limit ? h('meter', { min: 0, max: 1, high: 0.9, value: Math.min(part, 1),
			'aria-label': title }) : null));
}

/** The numbers, with what they are at most. @param {any} job @param {Sample[]} samples */
function gauges(job, samples) {
	const last = samples.at(-1);
	const memory = job.used_memory ?? (last
		? Math.max(...samples.map((sample) => sample.memory)) : null);
	const cpu = job.used_cpu ?? last?.cpu_s ?? null;
	const ran = runSeconds(job);

	return [gauge('Peak memory', memory, job.memory, bytes),
		gauge('Run time', ran, job.timeout, seconds),
		gauge('CPU time', cpu, null, seconds),
		gauge('CPUs, on average', cpu !== null && ran ? cpu / ran : null, job.cpus,
			(n) => String(Number(n.toFixed(2)))),
		gauge('Read and written', job.used_io, null, bytes)];
}

/** @param {any} job @param {Sample[]} samples */
function charts(job, samples) {
	const start = Date.parse(job.started_at ?? samples[0]?.time);
	const x = (/** @type {number} */ at) => seconds(Math.max(0, (at - start) / 1000));
	const cpu = cpuPoints(samples);

	if (samples.length < 3) {
		return h('p', { class: 'muted' }, hasEnded(job)
			? 'It ran too short for lines over time.'
			: 'Lines over time come once it has run for some seconds.');
	}
	return h('div', { class: 'charts' },
		chart(samples.map((sample) => ({ x: Date.parse(sample.time), y: sample.memory })),
			{ label: 'Memory', from: start, x, y: (n) => bytes(Math.round(n)),
				limit: job.memory, binary: true }),
		cpu.length > 1 && chart(cpu, { label: 'CPUs', from: start, x,
			y: (n) => count(Number(n.toFixed(2))), limit: job.cpus }));
}

/**
 * @param {AbortSignal} signal
 * @returns {{numbers: HTMLElement, element: HTMLElement, tick: () => void,
 * update: (job: any) => void}} `numbers` beside their limits, and lines over time; `tick` updates
 * the run time
 */
export function jobUsage(signal) {
	const numbers = h('dl', { class: 'facts' });
	const element = h('section', { id: 'usage', hidden: true });
	let job = /** @type {any} */ (null), samples = /** @type {Sample[]} */ ([]);
	let timer = 0, run = '', trouble = '', round = 0;

	async function load() {
		const mine = ++round; /* a later call makes this one idle */

		clearTimeout(timer);
		try {
			if (!document.hidden) {
				samples = await get(`${jobPath(job)}/usage`, { signal });
				trouble = '';
			}
		} catch (error) {
			/* The job's own numbers are shown all the same. */
			trouble = /** @type {Error} */ (error).message;
		}
		if (!signal.aborted && mine === round) {
			draw();
			timer = hasEnded(job) ? 0 : window.setTimeout(load, POLL_MS);
		}
	}
	function draw() {
		element.hidden = !job.started_at;
		if (!element.hidden) {
			replace(numbers, gauges(job, samples));
			replace(element, h('h2', null, 'Usage over time'),
				trouble === '' ? charts(job, samples)
					: h('p', { class: 'muted' }, trouble));
		}
	}
	function tick() {
		if (job.started_at) {
			replace(numbers, gauges(job, samples));
		}
	}
	signal.addEventListener('abort', () => clearTimeout(timer));
	return { numbers, element, tick, update(now) {
		const before = run;
		job = now;
		run = `${job.started_at} ${job.state}`;
		if (job.started_at && run !== before) {
			load();
		}
	} };
}
