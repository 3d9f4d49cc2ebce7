// @ts-check
/*
 * The page that makes an account. If the server gives the token at once, the account is activated
 * and logged in, too; if the token goes out by mail, the page says so. If registration is closed,
 * the server's words say it.
 */
import { curl, get, me, post } from '../api.js';
import { h, replace } from '../dom.js';
import { curlMenu, errorBox } from '../widgets.js';

/**
 * @param {string} login
 * @param {string} token
 * @returns {string} the path of the page that activates the account
 */
function confirmPath(login, token) {
	return `/ui/confirm/${encodeURIComponent(login)}/${encodeURIComponent(token)}`;
}

/**
 * Activates the account and logs in. What fails can be done again on the page that is shown then.
 * @param {import('../app.js').Route} route
 * @param {{login: string, password: string}} account
 * @param {string} token
 */
async function enter(route, { login, password }, token) {
	const name = encodeURIComponent(login);

	try {
		await get(`/register/confirm/${name}/${encodeURIComponent(token)}`);
	} catch {
		route.navigate(confirmPath(login, token));
		return;
	}
	try {
		await post('/login', { login, password });
		me.remember(await get('/account'));
		route.navigate('/ui/');
	} catch {
		route.navigate(`/ui/login?new&login=${name}`);
	}
}

/** @param {string} label @param {HTMLInputElement} input @param {string} hint */
function field(label, input, hint) {
	return h('label', { class: 'field' }, h('span', null, label), input,
		h('span', { class: 'hint' }, hint));
}

/**
 * What to do once the mail with the token is sent.
 * @param {{login: string, email: string}} account
 */
function mailNote({ login, email }) {
	return h('section', { class: 'empty' }, h('h1', null, 'Look into your mail'),
		h('p', null, `A mail went to ${email}. `,
			`Open the link in it to activate the account “${login}”.`),
		h('p', null, 'No mail came? Look into the folder for spam, or ',
			h('a', { href: '/ui/register' }, 'register again'),
			' with the same login, password and e-mail: then another mail goes out.'));
}

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 */
export async function show(main, route) {
	const login = h('input', { name: 'login', autocomplete: 'username', required: true,
		maxlength: 64,
		autocapitalize: 'none', spellcheck: 'false',
		pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]*',
		title: 'Letters from A to Z, digits, and after the first character . _ -' });
	const email = h('input', { name: 'email', type: 'email', autocomplete: 'email',
		required: true });
	const password = h('input', { name: 'password', type: 'password', required: true,
		autocomplete: 'new-password', minlength: 6, maxlength: 1024 });
	const button = h('button', { class: 'primary' }, 'Register');
	const answer = h('div');
	const values = () => ({ login: login.value, password: password.value, email: email.value });
	const form = h('form', { class: 'card', method: 'post' }, h('h1', null, 'Register'),
		field('Login', login, login.title),
		field('E-mail', email, ''),
		field('Password', password, 'At least 6 characters.'),
		answer,
		h('div', { class: 'row' }, button, curlMenu(() => curl('POST', '/register',
			{ ...values(), password: '…' }).replace(' -b cookies.txt', ''),
				'Register')),
		h('p', { class: 'muted' }, 'You have an account? ',
			h('a', { href: '/ui/login' }, 'Log in')));

	route.title('Register');
	form.addEventListener('submit', async (event) => {
		const account = values();

		event.preventDefault();
		button.disabled = true;
		replace(answer);
		try {
			const { token } = await post('/register', account);
			if (token) {
				await enter(route, account, token);
			} else {
				replace(main, mailNote(account));
				main.focus();
			}
		} catch (error) {
			replace(answer, errorBox(error));
		} finally {
			button.disabled = false;
		}
	});
	replace(main, form);
	login.focus();
}
