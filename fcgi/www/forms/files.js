// @ts-check
/*
 * The files of a form: dropped, chosen, listed with their paths and sizes, and checked against the
 * account's limits before anything is sent.
 */
import { h, replace } from '../dom.js';
import { bytes, count, plural } from '../format.js';
import { readChosen, readDropped } from './drop.js';
import { uniqueId } from './field.js';

/** @typedef {import('./drop.js').Picked} Picked */
/** @typedef {import('./field.js').Field} Field */

const SHOWN = 100;
const byName = new Intl.Collator('en', { numeric: true });

/**
 * @param {string} path
 * @returns {string|null} what is wrong with it (the rules are the server's); null: nothing
 */
function pathError(path) {
	const parts = path.split('/');
	if (/[\x00-\x1f\x7f]/.test(path)) {
		return 'its name has a control character: rename it';
	}
	if (parts.some((part) => part === '' || part === '.' || part === '..')) {
		return 'its path has an empty part, . or ..: rename it';
	}
	if (parts.some((part) => new TextEncoder().encode(part).length > 255)) {
		return 'a part of its path has more than 255 bytes: rename it';
	}
	return null;
}

/**
 * @typedef {Field & {files: () => Picked[], put: (files: Picked[]) => void,
 *     limit: (limits: {file: number, request: number, room: number}) => void, check: () =>
 *     string|null, lock: (locked: boolean) => void}} FilesField
 */

/**
 * @param {string} label
 * @param {object} options
 * @param {any} options.hint
 * @param {string} options.drop the words in the place to drop files
 * @param {Node} options.page files may be dropped anywhere on it
 * @param {AbortSignal} options.signal
 * @param {() => void} [options.onChange]
 * @param {(files: Picked[]) => Promise<Picked[]>} [options.adapt] changes what was added
 * @returns {FilesField}
 */
