// @ts-check
/* The inputs of a job that is run again: the server has them, and some may be left out. */
import { h } from '../dom.js';
import { bytes, plural } from '../format.js';

const MOST = 500; /* more check marks help nobody, and the page must not freeze */

/**
 * Shows the first files, each with a check mark. The others are taken over.
 * @param {{name: string, size: number}[]} attachments
 * @param {string[]} removed names without a mark
 * @param {() => void} onChange
 * @returns {{element: HTMLElement|null, removed: () => string[]}} `removed`: names without a mark
 */
export function oldInputs(attachments, removed, onChange) {
	const listed = attachments.slice(0, MOST);
	const rest = attachments.length - listed.length;
	const boxes = listed.map(({ name }) =>
		h('input', { type: 'checkbox', checked: !removed.includes(name), value: name }));
	const rows = listed.map(({ name, size }, i) => h('li', {},
		h('label', {}, boxes[i], ' ', h('span', { class: 'mono' }, name)),
		h('span', { class: 'muted' }, bytes(size))));
	const element = attachments.length === 0 ? null
		: h('fieldset', { class: 'field', onchange: onChange },
			h('legend', {}, 'Input files of that job'),
			h('p', { class: 'hint' },
				'The server has them. Those without a mark are left out.'),
			h('ul', { class: 'file-list' }, rows),
			rest > 0 && h('p', { class: 'hint' }, `${plural(rest, 'more file')}, ` +
				'all taken over. kabuto rerun --remove leaves some out.'));

	return { element,
		removed: () => boxes.filter((box) => !box.checked).map((box) => box.value) };
}
