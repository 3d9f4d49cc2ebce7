// @ts-check
/* Makes folders of the names of files. */

/** @typedef {{name: string, size: number, sha256: string}} File */
/**
 * @typedef {{name: string, size: number, count: number, folders: Folder[], files: File[]}} Folder
 */

/** @param {string} name @returns {Folder} */
function folder(name) {
	return { name, size: 0, count: 0, folders: [], files: [] };
}

/** Returns the last part of a name. @param {string} name */
export function baseName(name) {
	return name.slice(name.lastIndexOf('/') + 1);
}

/**
 * Returns the top folder. Folders and files are in the order of their names, with numbers as
 * numbers.
 * @param {File[]} files
 */
export function makeTree(files) {
	const top = folder('');
	const known = new Map([['', top]]);
	const order = new Intl.Collator('en', { numeric: true });

	/** @param {string} path @returns {Folder} */
	function find(path) {
		let found = known.get(path);
		if (!found) {
			found = folder(baseName(path));
			known.set(path, found);
			find(path.includes('/')
				? path.slice(0, path.lastIndexOf('/')) : '').folders.push(found);
		}
		return found;
	}
	for (const file of files) {
		const parts = file.name.split('/').slice(0, -1);
		find(parts.join('/')).files.push(file);
		for (let depth = 0; depth <= parts.length; depth++) {
			const parent = find(parts.slice(0, depth).join('/'));
			parent.size += file.size;
			parent.count++;
		}
	}
	for (const each of known.values()) {
		each.folders.sort((a, b) => order.compare(a.name, b.name));
		each.files.sort((a, b) => order.compare(a.name, b.name));
	}
	return top;
}

/** How a file is shown, by the end of its name.
 * @param {string} name
 * @returns {'picture' | 'table' | 'json' | 'page' | 'text'} */
export function kindOf(name) {
	const end = /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? '';

	if (/^(png|jpe?g|gif|webp|svg|avif)$/.test(end)) {
		return 'picture';
	}
	if (/^(csv|tsv)$/.test(end)) {
		return 'table';
	}
	return end === 'json' ? 'json' : /^(html?|pdf)$/.test(end) ? 'page' : 'text';
}
