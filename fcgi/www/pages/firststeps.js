// @ts-check
/*
 * What to do first: stands on the overview while the account is new. It loads no other module, so
 * that the first page that anybody sees stays small.
 */
import { me } from '../api.js';
import { h } from '../dom.js';

/** @param {string} origin @param {string} login */
const curlLines = (origin, login) => `U=${origin}
curl $U/login -d login=${login} --data-urlencode 'password=<password>' -c cookies.txt

printf 'FROM busybox\\n' >Dockerfile
curl $U/image -b cookies.txt -d name=first --data-urlencode dockerfile@Dockerfile
curl "$U/image/build/<build_id>?wait=30" -b cookies.txt      # until SUCCESS: the image's id

curl $U/pipeline -b cookies.txt -d name=first
curl $U/pipeline/<pipeline>/job -b cookies.txt -F image_id=<image> \\
    -F attachments=@data.csv --form-string 'command=sort /inbox/data.csv > /outbox/sorted.csv'
curl $U/pipeline/<pipeline>/submit -b cookies.txt -X POST
curl "$U/execution/<job>/logs?wait=30" -b cookies.txt
curl "$U/pipeline/<pipeline>/job/<job>?result" -b cookies.txt -o results.zip`;

/** @param {string} origin @param {string} login */
const pythonLines = (origin, login) => `import getpass, requests
base, s = '${origin}', requests.Session()
login = {'login': '${login}', 'password': getpass.getpass()}
s.post(base + '/login', data=login).raise_for_status()

image = {'name': 'first', 'dockerfile': 'FROM busybox\\n'}
build = s.post(base + '/image', data=image).json()['build_id']
while (b := s.get(f'{base}/image/build/{build}?wait=30').json())['state'] == 'PENDING':
    pass

pipeline = s.post(base + '/pipeline', data={'name': 'first'}).json()['id']
job = s.post(f'{base}/pipeline/{pipeline}/job',
             data={'image_id': b['id'], 'command': 'sort /inbox/data.csv > /outbox/sorted.csv'},
             files=[('attachments', open('data.csv', 'rb'))]).json()['id']
s.post(f'{base}/pipeline/{pipeline}/submit')
print(s.get(f'{base}/pipeline/{pipeline}/job/{job}?wait=30').json()[str(job)]['state'])`;

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
		h('h3', null, 'The same from a shell or a program'),
		block('curl', curlLines(location.origin, login)),
		block('Python', pythonLines(location.origin, login)));
}
