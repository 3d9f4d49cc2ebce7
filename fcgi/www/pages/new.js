// @ts-check
/*
 * A new job: files, image, command, options; sent with its progress, then started. With `?from=`
 * another job's values are filled in, and the form is the call that runs that job again.
 */
import { ApiError, curl, get } from '../api.js';
import { h, replace } from '../dom.js';
import { dropDraft, keepDraft, loadDraft, newKey } from '../forms/draft.js';
import { clearErrors, failField } from '../forms/field.js';
import {
	createJob, enter, entered, findJob, formData, jobFields, jobValues, pipelineName,
} from '../forms/job.js';
import { keptNote } from '../forms/keptnote.js';
import { oldInputs } from '../forms/oldinputs.js';
import { checkOptions } from '../forms/options.js';
import { explainError, sender } from '../forms/send.js';
import { curlButton, errorBox } from '../widgets.js';

/** @typedef {import('../forms/job.js').JobFields} JobFields */

/**
 * Checks what can be known without the server, and shows what is wrong.
 * @param {JobFields} form
 * @param {Record<string, any>|null} former
 * @returns {boolean} whether the form may be sent
 */
function check(form, former) {
	const { fields, files, image, pipeline } = form;
	const wrong = checkOptions(fields);
	let right = true;

	clearErrors({ ...fields, files, pipeline });
	for (const [name, words] of Object.entries(wrong).reverse()) {
		right = !failField(fields, `${name}: ${words}`);
	}
	if (pipeline.value() === null &&
		/** @type {HTMLInputElement} */ (pipeline.input).value !== '') {
		right = !failField({ pipeline },
			'pipeline: Choose one of the list, or leave it empty.');
	}
	if (image.value() === null) {
		right = !failField(fields, 'image_id: Choose an image of the list.');
	}
	const trouble = files.check();
	return trouble ? !failField({ files }, `files: ${trouble}`) : right;
}

/**
 * The calls of the form as lines for a shell.
 * @param {JobFields} form
 * @param {any} old
 * @param {FormData} data
 */
function curlLines(form, old, data) {
	const values = entered(form);

	if (old) {
		return curl('POST', `/pipeline/${old.pipeline.id}/job/${old.id}/rerun`, data);
	}
	const pipeline = values.pipeline ? values.pipeline.id : 'PIPELINE';
	const lines = [curl('POST', `/pipeline/${pipeline}/job`, data)];
	if (!values.pipeline) {
		lines.unshift(curl('POST', '/pipeline', { name: pipelineName(values) }),
			'# write the id of this answer in place of PIPELINE:');
	}
	if (values.submit) {
		lines.push(curl('POST', `/pipeline/${pipeline}/submit`));
	}
	return lines.join('\n');
}

/**
 * @param {any} route
 * @param {any} old
 * @param {JobFields} form
 * @param {import('../forms/draft.js').Draft|null} draft
 */
