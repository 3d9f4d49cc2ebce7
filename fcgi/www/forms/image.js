// @ts-check
/*
 * The form of an image: a Dockerfile with its files, or a repository. It begins a build, of a new
 * image (POST) or of one that is there (PUT).
 */
import { ApiError, curl, get } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes } from '../format.js';
import { curlButton } from '../widgets.js';
import { dropDraft, keepDraft, loadDraft, newKey } from './draft.js';
import { commonFolder } from './drop.js';
import { checkField, choiceField, clearErrors, codeField, failField, textField } from './field.js';
import { filesField } from './files.js';
import { keptNote } from './keptnote.js';
import { pairsField } from './pairs.js';
import { explainError, sender } from './send.js';

const NOT_KEPT = 'Those of the last build are not kept: add them again.';

/** @typedef {import('./field.js').Field} Field */
/** @typedef {import('./drop.js').Picked} Picked */

const EXAMPLE = 'FROM python:3.12-slim\nRUN pip install numpy\nCOPY . /app\n';

/**
 * @param {string} dockerfile
 * @returns {string} the first line that copies files of the context; '' if there is none
 */
export function copyLine(dockerfile) {
	return dockerfile.split('\n').map((line) => line.trim()).find((line) =>
		/^(copy|add)\s/i.test(line) && !/--from=/.test(line) &&
			!/\s(https?|git):/i.test(line) &&
		!/<</.test(line)) ?? '';
}

/**
 * Takes what was dropped as a build's context: paths begin below the one folder that holds all,
 * and a Dockerfile at the top becomes the text, where it can be edited.
 * @param {Picked[]} files
 * @param {Field} dockerfile
 * @returns {Promise<Picked[]>} the files of the context
 */
async function adaptContext(files, dockerfile) {
	const folder = commonFolder(files.map(({ path }) => path));
	const context = folder === '' ? files
		: files.map(({ path, file }) => ({ path: path.slice(folder.length + 1), file }));
	const found = context.find(({ path }) => path === 'Dockerfile');

	if (found) {
		dockerfile.set((await found.file.text()).replace(/\r\n/g, '\n'));
		dockerfile.fail(null);
	}
	return context.filter((picked) => picked !== found);
}

/**
 * @param {{page: HTMLElement, signal: AbortSignal, account: any, changed: () => void}} options
 */
function imageFields({ page, signal, account, changed }) {
	const name = textField('Name', { placeholder: 'such as analysis' });
	const source = choiceField('Made from', [['dockerfile', 'a Dockerfile and files'],
		['repo', 'a Git or Mercurial repository with a Dockerfile']]);
	const dockerfile = codeField('Dockerfile', { rows: 12, tab: true, placeholder: EXAMPLE });
	const files = filesField('Files of the build', { page, signal, onChange: changed,
		drop: 'Drop the files that the Dockerfile copies anywhere on this page, or',
		hint: ['COPY and ADD find them by these paths. Of one folder that holds all, the ' +
			'content is ',
			'taken; a Dockerfile in it is shown above. A file may have ',
			`${bytes(account.limits.file)}.`],
		adapt: (picked) => adaptContext(picked, dockerfile) });
	const repo = textField('Address of the repository', { type: 'url',
		placeholder: `${location.protocol}//example.org/project.git`,
		hint: 'With git+ or hg+ before it where the address does not tell which of both ' +
			'it is.' });
	const args = pairsField('Build arguments', { word: 'build argument',
		hint: 'For ARG in the Dockerfile. They are shown to whoever may use the image: ' +
			'no passwords.' });
	const nocache = checkField('Build without the cache',
		{ hint: 'Runs each step again, for instance to get newer packages.' });
	/** @type {Record<string, Field>} */
	const fields = { name, source, dockerfile, repo_url: repo, build_arg: args, nocache };
	const note = h('p', { class: 'hint', role: 'status' });

	files.limit({ file: account.limits.file, request: account.limits.request, room: Infinity });
	return { files, fields, note };
}

/**
 * Shows the form in an element of the page.
 * @param {HTMLElement} place
 * @param {object} options
 * @param {HTMLElement} options.page
 * @param {any} options.route
 * @param {any} options.image the image that is built again; null: a new one
 * @param {Record<string, any>} [options.start] values to begin with
 */
