// @ts-check
/* The account: its limits and what is used of them, password, API tokens, and its activity. */
import { curl, get, getPage, me, post } from '../api.js';
import { h, replace } from '../dom.js';
import { bytes, count, time } from '../format.js';
import { activityTable } from '../forms/activity.js';
import { clearErrors, failField, textField } from '../forms/field.js';
import { action, codeBlock, curlMenu, errorBox, table } from '../widgets.js';

const EVENTS = 50;

/**
 * A bar with its numbers.
 * @param {string} label
 * @param {number} used
 * @param {number|null} limit null: none
 * @param {(n: number) => string} text
 */
function meter(label, used, limit, text) {
	const share = limit ? Math.min(used / limit, 1) : 0;
	const fill = h('span', { class: share >= 0.9 ? 'full' : '' });

	fill.style.width = `${share * 100}%`;
	return h('div', { class: 'meter' }, h('span', null, label),
		h('span', { class: 'meter-bar', 'aria-hidden': 'true' }, fill),
		h('span', { class: 'meter-text',
			title: `${count(used)} of ${limit === null ? 'any' : count(limit)}` },
			limit === null ? `${text(used)}, no limit`
				: `${text(used)} of ${text(limit)}`));
}

/** @param {any} account */
function limits({ limits: most, used }) {
	const plain = [['A file', bytes(most.file)], ['A request', bytes(most.request)],
		['Results and logs kept', most.kept === null ? 'no limit'
			: `${bytes(most.kept)}, then the oldest are removed`]];

	return h('section', null, h('h2', null, 'Limits'), h('div', { class: 'meters' },
		meter('Jobs that wait', used.jobs_in_queue, most.jobs_in_queue, count),
		meter('Jobs that run', used.jobs_running, most.jobs_running, count),
		meter('Builds', used.builds, most.builds, count),
		meter('Storage', used.storage, most.storage, bytes)),
	h('dl', null, plain.map(([name, value]) => [h('dt', null, name), h('dd', null, value)])));
}

/**
 * A small form that makes one POST.
 * @param {string} label of its button
 * @param {Record<string, import('../forms/field.js').Field>} fields
 * @param {string} path of the call
 * @param {() => any} body of the call as a line for a shell
 * @param {(answer: HTMLElement) => Promise<void>} run
 */
function smallForm(label, fields, path, body, run) {
	const answer = h('div', { role: 'status' });
	const button = h('button', { type: 'submit' }, label);
	const form = h('form', { class: 'form small', novalidate: true },
		h('div', { class: 'form-row' },
			Object.values(fields).map((field) => field.element)),
		h('span', { class: 'action' }, button,
			curlMenu(() => curl('POST', path, body()), label)), answer);

	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		if (button.disabled) {
			return;
		}
		button.disabled = true;
		clearErrors(fields);
		replace(answer);
		try {
			await run(answer);
		} catch (error) {
			if (!failField(fields, /** @type {Error} */ (error).message)) {
				replace(answer, errorBox(error));
			}
		} finally {
			button.disabled = false;
		}
	});
	return form;
}

/** @param {any} account */
function password(account) {
	const field = (/** @type {string} */ label, /** @type {string} */ autocomplete,
		/** @type {string} */ hint) =>
			textField(label, { type: 'password', autocomplete, hint });
	const fields = { password: field('Present password', 'current-password', ''),
		new_password: field('New password', 'new-password', 'At least 6 characters.') };
	const form = smallForm('Change the password', fields, '/account/password',
		() => ({ password: '…', new_password: '…' }), async (answer) => {
			const body = { password: fields.password.value(),
				new_password: fields.new_password.value() };
			if (body.password === '' || body.new_password === '') {
				const empty = body.password === '' ? 'password' : 'new_password';
				failField(fields, `${empty}: must not be empty.`);
				return;
			}
			await post('/account/password', body);
			Object.values(fields).forEach((one) => one.set(''));
			replace(answer, h('p', { class: 'note' },
				'The password is changed. All other sessions of ',
				'this account have ended; API tokens stay.'));
		});

	form.prepend(h('input', { type: 'text', value: account.login, autocomplete: 'username',
		hidden: true, 'aria-label': 'Login' })); // for the browser's store of passwords
	return h('section', null, h('h2', null, 'Password'), form);
}

