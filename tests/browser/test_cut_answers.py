"""An answer that was cut off is an error with words, whatever the web server made of the cut."""
import pytest

ASK = '''(async () => {
	const [part, cut, status] = args;
	window.fetch = async () => new Response(new ReadableStream({
		start(controller) {
			controller.enqueue(new TextEncoder().encode(part));
			cut ? controller.error(new TypeError('network error')) : controller.close();
		},
	}), { status });
	try {
		return [await m.get('/jobs')];
	} catch (error) {
		return [error.name, error.status, error.message];
	}
})()'''
CUT = ['ApiError', 0, 'The answer of the server was cut off. Try again.']


@pytest.mark.parametrize('part, cut, status, said', (
    ('{"1": {"id": 1}}', False, 200, [{'1': {'id': 1}}]),
    ('{"1": {"id"', False, 200, CUT),
    ('{"1": {"id"', True, 200, CUT),
    ('', False, 200, CUT),
    ('{"error": "no such', True, 404,
     ['ApiError', 404, 'The server answered with the status 404 and no explanation.']),
))
def test_a_cut_answer_says_that_it_was_cut(module, part, cut, status, said):
    assert module('api.js')(ASK, part, cut, status) == said


def test_an_upload_whose_answer_is_cut_off_says_so(module):
    """The form would be locked for good if nothing came."""
    run = module('api.js')
    assert 'cut off' in run('m.upload("GET", "/ui/icon.svg", new FormData())'
                            '.then(() => "sent", (error) => error.message)')