export async function showImageForm(place, { page, route, image, start }) {
	const signal = route.signal;
	const account = await get('/account', { signal });
	const name = image ? `image.${image.id}` : 'image';
	const kept = loadDraft(name, account.id);
	const draft = kept ?? { account: account.id, values: /** @type {any} */ ({}), files: [],
		lost: [], key: newKey() };
	const form = imageFields({ page, signal, account, changed: () => changed() });
	const { files, fields, note } = form;
	const first = kept?.values ?? { name: image?.name, dockerfile: image?.dockerfile ?? '',
		build_arg: image?.build_arg ?? [], ...start };
	const isRepo = () => fields.source.value() === 'repo';

	/** Shows what belongs to the source, and warns of missing files. */
	function draw() {
		const repo = isRepo(), copies = copyLine(fields.dockerfile.value());
		fields.dockerfile.element.hidden = files.element.hidden = repo;
		fields.repo_url.element.hidden = !repo;
		note.textContent = !repo && copies && files.files().length === 0
			? `The Dockerfile copies files (“${copies.slice(0, 80)}”), but none are ` +
				`here. ${image ? NOT_KEPT : 'Add them above.'}` : '';
	}

	/** Keeps the draft. */
	function changed() {
		const values = Object.fromEntries(Object.entries(fields)
			.map(([key, field]) => [key, field.value()]));
		const chosen = files.value();
		Object.assign(draft, { values, files: files.files(),
			lost: draft.lost.filter((path) => !chosen.includes(path)) });
		keepDraft(name, draft);
		draw();
	}

	/** @returns {FormData} */
	function data() {
		const all = new FormData();
		if (!image || fields.name.value().trim() !== image.name) {
			all.append('name', fields.name.value().trim());
		}
		if (isRepo()) {
			all.append('repo_url', fields.repo_url.value().trim());
		} else {
			all.append('dockerfile', fields.dockerfile.value());
			files.files().forEach(
				({ path, file }) => all.append('attachments', file, path));
		}
		fields.build_arg.value().forEach(
			(/** @type {string} */ pair) => all.append('build_arg', pair));
		if (fields.nocache.value()) {
			all.append('nocache', 'true');
		}
		return all;
	}

	/** @returns {boolean} */
	function check() {
		const wrongFile = isRepo() ? null : files.check();
		clearErrors({ ...fields, files });
		if (wrongFile) {
			return !failField({ files }, `files: ${wrongFile}`);
		}
		const required = isRepo() ? 'repo_url' : 'dockerfile';
		for (const field of [required, ...(image ? [] : ['name'])]) {
			if (fields[field].value().trim() === '') {
				return !failField(fields, `${field}: Must not be empty.`);
			}
		}
		return true;
	}

	const method = image ? 'PUT' : 'POST', path = image ? `/image/${image.id}` : '/image';
	const lines = h('div', { role: 'status' });
	const element = /** @type {HTMLFormElement} */ (h('form', { class: 'form', novalidate: true,
		oninput: changed, onchange: changed }));
	const send = sender(image ? 'Build again' : 'Build', { form: element, signal,
		run: async () => {
			if (!check()) {
				return;
			}
			files.lock(true);
			try {
				// PUT has none
				const key = method === 'POST' ? `${draft.key}-image` : '';
				changed();
				const { build_id: build } = await send.send(method, path,
					data(), key);
				keepForBuild(build);
				if (!signal.aborted) {
					route.navigate(`/ui/build/${build}`);
				}
			} catch (error) {
				const words = await explainError(error, files.files());
				if (!(error instanceof ApiError &&
					failField({ ...fields, attachments: files }, words))) {
					send.fail(words);
				}
			} finally {
				files.lock(false);
			}
		},
		beside: curlButton(() => curl(method, path, data()), lines) });

	/**
	 * The build's page offers to edit what was sent, if the build fails.
	 * @param {string} build
	 */
	function keepForBuild(build) {
		keepDraft(`build.${build}`, { ...draft, key: newKey(), values: draft.values });
		dropDraft(name);
	}

	for (const [key, field] of Object.entries(fields)) {
		if (first[key] !== undefined && first[key] !== null) {
			field.set(first[key]);
		}
	}
	files.put(draft.files);
	replace(element, fields.name.element, fields.source.element, fields.dockerfile.element,
		files.element, fields.repo_url.element, note, fields.build_arg.element,
		fields.nocache.element, send.element, lines);
	replace(place, keptNote(name, kept, route), element);
	draw();
}
