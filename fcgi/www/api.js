// @ts-check
/* Calls Kabuto's HTTP API. Every page uses these functions; the streams are in events.js. */

/** An answer that is no success, with the server's words. Status 0: no answer came. */
export class ApiError extends Error {
	/**
	 * @param {number} status
	 * @param {string} message
	 * @param {number|null} [retryAfter] seconds
	 */
	constructor(status, message, retryAfter = null) {
		super(message);
		this.name = 'ApiError';
		this.status = status;
		this.retryAfter = retryAfter;
	}
}

/** Who is logged in, as far as this browser has been told. The server decides what they may do. */
export const me = {
	/** @returns {{login: string, admin: boolean}|null} */
	known: () => JSON.parse(localStorage.getItem('account') ?? 'null'),
	/** @param {{login: string, admin: boolean}} account */
	remember({ login, admin }) {
		localStorage.setItem('account', JSON.stringify({ login, admin }));
	},
	forget: () => localStorage.removeItem('account'),
};

/** @typedef {{signal?: AbortSignal, headers?: Record<string, string>}} Options */

/* Of these calls 401 says "wrong password", and not that the session has ended. */
const OPEN = /^\/(login|register|account\/password)([/?]|$)/;

/**
 * The error of an answer. If the session has ended, app.js is told, too: it shows the login page.
 * @param {string} path
 * @param {number} status
 * @param {string} text the answer's body
 * @param {string|null} [retryAfter] the header
 */
export function errorOf(path, status, text, retryAfter = null) {
	let message = '';

	try {
		message = JSON.parse(text).error;
	} catch {
		/* not Kabuto's answer, but a proxy's */
	}
	if (typeof message !== 'string' || message === '') {
		message = `The server answered with the status ${status} and no explanation.`;
	}
	if (status === 401 && !OPEN.test(path)) {
		window.dispatchEvent(new Event('kabuto-unauthorized'));
	}
	return new ApiError(status, message, Number(retryAfter) || null);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {any} [body] a plain object, a FormData, or nothing
 * @param {Options} [options]
 */
export async function call(method, path, body, { signal, headers = {} } = {}) {
	const form = body instanceof FormData;
	let response;

	if (body !== undefined && body !== null && !form) {
		headers = { ...headers, 'Content-Type': 'application/json' };
		body = JSON.stringify(body);
	}
	try {
		response = await fetch(path, {
			method, signal, headers: { Accept: 'application/json', ...headers },
			body: body ?? undefined,
		});
	} catch (error) {
		if (signal?.aborted) {
			throw error;
		}
		throw new ApiError(0, 'The server does not answer. ' +
			'Check your connection, or try again.');
	}
	if (!response.ok) {
		throw errorOf(path, response.status, await response.text().catch(() => ''),
			response.headers.get('Retry-After'));
	}
	return response;
}

/**
 * Reads the JSON of an answer. A web server may end an answer in order although Kabuto died in the
 * middle of it: what is not JSON was cut off.
 * @param {Response} response
 * @returns {Promise<any>}
 */
export async function jsonOf(response) {
	try {
		return await response.json();
	} catch (error) {
		if (/** @type {Error} */ (error).name === 'AbortError') {
			throw error;
		}
		throw new ApiError(0, 'The answer of the server was cut off. Try again.');
	}
}

/**
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function get(path, options) {
	return jsonOf(await call('GET', path, undefined, options));
}

/**
 * @param {string} path
 * @param {any} [body]
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function post(path, body, options) {
	return jsonOf(await call('POST', path, body, options));
}

/**
 * @param {string} path
 * @param {any} [body]
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function put(path, body, options) {
	return jsonOf(await call('PUT', path, body, options));
}

/**
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function remove(path, options) {
	return jsonOf(await call('DELETE', path, undefined, options));
}

/**
 * Reads one page of a list. JavaScript sorts an object's keys, so the items are sorted here, as the
 * path's `order` says. `next` is the next page's path (RFC 8288), or null. `change` is the number
 * from which GET /events tells what changes after this answer.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<{items: any[], next: string|null, change: string|null}>}
 */
export async function getPage(path, options) {
	const response = await call('GET', path, undefined, options);
	const link = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get('Link') ?? '');
	const next = link ? new URL(link[1], location.href) : null;
	const answer = await jsonOf(response);
	const items = Array.isArray(answer) ? answer : Object.values(answer);

	if (!Array.isArray(answer)) {
		const newest = new URL(path, location.href).searchParams.get('order') === 'newest';
		const idOf = (/** @type {any} */ item) => Number(item.build_id ?? item.id);
		items.sort((a, b) => (newest ? idOf(b) - idOf(a) : idOf(a) - idOf(b)));
	}
	return { items, next: next && next.pathname + next.search,
		change: response.headers.get('X-Last-Change') };
}

/**
 * Sends a form with files. fetch() does not tell how much has been sent, XMLHttpRequest does.
 * @param {string} method
 * @param {string} path
 * @param {FormData} form
 * @param {((sent: number, total: number) => void)|null} [onProgress] bytes
 * @param {AbortSignal} [signal]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<any>}
 */
export function upload(method, path, form, onProgress, signal, headers = {}) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();

		request.open(method, path);
		headers = { Accept: 'application/json', ...headers };
		for (const [name, value] of Object.entries(headers)) {
			request.setRequestHeader(name, value);
		}
		request.upload.addEventListener('progress',
			(event) => onProgress?.(event.loaded, event.total));
		request.addEventListener('load', () => {
			if (request.status >= 200 && request.status < 300) {
				resolve(jsonOf(new Response(request.responseText)));
			} else {
				reject(errorOf(path, request.status, request.responseText,
					request.getResponseHeader('Retry-After')));
			}
		});
		request.addEventListener('error', () => reject(new ApiError(0,
			'The upload was cut ' +
			'off. If a file has changed or is gone, choose it again.')));
		request.addEventListener('abort',
			() => reject(new DOMException('aborted', 'AbortError')));
		signal?.addEventListener('abort', () => request.abort());
		request.send(form);
	});
}

/** @param {string} text */
function quote(text) {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A file as curl's -F takes it: with its path, which curl would leave out.
 * @param {string} name of the parameter
 * @param {string} path
 */
function formFile(name, path) {
	const quoted = `"${path.replace(/["\\]/g, '\\$&')}"`;
	return quote(`${name}=@${quoted}${path.includes('/') ? `;filename=${quoted}` : ''}`);
}

/**
 * A call as a line for a shell. Files are named as they would be in the current folder.
 * @param {string} method
 * @param {string} path
 * @param {any} [body] a plain object or a FormData
 * @returns {string}
 */
export function curl(method, path, body) {
	const words = ['curl', quote(location.origin + path), '-b cookies.txt'];

	if (body instanceof FormData) {
		for (const [name, value] of body) {
			words.push(value instanceof File
				? `-F ${formFile(name, value.name)}`
				: `--form-string ${quote(`${name}=${value}`)}`);
		}
	} else if (body !== undefined && body !== null && Object.keys(body).length > 0) {
		words.push("-H 'Content-Type: application/json'");
		words.push(`-d ${quote(JSON.stringify(body))}`);
	}
	if (method !== (words.length > 3 ? 'POST' : 'GET')) {
		words.splice(1, 0, `-X ${method}`);
	}
	return words.join(' ');
}