export function filesField(label, { hint, drop, page, signal, onChange, adapt }) {
	/** @type {Map<string, File>} */
	const chosen = new Map();
	const labelId = uniqueId();
	const single = fileInput(false), folder = fileInput(true);
	const browse = h('button', { type: 'button', onclick: () => single.click() },
		'Choose files');
	const browseFolder = h('button', { type: 'button', onclick: () => folder.click() },
		'Choose a folder');
	const zone = h('div', { class: 'drop-zone' }, h('p', {}, drop), browse, browseFolder,
		single, folder);
	const summary = h('p', { class: 'muted', role: 'status' });
	const list = h('ul', { class: 'file-list' });
	const error = h('p', { class: 'field-error', role: 'alert', hidden: true });
	const element = h('div', { class: 'field', role: 'group', 'aria-labelledby': labelId },
		h('span', { class: 'field-label', id: labelId }, label), zone,
		h('p', { class: 'hint' }, hint), summary, error, list);
	let limits = { file: Infinity, request: Infinity, room: Infinity }, all = false,
		locked = false;

	/** @param {boolean} folders */
	function fileInput(folders) {
		const input = /** @type {HTMLInputElement} */ (h('input', {
			type: 'file', hidden: true, multiple: true, tabindex: -1,
			'aria-label': folders ? 'A folder' : 'Files' }));
		input.webkitdirectory = folders;
		input.addEventListener('change', () => {
			const found = readChosen(/** @type {FileList} */ (input.files));
			add(found);
			input.value = '';
		});
		return input;
	}

	const fail = (/** @type {string|null} */ text) => {
		error.textContent = text || '';
		error.hidden = !text;
		element.classList.toggle('has-error', !!text);
	};

	/**
	 * @param {string} path
	 * @param {File} file
	 * @returns {string|null}
	 */
	const fileError = (path, file) => file.size > limits.file
		? `it has ${bytes(file.size)}; a file may have ${bytes(limits.file)} at most`
		: pathError(path);

	const total = () => [...chosen.values()].reduce((sum, file) => sum + file.size, 0);

	/** Shows the files; wrong ones first, so that they are not hidden behind 10,000 others. */
	function draw() {
		const rows = Array.from(chosen, ([path, file]) =>
			({ path, file, wrong: fileError(path, file) }));
		rows.sort((a, b) => Number(b.wrong !== null) - Number(a.wrong !== null) ||
			byName.compare(a.path, b.path));
		const shown = all ? rows : rows.slice(0, SHOWN), rest = rows.length - shown.length;

		summary.textContent = rows.length === 0 ? ''
			: `${plural(rows.length, 'file')}, ${bytes(total())}`;
		replace(list, ...shown.map(({ path, file, wrong }) => h('li',
			{ class: wrong ? 'bad' : '' }, h('span', { class: 'mono' }, path),
			h('span', { class: 'muted', title: `${count(file.size)} bytes` },
				bytes(file.size)),
			h('button', { type: 'button', 'aria-label': `Remove ${path}`,
				disabled: locked, onclick: () => removeFile(path) }, '✕'),
			wrong && h('span', { class: 'field-error' },
				`This file cannot be sent: ${wrong}.`))));
		if (rest > 0) {
			list.append(h('li', {}, h('button', { type: 'button', onclick: () => {
				all = true;
				draw();
			} }, `Show ${count(rest)} more`)));
		}
		if (rows.length > 1) {
			list.append(h('li', {},
				h('button', { type: 'button', disabled: locked, onclick: () => {
					chosen.clear();
					changed();
					browse.focus();
				} }, 'Remove all files')));
		}
	}

	const changed = () => {
		fail(null);
		draw();
		onChange?.();
	};

	/** @param {string} path */
	function removeFile(path) {
		const at = [...list.children].findIndex((row) =>
			row.querySelector('.mono')?.textContent === path);
		chosen.delete(path);
		changed();
		const next = list.children[Math.min(at, chosen.size - 1)];
		(/** @type {HTMLElement|null} */ (next?.querySelector('button')) || browse).focus();
	}

	/** @param {import('./drop.js').Found} found */
	async function add(found) {
		if (locked) {
			return;
		}
		const files = adapt ? await adapt(found.files) : found.files;
		for (const { path, file } of files) {
			chosen.set(path, file);
		}
		changed();
		const words = [];
		if (found.unreadable.length > 0) {
			const names = found.unreadable.slice(0, 5).join(', ');
			words.push(`The browser cannot read ${names}: ` +
				'check that it may be read, then add it again.');
		}
		if (found.empty.length > 0) {
			const names = found.empty.slice(0, 5).join(', ');
			words.push(`Folders without files are left out: ${names}.`);
		}
		if (words.length > 0) {
			fail(words.join(' '));
		}
	}

	const hasFiles = (/** @type {DragEvent} */ event) =>
		event.dataTransfer?.types.includes('Files') ?? false;
	page.addEventListener('dragover', (event) => {
		if (!hasFiles(/** @type {DragEvent} */ (event))) {
			return;
		}
		event.preventDefault();
		zone.classList.add('over');
	}, { signal });
	page.addEventListener('dragleave', () => zone.classList.remove('over'), { signal });
	page.addEventListener('drop', async (event) => {
		const drag = /** @type {DragEvent} */ (event);
		zone.classList.remove('over');
		if (!hasFiles(drag) || !drag.dataTransfer) {
			return;
		}
		event.preventDefault();
		summary.textContent = 'Reading what was dropped …';
		await add(await readDropped(drag.dataTransfer));
	}, { signal });

	return {
		element, input: browse, fail,
		value: () => [...chosen.keys()],
		set: () => {
		},
		files: () => Array.from(chosen, ([path, file]) => ({ path, file })),
		put: (files) => {
			chosen.clear();
			for (const { path, file } of files) {
				chosen.set(path, file);
			}
			draw();
		},
		limit: (given) => {
			limits = given; draw();
		},
		check: () => {
			const wrong = [...chosen].find(([path, file]) => fileError(path, file));
			if (wrong) {
				return `${wrong[0]}: ${fileError(...wrong)}`;
			}
			if (total() > limits.request) {
				return `All files together have ${bytes(total())}; a request may ` +
					`have ${bytes(limits.request)} at most. Remove some.`;
			}
			return total() <= limits.room ? null
				: `All files together have ${bytes(total())}, but your storage ` +
					`has room for ${bytes(Math.max(limits.room, 0))} only. ` +
					'Delete old jobs first.';
		},
		lock: (value) => {
			locked = value;
			for (const button of element.querySelectorAll('button')) {
				button.disabled = value;
			}
		},
	};
}
