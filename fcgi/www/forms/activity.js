// @ts-check
/* The audit trail in words: who did what, with which object, and from where. */
import { h } from '../dom.js';
import { time } from '../format.js';
import { table } from '../widgets.js';

/** The words for each action. @type {Record<string, string>} */
const ACTIONS = {
	register: 'registered', confirm: 'confirmed the account', login: 'logged in',
	login_failed: 'a log-in failed', logout: 'logged out',
	password_change: 'changed the password',
	token_create: 'made an API token', token_delete: 'deleted an API token',
	image_create: 'began to build a new image', image_update: 'built an image again',
	image_delete: 'deleted an image', build_cancel: 'cancelled a build',
	pipeline_create: 'made a pipeline', pipeline_update: 'changed a pipeline',
	pipeline_delete: 'deleted a pipeline', pipeline_cancel: 'cancelled the jobs of a pipeline',
	pipeline_submit: 'submitted a pipeline', pipeline_rerun: 'ran jobs of a pipeline again',
	job_create: 'added a job', job_update: 'changed a job', job_delete: 'deleted a job',
	job_kill: 'killed a job', job_download: 'downloaded results', job_rerun: 'ran a job again',
	job_view: 'opened results in the browser',
};

/** Pages of objects, by the first word of the action. @type {Record<string, string>} */
const PAGES = { job: 'job', pipeline: 'pipeline', image: 'image', build: 'build' };

/** @param {any} event @returns {Node|string} */
function objectLink({ action, object }) {
	const kind = action.split('_')[0], page = PAGES[kind];

	if (object === null) {
		return '';
	}
	return page && !action.endsWith('_delete')
		? h('a', { href: `/ui/${page}/${object}` }, `${kind} ${object}`)
		: `${kind} ${object}`;
}

/** @param {any} account who looks at it */
export function activityTable(account) {
	return table([
		{ title: 'When', class: 'tight', cell: (event) => time(event.time) },
		{ title: 'Who', class: 'tight', cell: (event) => event.login },
		{ title: 'What', cell: (event) => ACTIONS[event.action] ??
			event.action.replaceAll('_', ' ') },
		{ title: 'Object', class: 'tight', cell: objectLink },
		{ title: 'With', class: 'tight', cell: (event) => event.token === null ? ''
			: event.account === account.id || account.admin ? `token ${event.token}`
				: 'a token' },
		{ title: 'From', class: 'tight', cell: (event) => event.address },
	], []);
}
