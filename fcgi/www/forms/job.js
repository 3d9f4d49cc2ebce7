// @ts-check
/*
 * The form of a job: its fields, what they send, and the calls that make the job and start it.
 */
import { ApiError, get, post, remove } from '../api.js';
import { h } from '../dom.js';
import { bytes, count } from '../format.js';
import { newKey } from './draft.js';
import { checkField, codeField, textField } from './field.js';
import { filesField } from './files.js';
import { jobOptions, optionFields, optionValues } from './options.js';
import { pickerField } from './picker.js';

/** @typedef {import('./field.js').Field} Field */
/** @typedef {Record<string, any>} Job as GET answers it */

const NAME_MOST = 60; // characters of a pipeline's name that is made from a command

/**
 * @param {{page: HTMLElement, signal: AbortSignal, account: any, old: Job|null,
 *     onChange: () => void}} options old: the job that is run again
 */
export function jobFields({ page, signal, account, old, onChange }) {
	const { file, request, storage } = account.limits;
	const files = filesField(old ? 'More input files' : 'Input files', {
		page, signal, onChange,
		drop: 'Drop files and folders anywhere on this page, or',
		hint: ['The job finds them in ', h('code', {}, '/inbox'), ', with their folders. ',
			`A file may have ${bytes(file)}, all together ${bytes(request)}.`,
			storage === null ? '' : ` ${bytes(account.used.storage)} of your ` +
				`${bytes(storage)} are used.`,
			old ? ' A file of the same path replaces the old one.' : ''],
	});
	const image = pickerField('Image', {
		path: '/image', signal, onChange, none: 'Search by name',
		nothing: 'No image has this name.',
		hint: ['What the job runs in. None fits? ', h('a', { href: '/ui/image/new' },
			'Build an image'), '; what you entered here stays.'],
	});
	const command = codeField('Command', {
		placeholder: 'python3 /inbox/main.py --out /outbox',
		hint: ['A shell line, or a JSON list of arguments. Results go to ',
			h('code', {}, '/outbox'), '. Empty: the image’s own command.'],
	});
	const pipeline = pickerField('Pipeline', {
		path: '/pipeline', signal, none: 'A new one, named after the job',
		nothing: 'No pipeline has this name.',
		hint: 'The jobs of a pipeline start in their order.',
		onChange: (item) => {
			const others = item?.jobs?.length ?? 0;
			submit.set(others === 0);
			note.textContent = others === 0 ? ''
				: `Starts all jobs of the pipeline: its other ${count(others)} ` +
					'run again if they have ended. Otherwise the job is ' +
					'only added.';
			onChange();
		},
	});
	const note = h('span');
	const submit = checkField('Start it at once', { hint: note });
	const options = optionFields(old ? 'as before' : 'the server’s default');
	/** @type {Record<string, Field>} */
	const fields = { image_id: image, command, name: textField('Name', {
		hint: 'For you to find it again.', placeholder: 'such as monthly report' }),
	...options };

	submit.set(true);
	files.limit({ file, request,
		room: storage === null ? Infinity : storage - account.used.storage });
	return { files, image, pipeline, submit, options, fields };
}

/** @typedef {ReturnType<typeof jobFields>} JobFields */

/**
 * @param {JobFields} form
 * @returns {Record<string, any>} what was entered, but no files
 */
export function entered({ fields, image, pipeline, submit }) {
	/** @type {Record<string, any>} */
	const values = { image: image.item(), pipeline: pipeline.item(), submit: submit.value() };

	for (const [name, field] of Object.entries(fields)) {
		values[name] = field.value();
	}
	return values;
}

/**
 * @param {JobFields} form
 * @param {Record<string, any>} values
 */
export function enter(form, values) {
	for (const [name, field] of Object.entries(form.fields)) {
		if (name !== 'image_id' && values[name] !== undefined) {
			field.set(values[name]);
		}
	}
	if (values.image) {
		form.image.choose(values.image);
	}
	if (values.pipeline) {
		form.pipeline.choose(values.pipeline);
	}
	form.submit.set(values.submit !== false);
}

/**
 * @param {Job} job
 * @returns {Record<string, any>} the values of its fields
 */
export function jobValues(job) {
	return { ...optionValues(job), command: job.command ?? '', name: job.name ?? '',
		image_id: job.image.id };
}

/**
 * @param {JobFields} form
 * @param {Record<string, any>|null} former the values of the job that is run again: only what has
 *     changed is sent
 * @returns {FormData}
 */
export function formData({ fields, files }, former) {
	const data = new FormData();

	for (const [name, field] of Object.entries(fields)) {
		const value = name === 'env' || name === 'command' ? field.value()
			: typeof field.value() === 'string' ? field.value().trim() : field.value();
		const same = former && JSON.stringify(value) === JSON.stringify(former[name]);
		const numeric = jobOptions.some((option) => option.name === name &&
			(option.form || option.choices) && name !== 'workdir');
		if (same || value === null || (value === '' && (!former || numeric)) ||
			(!former && name === 'stderr' && value === 'separate')) {
			continue;
		}
		for (const one of !Array.isArray(value) ? [value] : former && value.length === 0
			? ['{}'] : value) {
			data.append(name, String(one));
		}
	}
	for (const { path, file } of files.files()) {
		data.append('attachments', file, path);
	}
	return data;
}

/**
 * @param {Record<string, any>} values
 * @returns {string} the name of a new pipeline
 */
export function pipelineName(values) {
	const line = values.command.trim().split('\n')[0];
	const name = values.name.trim() || line || values.image?.name || 'job';

	return name.length > NAME_MOST ? `${name.slice(0, NAME_MOST - 1)}…` : name;
}

/**
 * Adds the job to a new pipeline, or to the chosen one, and submits it. Each call has a key made
 * from the draft's, so that it may be repeated after a cut. If the server refuses the job, the new
 * pipeline is removed again.
 * @param {import('./draft.js').Draft} draft
 * @param {FormData} data
 * @param {import('./send.js').Sender} send
 * @returns {Promise<number>} the job's id
 */
export async function createJob(draft, data, send) {
	const { values } = draft;
	const headers = (/** @type {string} */ call) =>
		({ 'Idempotency-Key': `${draft.key}-${call}` });

	if (!values.pipeline && !values.made) {
		send.say('Making a pipeline …');
		values.made = (await post('/pipeline', { name: pipelineName(values) },
			{ headers: headers('pipeline') })).id;
	}
	const path = `/pipeline/${values.pipeline?.id ?? values.made}`;
	try {
		draft.added ??= (await send.send('POST', `${path}/job`, data,
			`${draft.key}-job`)).id;
	} catch (error) {
		if (values.made && (!(error instanceof ApiError) || error.status !== 0)) {
			values.made = null;
			draft.key = newKey();
			remove(path).catch(() => {
			});
		}
		throw error;
	}
	if (values.submit) {
		send.say('Starting the job …');
		await post(`${path}/submit`, {}, { headers: headers('submit') }).catch((error) => {
			error.message = `Job ${draft.added} was added, but could not be started: ` +
				`${error.message} Press the button again to start it.`;
			throw error;
		});
	}
	return /** @type {number} */ (draft.added);
}

/**
 * @param {number} id
 * @param {AbortSignal} signal
 * @returns {Promise<Job>} throws an ApiError 404 if there is no such job
 */
export async function findJob(id, signal) {
	const jobs = await get(`/jobs?after=${id - 1}&limit=1`, { signal });

	if (!jobs[id]) {
		throw new ApiError(404, 'Job not found');
	}
	return jobs[id];
}
