"""What the first page costs."""
import pytest

REQUESTS_MOST, BYTES_MOST = 12, 150_000


@pytest.fixture(scope='module')
def busy_account(kabuto):
    """An account with more jobs than the first page shows."""
    client = kabuto.user()
    image, pipeline = client.image(), client.pipeline('a pipeline of a usual name')
    for i in range(120):
        client.job(pipeline, f'python3 /inbox/analyse.py --month {i} --out /outbox/{i}.csv',
                   image=image, name=f'analysis of month {i}', env='MODE=fast')
    return client


@pytest.mark.parametrize('who', ('busy', 'new'))
def test_the_first_page_costs_at_most_12_requests_and_150_kb(browser, request, who):
    client = request.getfixturevalue('busy_account' if who == 'busy' else 'nobody_yet')
    browser.log_in(client)
    browser.cdp('Network.clearBrowserCache')
    browser.open('/ui/').settle()
    browser.wait_text('analysis of month 119' if who == 'busy' else '')
    urls = browser.requested()
    sizes = {}
    for method, said in browser.requests:
        if method == 'Network.dataReceived':
            sizes[said['requestId']] = sizes.get(said['requestId'], 0) + said['dataLength']
    assert len(urls) <= REQUESTS_MOST, '\n'.join(urls)
    assert 0 < sum(sizes.values()) <= BYTES_MOST, sizes
    print(f'{len(urls)} requests, {sum(sizes.values())} bytes')
    assert len(sizes) >= 5, 'the sizes were not counted'
