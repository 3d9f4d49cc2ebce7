// @ts-check
/* The page that logs in, and then goes to where the reader came from. */
import { curl, get, me, post } from '../api.js';
import { h, replace } from '../dom.js';
import { curlMenu, errorBox } from '../widgets.js';

/**
 * The page to go to afterwards: only one of ours, never another site's address.
 * @param {string|null} to
 */
function destination(to) {
	let url;

	try {
		url = new URL(to || '/ui/', location.origin);
	} catch {
		return '/ui/';
	}
	const ours = url.origin === location.origin && url.pathname.startsWith('/ui/') &&
		!url.pathname.startsWith('/ui/login');
	return ours ? url.pathname + url.search + url.hash : '/ui/';
}

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 */
export async function show(main, route) {
	const login = h('input', { name: 'login', autocomplete: 'username', required: true,
		maxlength: 64,
		autocapitalize: 'none', spellcheck: 'false',
		value: route.query.get('login') ?? '' });
	const password = h('input', { name: 'password', type: 'password', required: true,
		autocomplete: 'current-password' });
	const button = h('button', { class: 'primary' }, 'Log in');
	const answer = h('div');
	const form = h('form', { class: 'card', method: 'post' }, h('h1', null, 'Log in'),
		route.query.has('to') && h('p', { class: 'muted' }, 'Log in to see this page.'),
		route.query.has('new') && h('p', { class: 'note' },
			'The account is active. You can log in now.'),
		h('label', { class: 'field' }, h('span', null, 'Login'), login),
		h('label', { class: 'field' }, h('span', null, 'Password'), password),
		answer,
		h('div', { class: 'row' }, button, curlMenu(() => curl('POST', '/login',
			{ login: login.value, password: '…' })
				.replace('-b cookies.txt', '-c cookies.txt'), 'Log in')),
		h('p', { class: 'muted' }, 'No account yet? ',
			h('a', { href: '/ui/register' }, 'Register')));

	route.title('Log in');
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		button.disabled = true;
		replace(answer);
		try {
			await post('/login', { login: login.value, password: password.value });
			me.remember(await get('/account'));
			route.navigate(destination(route.query.get('to')), true);
		} catch (error) {
			replace(answer, errorBox(error));
			password.select();
		} finally {
			button.disabled = false;
		}
	});
	replace(main, form);
	(login.value ? password : login).focus();
}
