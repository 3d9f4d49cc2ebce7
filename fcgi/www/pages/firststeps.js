// @ts-check
/*
 * What to do first: stands on the overview while the account is new. It loads no other module, so
 * that the first page that anybody sees stays small.
 */
import { me } from '../api.js';
import { h } from '../dom.js';

const COMMAND = 'sort /inbox/data.csv > /outbox/sorted.csv';

/** @param {string} origin */
const clientLines = (origin) => `kabuto login ${origin}

printf 'FROM busybox\\n' >Dockerfile
kabuto run -i Dockerfile -f data.csv -o out -- '${COMMAND}'`;

/** @param {string} origin @param {string} login */
const curlLines = (origin, login) => `U=${origin}
curl $U/login -d login=${login} --data-urlencode 'password=<password>' -c cookies.txt

curl -N $U/run -b cookies.txt -H 'Accept: text/plain' -F 'dockerfile=FROM busybox' \\
    -F attachments=@data.csv --form-string 'command=${COMMAND}'
curl -b cookies.txt -o results.zip '<the URL in the last line>'`;

/** @param {string} origin @param {string} login */
const pythonLines = (origin, login) => `import getpass, requests
base, s = '${origin}', requests.Session()
login = {'login': '${login}', 'password': getpass.getpass()}
s.post(base + '/login', data=login).raise_for_status()

made = s.post(base + '/run', files=[('attachments', open('data.csv', 'rb'))], data={
    'dockerfile': 'FROM busybox', 'command': '${COMMAND}'}).json()
state = 'in_queue'
while state not in ('done', 'failed'):
    job = s.get(made['urls']['job'] + '?wait=30').json()[str(made['job'])]
    state = job['state']
print(state, job['error'] or made['urls']['results'])`;

/**
 * @param {string} title
 * @param {string} text
 */
function block(title, text) {
	const copy = async (/** @type {Event} */ event) => {
		const button = /** @type {HTMLElement} */ (event.currentTarget);
		(await import('../widgets.js')).copy(text, button);
	};
	return h('figure', { class: 'code' }, h('figcaption', null, h('span', null, title),
		h('button', { type: 'button', class: 'quiet', onClick: copy }, 'Copy')),
	h('pre', { tabindex: '0' }, text));
}

/** @returns {HTMLElement} */
export function firstSteps() {
	const login = me.known()?.login ?? '<login>';

	return h('section', { class: 'empty' }, h('h2', null, 'No jobs yet'),
		h('p', null, 'A job runs a command in an image. It reads the files that you send ' +
			'in /inbox, and Kabuto keeps what it writes to /outbox.'),
		h('ol', null,
			h('li', null, h('a', { href: '/ui/images' }, 'Build an image'),
				' from a Dockerfile. ',
				h('code', null, 'FROM busybox'), ' is enough for a first one.'),
			h('li', null, h('a', { href: '/ui/new' }, 'Make a new job'),
				': drop your files, and type the command.'),
			h('li', null, 'Watch its log, and look at its results.')),
		h('h3', null, 'The same from a terminal or a program'),
		block('kabuto, the client', clientLines(location.origin)),
		block('curl', curlLines(location.origin, login)),
		block('Python', pythonLines(location.origin, login)));
}