async function prefill(route, old, form, draft) {
	const image = old ? old.image.id : route.query.get('image');
	const pipeline = route.query.get('pipeline');
	const find = (/** @type {string} */ path, /** @type {any} */ id) =>
		get(`${path}/${encodeURIComponent(id)}`, { signal: route.signal })
			.then((answer) => answer[id] ?? null, () => null);

	if (old) {
		enter(form, jobValues(old));
	}
	if (draft) {
		enter(form, draft.values);
		form.files.put(draft.files);
	}
	if (image && !(draft?.values.image && draft.values.search === location.search)) {
		const found = await find('/image', image);
		form.image.choose(found);
		if (!found) {
			form.image.fail(`There is no image ${image} any more. Choose another one.`);
		}
	}
	if (pipeline && draft?.values.search !== location.search) {
		form.pipeline.choose(await find('/pipeline', pipeline));
	}
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const from = Number(route.query.get('from')) || null;
	const name = from ? `new.${from}` : 'new';
	const signal = route.signal;
	let account, old = null;

	route.title(from ? `Copy of job ${from}` : 'New job');
	try {
		[account, old] = await Promise.all([get('/account', { signal }),
			from ? findJob(from, signal) : null]);
	} catch (error) {
		if (!signal.aborted) {
			replace(main, h('h1', {}, 'New job'), errorBox(error));
		}
		return;
	}

	const kept = loadDraft(name, account.id);
	/** @type {import('../forms/draft.js').Draft} */
	const draft = kept ?? { account: account.id, values: {}, files: [], lost: [],
		key: newKey() };
	const former = old ? jobValues(old) : null;
	let ready = false;
	const keep = () => {
		if (!ready) {
			return;
		}
		const values = { ...entered(form), removed: inputs.removed(),
			made: draft.values.made, search: location.search };
		const chosen = form.files.value();
		Object.assign(draft, { values, files: form.files.files(),
			lost: draft.lost.filter((path) => !chosen.includes(path)) });
		keepDraft(name, draft);
	};
	const edited = () => {
		delete draft.added; // what is sent now is another job
		keep();
	};
	const form = jobFields({ page: main, signal, account, old, onChange: edited });
	const inputs = oldInputs(old?.attachments ?? [], draft.values.removed ?? [], edited);

	const data = () => {
		const all = formData(form, former);
		if (old) {
			inputs.removed().forEach((path) => all.append('remove_attachments', path));
			if (!form.submit.value()) {
				all.append('submit', 'false');
			}
		}
		return all;
	};

	const lines = h('div', { role: 'status' });
	const element = /** @type {HTMLFormElement} */ (h('form', { class: 'form', novalidate: true,
		oninput: edited, onchange: edited }));
	const send = sender('Run', { form: element, signal,
		run: async () => {
			if (!check(form, former)) {
				return;
			}
			keep();
			form.files.lock(true);
			try {
				const job = old
					? (await send.send('POST',
						`/pipeline/${old.pipeline.id}/job/${old.id}/rerun`,
						data(), `${draft.key}-rerun`)).id
					: await createJob(draft, data(), send);
				dropDraft(name);
				if (!signal.aborted) {
					route.navigate(`/ui/job/${job}`);
				}
			} catch (error) {
				await refused(error);
			} finally {
				form.files.lock(false);
			}
		},
		beside: curlButton(() => curlLines(form, old, data()), lines) });

	/** @param {unknown} error */
	async function refused(error) {
		keepDraft(name, draft);
		let words = await explainError(error, form.files.files());
		if (words.startsWith('Idempotency-Key')) {
			draft.key = newKey();
			words = 'The former try did arrive, with other values: look at your jobs ' +
				'first. To make one more job, press the button again.';
		}
		const fields = { ...form.fields, attachments: form.files };
		if (error instanceof ApiError && failField(fields, words.replace(/^Image not found/,
			'image_id: Image not found'))) {
			return;
		}
		send.fail(words);
	}

	replace(element, inputs.element, form.files.element, form.image.element,
		form.fields.command.element, form.fields.name.element,
		old ? null : form.pipeline.element,
		h('details', { class: 'form-options' },
			h('summary', {}, 'Limits and other options'),
			h('div', { class: 'form-grid' }, Object.entries(form.options)
				.filter(([option]) => option !== 'env')
					.map(([, { element }]) => element)),
			form.options.env.element),
		form.submit.element, send.element, lines);
	replace(main, h('h1', {}, old ? `Copy of job ${old.id}` : 'New job'),
		old ? h('p', {}, 'A new job in ',
			h('a', { href: `/ui/pipeline/${old.pipeline.id}` },
				old.pipeline_name),
			'. Job ', h('a', { href: `/ui/job/${old.id}` }, old.id),
			' stays as it is.') : null,
		keptNote(name, kept, route), element);
	await prefill(route, old, form, kept);
	ready = true;
}
