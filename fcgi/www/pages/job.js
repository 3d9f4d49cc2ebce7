// @ts-check
/* One job: its state and why, its use of the machine, log, results, inputs and options. */
import { getPage } from '../api.js';
import { h, replace } from '../dom.js';
import { hasEnded } from '../job/explain.js';
import { givenOf, jobCommand, jobFacts, jobInputs, jobOptions } from '../job/facts.js';
import { jobHead, jobPath } from '../job/head.js';
import { jobLog } from '../job/log.js';
import { jobUsage } from '../job/usage.js';
import { results } from '../results/list.js';
import { codeBlock } from '../widgets.js';

/** @typedef {import('../app.js').Route} Route */

const TICK_MS = 1000; /* how often the times of a running job move on */
const QUEUE_MS = 5000; /* how often its place in the queue is asked for: other jobs move it */

/** Finds the job by its id alone: the address has no pipeline. Returns null if there is none.
 * @param {number} id @param {AbortSignal} signal */
async function findJob(id, signal) {
	if (!Number.isSafeInteger(id) || id < 1) {
		return null;
	}
	const { items } = await getPage(`/jobs?after=${id - 1}&limit=1`, { signal });
	return items[0]?.id === id ? items[0] : null;
}

/** What the page shows later, from a terminal or a program. @param {any} job */
function elsewhere(job) {
	const { origin } = location;

	return [codeBlock(`kabuto logs -f ${job.id}\nkabuto get ${job.id} -o out`,
		'kabuto, the client'),
	codeBlock(`curl -sN -b cookies.txt ${origin}/execution/${job.id}/events\n` +
		`curl -b cookies.txt '${origin}${jobPath(job)}?result' -o results.zip`, 'curl'),
	codeBlock('from kabuto import Kabuto    # kabuto.py\nk = Kabuto()\n' +
		`for line in k.follow(${job.id}):\n    print(line)\n` +
		`k.get(${job.id}, 'out')`, 'Python')];
}

/** The results: how to get them while the job has not ended, then the list.
 * @param {AbortSignal} signal */
function jobResults(signal) {
	const place = h('div'), element = h('section', { id: 'results' },
		h('h2', null, 'Results'), place);
	let shown = '';

	return { element, async update(/** @type {any} */ job) {
		const now = hasEnded(job) ? `${job.finished_at}` : 'later';
		if (now === shown) {
			return;
		}
		shown = now;
		if (now === 'later') {
			replace(place, h('p', { class: 'muted' },
				'The files that the job leaves in /outbox are shown here when it ' +
					'has ended.'), elsewhere(job));
			return;
		}
		const list = await results(jobPath(job), signal);
		if (shown === now) {
			replace(place, list);
		}
	} };
}

/**
 * @param {HTMLElement} main
 * @param {Route} route
 */
export async function show(main, route) {
	const { signal } = route;
	let job = await findJob(Number(route.params.job), signal);

	if (!job) {
		route.title('Job not found');
		replace(main, h('h1', null, `Job ${route.params.job} was not found`),
			h('p', null, 'It was deleted, or it belongs to somebody else. ',
				h('a', { href: '/ui/jobs' }, 'See your jobs')));
		return;
	}
	const head = jobHead(job, route), facts = jobFacts(), usage = jobUsage(signal);
	const files = jobResults(signal);
	const log = jobLog(route, update);
	const rest = h('div', { class: 'job-rest' });
	let shownRest = '';

	function update(/** @type {any} */ now) {
		/* submitted once more: another log */
		const again = now.queued_at !== job.queued_at;
		const given = givenOf(now);
		if (given !== shownRest) {
			shownRest = given;
			replace(rest, jobCommand(now), jobInputs(now), jobOptions(now));
		}
		job = now;
		head.update(job);
		facts.update(job);
		usage.update(job);
		files.update(job).catch(() => {}); /* the page was left */
		if (again) {
			log.start(job);
		} else {
			log.update(job);
		}
	}

	const jumps = ['Log', 'Results', 'Usage', 'Command', 'Inputs', 'Options'];
	replace(main, head.element, facts.element, usage.numbers,
		h('nav', { class: 'jumps', 'aria-label': 'On this page' },
			jumps.map((name) => h('a', { href: `#${name.toLowerCase()}` }, name))),
		log.element, files.element, usage.element, rest);
	main.classList.add('wide');
	signal.addEventListener('abort', () => main.classList.remove('wide'));
	update(job);
	log.start(job);

	async function ask() {
		const before = job;
		const now = document.hidden ? null
			: await findJob(job.id, signal).catch(() => null);
		if (now && job === before && !signal.aborted) { /* else an event was faster */
			update(now);
		}
	}
	const timers = [setInterval(() => job.state === 'running' && usage.tick(), TICK_MS),
		setInterval(() => job.state === 'in_queue' && ask(), QUEUE_MS)];
	signal.addEventListener('abort', () => timers.forEach(clearInterval));
	/*
	 * A job that has ended has no stream. It may have been submitted again while the page was
	 * hidden.
	 */
	document.addEventListener('visibilitychange', () => hasEnded(job) && ask(), { signal });
}
