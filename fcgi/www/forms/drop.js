// @ts-check
/*
 * Finds the files that were dropped, pasted or chosen, with their paths: folders are read with all
 * that is in them. The paths are relative, as the server wants them.
 */

/**
 * @typedef {{path: string, file: File}} Picked
 * @typedef {{files: Picked[], empty: string[], unreadable: string[]}} Found
 *     empty: folders without files. unreadable: paths that the browser could not read.
 */

/**
 * @param {FileSystemDirectoryReader} reader
 * @returns {Promise<FileSystemEntry[]>} the next entries; none at the end
 */
function readSome(reader) {
	return new Promise((done, fail) => reader.readEntries(done, fail));
}

/**
 * Reads one entry. A folder's reader gives at most 100 entries a call (File and Directory Entries
 * API, section 7.3), so it is called until it gives none.
 * @param {FileSystemEntry} entry
 * @param {Found} found it gets the files
 */
async function readEntry(entry, found) {
	const path = entry.fullPath.replace(/^\/+/, '');

	try {
		if (entry.isFile) {
			const file = await new Promise((done, fail) =>
				/** @type {FileSystemFileEntry} */ (entry).file(done, fail));
			found.files.push({ path, file });
			return;
		}
		const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
		let count = 0, some;
		while ((some = await readSome(reader)).length > 0) {
			count += some.length;
			await Promise.all(some.map((below) => readEntry(below, found)));
		}
		if (count === 0) {
			found.empty.push(path);
		}
	} catch {
		found.unreadable.push(path);
	}
}

/**
 * Reads what was dropped. It must be called in the event's handler itself: the browser empties
 * the list of items when the handler returns.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found>}
 */
export async function readDropped(transfer) {
	/** @type {Found} */
	const found = { files: [], empty: [], unreadable: [] };
	const entries = [], plain = [];

	for (const item of transfer.items) {
		const entry = item.kind === 'file' ? item.webkitGetAsEntry() : null;
		const file = item.kind === 'file' && !entry ? item.getAsFile() : null;
		if (entry) {
			entries.push(entry);
		} else if (file) {
			plain.push(file);
		}
	}
	if (entries.length === 0 && plain.length === 0) {
		plain.push(...transfer.files);
	}
	for (const file of plain) {
		found.files.push({ path: file.name, file });
	}
	for (const entry of entries) {
		await readEntry(entry, found);
	}
	return found;
}

/**
 * @param {FileList} list of an input; with webkitdirectory each file has its path
 * @returns {Found}
 */
export function readChosen(list) {
	const files = Array.from(list, (file) =>
		({ path: file.webkitRelativePath || file.name, file }));
	return { files, empty: [], unreadable: [] };
}

/**
 * @param {string[]} paths
 * @returns {string} the folder that all paths are in, without a slash; '' if there is none
 */
export function commonFolder(paths) {
	const first = paths.length > 0 ? paths[0].split('/', 2) : [];
	const same = first.length === 2 && paths.every((path) => path.startsWith(first[0] + '/'));
	return same ? first[0] : '';
}

/**
 * Checks which files can still be read, after an upload failed: the browser does not say which
 * one was changed, moved or deleted since it was chosen.
 * @param {Picked[]} files
 * @returns {Promise<string[]>} the paths of those that cannot, at most 20
 */
export async function findUnreadable(files) {
	const bad = [];

	for (const { path, file } of files) {
		try {
			await file.slice(0, 1).arrayBuffer();
		} catch {
			bad.push(path);
			if (bad.length === 20) {
				break;
			}
		}
	}
	return bad;
}
