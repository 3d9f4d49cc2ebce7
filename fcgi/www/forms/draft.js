// @ts-check
/*
 * Keeps what a person has entered in a form until it is sent: over a log-in, the back button, and
 * as far as a browser can, a reload. Files stay in memory only; of those, a reload keeps the names.
 * A draft belongs to one account: nobody else who logs in in the same tab gets it.
 */

/**
 * @typedef {object} Draft
 * @property {number} account the id of its account
 * @property {Record<string, any>} values what the form's fields have
 * @property {import('./drop.js').Picked[]} files
 * @property {string[]} lost names of files that a reload has lost
 * @property {string} key the Idempotency-Key of the next call
 * @property {number} [added] the job that was added, but could not be started
 */

/** @type {Map<string, Draft>} */
const drafts = new Map();
const PREFIX = 'kabuto.draft.';

/** @returns {string} a key that no other call has */
export function newKey() {
	const bytes = crypto.getRandomValues(new Uint8Array(16));
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {string} name of the form
 * @param {number} account
 * @returns {Draft|null} what was kept, if anything
 */
export function loadDraft(name, account) {
	const kept = drafts.get(name);

	if (kept) {
		return kept.account === account ? kept : null;
	}
	try {
		const stored = JSON.parse(sessionStorage.getItem(PREFIX + name) || 'null');
		if (stored && stored.account === account && stored.values) {
			return { account, values: stored.values, files: [],
				lost: stored.files || [], key: stored.key || newKey() };
		}
	} catch {
		/* Storage is switched off, or another program wrote there: there is no draft. */
	}
	return null;
}

/**
 * @param {string} name
 * @param {Draft} draft
 */
export function keepDraft(name, draft) {
	drafts.set(name, draft);
	try {
		const files = draft.files.slice(0, 100).map((picked) => picked.path)
			.concat(draft.lost);
		sessionStorage.setItem(PREFIX + name, JSON.stringify({ account: draft.account,
			values: draft.values, key: draft.key, files }));
	} catch {
		/* Storage is full or switched off: the draft still lives in memory. */
	}
}

/** @param {string} name */
export function dropDraft(name) {
	drafts.delete(name);
	try {
		sessionStorage.removeItem(PREFIX + name);
	} catch {
		/* Nothing was stored. */
	}
}

/** Forgets all drafts: the person has logged out. */
export function dropDrafts() {
	for (const name of [...drafts.keys()]) {
		dropDraft(name);
	}
	try {
		for (const name of Object.keys(sessionStorage)) {
			if (name.startsWith(PREFIX)) {
				sessionStorage.removeItem(name);
			}
		}
	} catch {
		/* Nothing was stored. */
	}
}
