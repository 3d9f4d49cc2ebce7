// @ts-check
/* The menu that chooses a pipeline or an image to filter by. The server searches the names. */
import { getPage } from '../api.js';
import { h, replace } from '../dom.js';
import { errorBox } from '../widgets.js';

const MOST = 30; // names in the menu; a name narrows them down

/**
 * Fills the menu with the newest ones, and with a field that searches.
 * @param {HTMLElement} menu
 * @param {string} kind "pipeline" or "image"
 * @param {(id: string) => string} hrefOf the page with this filter; "" is without
 * @param {AbortSignal} signal
 */
export async function fill(menu, kind, hrefOf, signal) {
	const list = h('div');
	const search = h('input', { type: 'search', placeholder: 'Search',
		'aria-label': `Search a ${kind}`, onInput: draw });

	async function draw() {
		const wanted = search.value;
		const query = new URLSearchParams({ order: 'newest', limit: String(MOST) });

		if (wanted) {
			query.set('name', wanted);
		}
		try {
			const { items } = await getPage(`/${kind}?${query}`, { signal });
			if (search.value === wanted) {
				replace(list, h('a', { href: hrefOf('') }, 'any'),
					items.map((item) => h('a',
						{ href: hrefOf(String(item.id)) }, item.name,
						h('span', { class: 'muted' }, ` #${item.id}`))),
					items.length === 0 && h('p', { class: 'muted' },
						`No ${kind} has this name.`));
			}
		} catch (error) {
			replace(list, errorBox(error));
		}
	}
	replace(menu, search, list);
	search.focus();
	await draw();
}
