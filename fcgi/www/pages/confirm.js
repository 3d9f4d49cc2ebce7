// @ts-check
/*
 * The page that the mail's link opens. It activates the account at a click, not when it is loaded:
 * programs that look at mails open their links, and a token works once.
 */
import { ApiError } from '../api.js';
import { h, replace } from '../dom.js';
import { action } from '../widgets.js';

/**
 * @param {HTMLElement} main
 * @param {import('../app.js').Route} route
 */
export async function show(main, route) {
	const login = encodeURIComponent(route.params.login);
	const path = `/register/confirm/${login}/${encodeURIComponent(route.params.token)}`;
	const button = action('Activate the account', {
		method: 'GET', path, class: 'primary',
		run: () => route.navigate(`/ui/login?new&login=${login}`),
		explain: (error) => (error instanceof ApiError && error.status === 404
			? 'The link has been used, or it is not complete. If you have activated ' +
				'the account, log in.'
			: null),
	});

	route.title('Confirm');
	replace(main, h('section', { class: 'empty' }, h('h1', null, 'Confirm your account'),
		h('p', null, 'Login: ', h('strong', null, route.params.login)), button,
		h('p', { class: 'muted' }, 'Already done? ',
			h('a', { href: `/ui/login?login=${login}` }, 'Log in'))));
	button.querySelector('button')?.focus();
}
