// @ts-check
/* Says that a form has what was entered before, and offers to forget it. */
import { h } from '../dom.js';
import { dropDraft } from './draft.js';

const NAMES = 20; // of lost files that are told

/**
 * @param {string} name of the draft
 * @param {import('./draft.js').Draft|null} kept
 * @param {{navigate: (path: string) => void}} route
 * @returns {HTMLElement|null} null: nothing was kept
 */
export function keptNote(name, kept, { navigate }) {
	if (!kept) {
		return null;
	}
	const lost = kept.lost.length === 0 ? ''
		: `Choose these files again: ${kept.lost.slice(0, NAMES).join(', ')}${
			kept.lost.length > NAMES ? ' and others' : ''}. `;

	return h('p', { class: 'note' }, `What you had entered here is still there. ${lost}`,
		h('button', { type: 'button', onclick: () => {
			dropDraft(name);
			navigate(location.pathname + location.search);
		} }, 'Start afresh'));
}
