"""events.js joins the pieces of a stream, whatever the network does with it."""
import base64

import pytest

# Answers to the calls of fetch, in their order: a status, and the body's pieces in base64, which
# end in order or are cut off. No answer left: the call waits.
FETCH = '''(async () => {
	window.asked = [];
	window.fetch = async (url, { headers, signal }) => {
		asked.push(String(url).replace(location.origin, '') + ' ' + headers.Accept);
		const answer = args[0].shift();
		if (answer === undefined) {
			return new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
		}
		if (answer.status === 0) {
			throw new TypeError('Failed to fetch');
		}
		const body = answer.pieces === null ? null : new ReadableStream({
			pull(controller) {
				const piece = answer.pieces.shift();
				if (piece !== undefined) {
					controller.enqueue(Uint8Array.from(atob(piece), (c) => c.charCodeAt(0)));
				} else if (answer.cut) {
					controller.error(new TypeError('network error'));
				} else {
					controller.close();
				}
			},
		});
		return new Response(body, { status: answer.status });
	};
	const seen = [], said = [];
	await m.follow('/execution/1/events', { after: args[1], signal: new AbortController().signal,
		onEvent: (name, data, id) => seen.push([name, data, id]),
		onStatus: (text) => said.push(text) });
	return [seen, asked, said];
})()'''
LOG = '{"event":"log","id":%d,"data":{"logline":"%s"}}\n'
END = '{"event":"end","id":21,"data":{"state":"done"}}\n'
NDJSON = ' application/x-ndjson'


def answer(*pieces, status=200, cut=False):
    parts = [base64.b64encode(piece if isinstance(piece, bytes) else piece.encode()).decode()
             for piece in pieces]
    return {'status': status, 'cut': cut, 'pieces': None if status == 204 else parts}


def event(number, text):
    return ['log', {'logline': text}, number]


FIRST, SECOND = LOG % (10, 'a \u00fc'), LOG % (20, 'b')
WHOLE = [event(10, 'a \u00fc'), event(20, 'b'), ['end', {'state': 'done'}, 21]]
BYTES = [bytes([byte]) for byte in (FIRST + SECOND + END).encode()]
ROWS = {
    'at once': ([answer(FIRST + SECOND + END)], ['']),
    'byte by byte': ([answer(*BYTES)], ['']),
    'heartbeats between': ([answer('\n', FIRST, '\n\n', SECOND, '\n', END)], ['']),
    'cut between events': ([answer(FIRST, cut=True), answer(SECOND, END)], ['', '?after=10']),
    'cut within an event': ([answer(FIRST, SECOND[:9], cut=True), answer(SECOND, END)],
                            ['', '?after=10']),
    'cut before the newline': ([answer(FIRST, SECOND[:-1], cut=True), answer(SECOND, END)],
                               ['', '?after=10']),
    'closed in order, without an end': ([answer(FIRST), answer(SECOND + END)], ['', '?after=10']),
    'nobody answers': ([answer(status=0), answer(FIRST + SECOND + END)], ['', '']),
    'the server starts': ([answer(FIRST), answer('{"error":"wait"}', status=503),
                           answer(SECOND, END)], ['', '?after=10', '?after=10']),
    'too many streams': ([answer('{"error":"too many"}', status=429), answer(FIRST, SECOND, END)],
                         ['', '']),
}


@pytest.mark.parametrize('row', ROWS)
def test_each_event_comes_once(module, row):
    answers, queries = ROWS[row]
    seen, asked, _ = module('events.js')(FETCH, [dict(one) for one in answers], None)
    assert seen == WHOLE
    assert asked == ['/execution/1/events' + query + NDJSON for query in queries]


def test_it_begins_behind_the_event_that_is_known(module):
    seen, asked, _ = module('events.js')(FETCH, [answer(SECOND, END)], 10)
    assert seen == WHOLE[1:] and asked == ['/execution/1/events?after=10' + NDJSON]


def test_no_content_ends_it(module):
    seen, asked, said = module('events.js')(FETCH, [answer(FIRST, cut=True), answer(status=204)], None)
    assert seen == WHOLE[:1] and len(asked) == 2 and said[-1] is None


def test_a_refusal_ends_it_with_the_words_of_the_server(module):
    seen, asked, said = module('events.js')(
        FETCH, [answer('{"error":"Job not found"}', status=404)], None)
    assert seen == [] and len(asked) == 1 and said == ['Job not found']