/** @param {any} route */
function tokens(route) {
	const place = h('div');
	const fields = { name: textField('Name', { placeholder: 'such as nightly script' }),
		expires_in: textField('Days until it expires', { inputmode: 'numeric', size: 6,
			placeholder: 'never' }) };
	const values = () => {
		const name = fields.name.value().trim(), days = fields.expires_in.value().trim();
		return days === '' ? { name } : { name, expires_in: days };
	};
	const form = smallForm('Make a token', fields, '/account/token', values, async (answer) => {
		const body = values();
		if (body.name === '') {
			failField(fields,
				'name: must not be empty: it tells what the token is for.');
			return;
		}
		const made = await post('/account/token', body);
		Object.values(fields).forEach((one) => one.set(''));
		replace(answer,
			h('p', { class: 'note warning' },
				'Copy the token now: it is shown only once.'),
			codeBlock(made.token, 'The token'),
			codeBlock(`curl -H 'Authorization: Bearer ${made.token}' ` +
				`${location.origin}/jobs`, 'curl'));
		await load();
	});

	/** Shows the tokens that there are. */
	async function load() {
		try {
			const { items } = await getPage('/account/token', { signal: route.signal });
			replace(place, items.length === 0
				? h('p', { class: 'muted' }, 'There are no tokens yet.')
				: tokenTable(items, load));
		} catch (error) {
			if (!route.signal.aborted) {
				replace(place, errorBox(error, load));
			}
		}
	}
	load();
	return h('section', null, h('h2', null, 'API tokens'), h('p', { class: 'muted' },
		'For scripts: ',
		'a token may do what you may do, without your password.'), place, form);
}

/** @param {any[]} items @param {() => Promise<void>} load */
function tokenTable(items, load) {
	return table([
		{ title: 'Name', class: 'grow', cell: (token) => token.name },
		{ title: 'Made', class: 'tight', cell: (token) => time(token.creation_date) },
		{ title: 'Expires', class: 'tight',
			cell: (token) => time(token.expires_at) ?? 'never' },
		{ title: 'Last used', class: 'tight',
			cell: (token) => time(token.used_at) ?? 'never' },
		{ title: '', class: 'tight', cell: (token) => action('Delete', { method: 'DELETE',
			path: `/account/token/${token.id}`, run: load,
			danger: `Delete the token “${token.name}”? ` +
				'Scripts that use it stop working at once.' }) },
	], items);
}

/** @param {any} route @param {any} account */
function activity(route, account) {
	const place = h('div'), shown = activityTable(account);
	const more = h('button', { type: 'button', onclick: () => load() }, 'Show older');
	/** @type {string|null} */
	let next = `/account/events?order=newest&limit=${EVENTS}`;
	/** @type {any[]} */
	let items = [];

	/** Shows one page more. */
	async function load() {
		try {
			const page = await getPage(/** @type {string} */ (next),
				{ signal: route.signal });
			items = items.concat(page.items);
			({ next } = page);
			shown.update(items);
			more.hidden = next === null;
			replace(place, shown, more);
		} catch (error) {
			if (!route.signal.aborted) {
				replace(place, shown, errorBox(error, load));
			}
		}
	}
	load();
	return h('section', null, h('h2', null, 'Activity'), place);
}

/**
 * @param {HTMLElement} main
 * @param {any} route
 */
export async function show(main, route) {
	const account = await get('/account', { signal: route.signal });

	me.remember(account); // who was made an admin since the log-in has another bar
	route.title('Account');
	replace(main, h('h1', null, account.login),
		h('p', { class: 'muted' }, account.email,
			account.admin && [' · ', h('a', { href: '/ui/admin' }, 'admin')],
			' · registered ', time(account.creation_date)),
		limits(account), password(account), tokens(route), activity(route, account));
}
