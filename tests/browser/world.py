"""An account that has one of everything, so that each page has something to show."""
from client import expect

PIPELINE = 'Analyses of the year'
LOG = r'''
printf 'reading \033[1;32mdata.csv\033[0m\n'
echo '::group::steps'; for i in 1 2 3; do echo "step $i of 3"; done; echo '::endgroup::'
printf '10%%\r50%%\r100%%\n'
echo 'a warning' >&2
'''
RESULTS = r'''
mkdir /outbox/tables
printf 'city,n\nKyoto,3\n"Oaxaca, Mexico",4\n' >/outbox/tables/cities.csv
echo '{"mean": 4.2}' >/outbox/mean.json
echo 'just words' >/outbox/words.txt
echo '<h1>Report</h1>' >/outbox/report.html
'''


class World:
    """Everything is over: no job and no build of it is at work. `paths` are its pages."""

    def __init__(self, kabuto):
        self.client = client = kabuto.user('analyst')
        self.admin = kabuto.user('operator')
        assert kabuto.ctl('user', 'admin', 'operator', 'on').returncode == 0
        self.image = client.image('FROM busybox\nENV GREETING=hello\n', name='tools')
        self.build = client.build('FROM busybox\nENV LANG=C\n', name='tools2')
        client.wait_build(self.build, 'SUCCESS')
        self.failed_build = client.build('FROM busybox\nRUN false\n', name='broken')
        client.wait_build(self.failed_build, 'FAILED')
        self.pipeline = client.pipeline(PIPELINE)
        self.done = self.job(LOG + RESULTS, name='count cities',
                             files=[('data.csv', b'a,b\n1,2\n'), ('notes/read.txt', b'words')])
        self.failed = self.job(LOG + 'exit 3', name='count rivers', env='MODE=fast')
        client.submit(self.pipeline)
        self.results = client.wait_job(self.pipeline, self.done)
        client.wait_job(self.pipeline, self.failed)
        self.ready = self.job('echo later', name='later')

    def job(self, command, **fields):
        return self.client.job(self.pipeline, command, image=self.image, **fields)

    def path(self, name):
        return {
            'jobs': '/ui/jobs', 'failed jobs': '/ui/jobs?state=failed',
            'no jobs': '/ui/jobs?name=nothing+has+this+name',
            'job done': f'/ui/job/{self.done}', 'job failed': f'/ui/job/{self.failed}',
            'job ready': f'/ui/job/{self.ready}', 'pipelines': '/ui/pipelines',
            'pipeline': f'/ui/pipeline/{self.pipeline}', 'images': '/ui/images',
            'image': f'/ui/image/{self.image}', 'build': f'/ui/build/{self.build}',
            'failed build': f'/ui/build/{self.failed_build}', 'new': '/ui/new',
            'new from a job': f'/ui/new?from={self.done}', 'account': '/ui/account',
            'admin': '/ui/admin', 'start': '/ui/',
        }[name]


def view_url(client, pipeline, job):
    """The path below which the results of a job can be looked at for an hour."""
    return expect(client.post(f'/pipeline/{pipeline}/job/{job}/view'), 200).json()['url']
