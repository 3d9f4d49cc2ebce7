// @ts-check
/*
 * A field that finds one of many images or pipelines: what is typed is searched by the server, and
 * the arrow keys choose (the combobox of the ARIA Authoring Practices).
 */
import { getPage } from '../api.js';
import { h } from '../dom.js';
import { uniqueId, wrapField } from './field.js';

/** @typedef {import('./field.js').Field} Field */
/** @typedef {{id: number, name: string, [key: string]: any}} Item */

const LIMIT = 20, TYPING_MS = 150;

/** @param {Item} item */
const itemText = (item) => `${item.name} (${item.id})`;

/**
 * @param {string} label
 * @param {object} options
 * @param {string} options.path of the list: "/image"
 * @param {string} options.none what an empty field means
 * @param {string} options.nothing the words if nothing is found
 * @param {any} [options.hint]
 * @param {AbortSignal} options.signal
 * @param {(item: Item|null) => void} [options.onChange]
 * @returns {Field & {item: () => Item|null, choose: (item: Item|null) => void}} its value is the
 *     chosen id; null if none is chosen
 */
export function pickerField(label, { path, none, nothing, hint, signal, onChange }) {
	const listId = uniqueId();
	const input = /** @type {HTMLInputElement} */ (h('input', { type: 'text', role: 'combobox',
		'aria-expanded': 'false', 'aria-controls': listId, 'aria-autocomplete': 'list',
		placeholder: none, autocomplete: 'off', spellcheck: 'false' }));
	const list = h('ul', { id: listId, class: 'picker-list', role: 'listbox',
		'aria-label': label, hidden: true });
	const body = h('div', { class: 'picker' }, input, list);
	/** @type {Item|null} */
	let chosen = null;
	/** @type {Item[]} */
	let found = [];
	let active = -1, timer = 0, round = 0;

	const close = () => {
		window.clearTimeout(timer);
		round++;
		list.hidden = true;
		active = -1;
		input.setAttribute('aria-expanded', 'false');
		input.removeAttribute('aria-activedescendant');
	};

	/** @param {Item|null} item */
	const choose = (item) => {
		chosen = item;
		input.value = item ? itemText(item) : '';
		field.fail(null);
		close();
		onChange?.(item);
	};

	/** @param {number} to */
	const activate = (to) => {
		const options = list.querySelectorAll('[role=option]');
		active = options.length === 0 ? -1 : (to + options.length) % options.length;
		options.forEach((option, i) =>
			option.setAttribute('aria-selected', String(i === active)));
		if (active < 0) {
			return;
		}
		input.setAttribute('aria-activedescendant', options[active].id);
		options[active].scrollIntoView({ block: 'nearest' });
	};

	const open = () => {
		list.replaceChildren(...found.map((item) => h('li', { role: 'option',
			id: uniqueId(), 'aria-selected': 'false',
			onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
			onclick: () => choose(item) }, itemText(item))));
		if (found.length === 0) {
			list.append(h('li', { class: 'muted' }, nothing));
		}
		list.hidden = false;
		input.setAttribute('aria-expanded', 'true');
	};

	const search = async () => {
		const mine = ++round, text = chosen ? '' : input.value.trim();
		const query = new URLSearchParams({ limit: String(LIMIT), order: 'newest',
			own: 'true' });

		if (text !== '') {
			query.set('name', text);
		}
		try {
			const page = await getPage(`${path}?${query}`, { signal });
			if (mine !== round) {
				return;
			}
			found = page.items.sort((a, b) => b.id - a.id);
			open();
		} catch (error) {
			if (!signal.aborted && mine === round) {
				field.fail(/** @type {Error} */ (error).message);
			}
		}
	};

	const field = wrapField(label, input, { hint, body, value: () => chosen ? chosen.id : null,
		set: (value) => {
			choose(value);
		} });

	input.addEventListener('focus', () => input.select());
	input.addEventListener('click', () => {
		if (list.hidden) {
			search();
		}
	});
	input.addEventListener('input', () => {
		chosen = null;
		onChange?.(null);
		window.clearTimeout(timer);
		timer = window.setTimeout(search, TYPING_MS);
	});
	input.addEventListener('blur', () => {
		const text = input.value.trim();
		const same = found.filter((item) => item.name === text ||
			String(item.id) === text || itemText(item) === text);
		if (!chosen && text !== '' && same.length === 1) {
			choose(same[0]);
		} else if (!chosen && text !== '') {
			field.fail('Choose one of the list.');
		}
		close();
	});
	input.addEventListener('keydown', (event) => {
		if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
			event.preventDefault();
			if (list.hidden) {
				search();
			} else {
				activate(active +
					(event.key === 'ArrowDown' ? 1 : active < 0 ? 0 : -1));
			}
		} else if (event.key === 'Enter' && !list.hidden &&
			(active >= 0 || found.length === 1)) {
			event.preventDefault();
			choose(found[Math.max(active, 0)]);
		} else if (event.key === 'Escape' && !list.hidden) {
			event.preventDefault();
			event.stopPropagation();
			close();
		}
	});
	return { ...field, choose, item: () => chosen };
}
