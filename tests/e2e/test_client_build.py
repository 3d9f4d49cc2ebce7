"""kabuto build: an image from a folder, a Dockerfile or again, and what goes wrong with it."""
import os
import signal

import pytest

import kabutoclient
from cutter import Cutter
from wait import until


@pytest.fixture
def cutter(kabuto):
    one = Cutter(kabuto)
    yield one
    one.close()


def images(cli):
    return list(cli.user.json('/image').values())


def builds(cli):
    return list(cli.user.json('/image/build').values())


def project(cli, dockerfile='FROM busybox\nCOPY a.txt /a.txt\n'):
    folder = cli.work / 'my project'
    folder.mkdir(exist_ok=True)
    (folder / 'Dockerfile').write_text(dockerfile)
    (folder / 'a.txt').write_text('a\n')
    return folder


def slow(cli, seconds):
    """A project whose build takes so long, and is in no cache."""
    project(cli, f'FROM busybox\nENV X={os.urandom(8).hex()}\nRUN echo building; sleep {seconds}\n')


@pytest.mark.both
@pytest.mark.parametrize('words,name', [
    (['my project'], 'my project'), (['my project/'], 'my project'), (['-n', 'x', 'my project'], 'x'),
    (['-c', 'my project', 'other'], 'my project'), (['-c', 'my project', 'my project/Dockerfile'], 'my project')])
def test_image_is_built_and_its_id_printed(cli, words, name):
    project(cli)
    (cli.work / 'other').write_text('FROM busybox\nCOPY a.txt /a.txt\n')
    done = cli.run('build', *words)
    assert done.returncode == 0, done
    image, = images(cli)
    assert (done.stdout, image['name']) == (f'{image["id"]}\n', name)
    assert 'COPY a.txt' in done.stderr
    assert cli.run('run', '-q', '-i', image['id'], '--', 'cat', '/a.txt').stdout == 'a\n'


def test_arguments_cache_and_detaching(cli):
    project(cli, 'FROM busybox\nARG A\nENV B=$A\n')
    done = cli.run('build', '-q', '--no-cache', '--build-arg', 'A=b c', 'my project')
    assert (done.returncode, done.stderr) == (0, ''), done
    assert cli.run('run', '-q', '-i', done.stdout.strip(), '--', 'echo "$B"').stdout == 'b c\n'
    build = cli.say('build', '-d', 'my project').strip()
    assert cli.user.wait_build(build)['state'] == 'SUCCESS'
    shown = cli.json('build', '--json', 'my project')
    assert shown['state'] == 'SUCCESS' and 'output' not in shown


def test_image_is_built_again_under_its_id(cli):
    folder = project(cli)
    image = cli.run('build', 'my project').stdout
    (folder / 'a.txt').write_text('new\n')
    assert cli.run('build', '--image', 'my project', 'my project').stdout == image
    assert cli.run('run', '-q', '-i', image.strip(), '--', 'cat', '/a.txt').stdout == 'new\n'
    cli.fails(1, 'build', '--image', 'nothing', 'my project', says="no image 'nothing'")


def test_failed_build_is_told(cli):
    project(cli, 'FROM busybox\nRUN echo why; exit 4\n')
    done = cli.run('build', 'my project')
    assert (done.returncode, done.stdout) == (1, '')
    assert 'why\n' in done.stderr and 'kabuto: the image was not built: ' in done.stderr
    assert images(cli) == []


def test_repository_whose_scheme_is_not_allowed_is_refused(cli):
    done = cli.run('build', '--repo', 'ftp://example.org/x.git')
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done


def test_wrong_use_sends_nothing(cli):
    project(cli)
    (cli.work / 'empty').mkdir()
    cli.fails(2, 'build', says='--repo')
    cli.fails(2, 'build', 'my project', '--repo', 'https://example.org/x.git')
    cli.fails(2, 'build', '-c', 'my project', 'my project', says='-c')
    cli.fails(1, 'build', 'nothing', says="'nothing'")
    cli.fails(1, 'build', 'empty', says='Dockerfile')
    cli.fails(1, 'build', 'my project/Dockerfile', says='-c FOLDER')
    cli.fails(1, 'build', '--links', 'maybe', 'my project', says='--links')
    cli.fails(1, 'build', '--build-arg', 'x', 'my project', says='build_arg')
    assert builds(cli) == []


@pytest.mark.parametrize('number,status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)],
                         ids=lambda x: str(int(x)))
def test_signal_leaves_the_build(cli, number, status):
    slow(cli, 4)
    process = cli.start('build', 'my project', bufsize=0)
    until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
    process.send_signal(number)
    err = process.communicate(timeout=10)[1].decode()
    build, = builds(cli)
    assert process.returncode == status
    assert err == f'kabuto: build {build["build_id"]} goes on without this command; kabuto images ' \
        'shows the image once it is built\n'
    assert cli.user.wait_build(build['build_id'])['state'] == 'SUCCESS'


def test_signal_while_files_are_sent_starts_nothing(cli, cutter):
    (project(cli) / 'big').write_bytes(bytes(64 << 20))
    cutter.hold()
    process = cli.start('build', 'my project', env={'KABUTO_URL': cutter.url, 'KABUTO_TOKEN': cli.token})
    until(lambda: cutter.held, 'the upload has begun')
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=10)[1]
    assert (process.returncode, err) == (130, b'kabuto: interrupted: nothing was started\n')
    assert builds(cli) == []


@pytest.mark.both
@pytest.mark.limit(300)
def test_restart_of_all_processes_loses_no_output_and_builds_once(own, tmp_path):
    kabuto = own()
    cli = kabutoclient.Client(kabuto, kabuto.user(), tmp_path)
    slow(cli, 3)
    process = cli.start('build', 'my project', bufsize=0)
    until(lambda: process.stderr.readline() == b'building\n', 'it is being built')
    for one in kabuto.processes.values():
        one.kill()
    kabuto.start()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and len(builds(cli)) == 1, err
    assert out.decode() == f'{images(cli)[0]["id"]}\n'
