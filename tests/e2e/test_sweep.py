"""The spooler's sweep: what it removes from the engine, and what kabutoctl status tells of it."""
import io
import json
import re
import secrets
import tarfile
import threading

import pytest

from client import WAIT
from ctl import clean_sweep, make_rubbish, sweep
from wait import until

# Containers

def stray(kabuto, **labels):
    """The id of a container that no process has made."""
    labels = {'kabuto.instance': kabuto.instance, **labels}
    return kabuto.engine.call('POST', '/containers/create',
                              {'Image': 'busybox', 'Cmd': ['true'], 'Labels': labels})['Id']


def containers(kabuto):
    return {container['Id'] for container in kabuto.engine.containers(kabuto.instance)}


def test_container_of_no_running_job_goes_and_others_stay(own):
    kabuto = own()
    dave = kabuto.user('dave')
    pipeline, job = dave.begin(WAIT)
    dave.wait_state(pipeline, job, 'running')
    left = stray(kabuto, **{'kabuto.job': str(job), 'kabuto.attempt': '7'})
    foreign = stray(kabuto)  # it has the label from an image of ours
    assert clean_sweep(kabuto)['containers'] == {'removed': 1}
    assert left not in containers(kabuto) and foreign in containers(kabuto)
    kabuto.engine.remove(foreign)
    kabuto.let_go(job)
    assert dave.wait_job(pipeline, job)['state'] == 'done'


def test_sandbox_of_a_slot_that_is_no_more_goes_and_others_stay(own):
    kabuto = own({'slots': 1})
    kept = until(kabuto.sandboxes, 'the sandbox is made')[0]['Id']
    left = stray(kabuto, **{'kabuto.sandbox': '7'})
    assert clean_sweep(kabuto)['containers'] == {'removed': 1}
    assert left not in containers(kabuto) and kept in containers(kabuto)


# Images

def test_prune_of_another_kabuto_is_no_error(own, proxy):
    """Docker runs only one at a time, and refuses the others."""
    kabuto = own(engine_socket=proxy.path)
    until(lambda: kabuto.sql('SELECT 1 FROM sweep'), 'the first sweep is over')
    proxy.hold(r'POST /v[0-9.]+/images/prune\?')
    swept = []
    thread = threading.Thread(target=lambda: swept.append(sweep(kabuto)))
    thread.start()
    proxy.wait_held(1).answer(b'{"message":"a prune operation is already running"}', 409)
    thread.join()
    assert (swept[0]['errors'], swept[0]['error']) == (0, None)


def tags(kabuto):
    return {tag for tag in kabuto.engine.images() if tag.startswith(f'kabuto/{kabuto.instance}-')}


def test_images_that_nothing_needs_go(own, engine):
    kabuto = own()
    dave = kabuto.user('dave')
    image = dave.image()
    (build, secret), = kabuto.sql('SELECT build.id, tag_secret FROM build JOIN image '
                                  'ON image.build = build.id WHERE image.id = ?', image)
    name = f'kabuto/{kabuto.instance}-'
    serving = f'{name}{image}:{build}-{secret}'
    former = f'{name}{image}:{build + 100}'
    gone, sandbox = f'{name}999:999', f'{name}sandbox:1'
    before = tags(kabuto)
    for tag in (former, gone, sandbox):
        repository, version = tag.split(':')
        engine.call('POST', f'/images/{serving}/tag', repo=repository, tag=version)
    # As long as a job is in queue or runs, what its image was stays.
    pipeline, job = dave.begin(WAIT)
    dave.wait_state(pipeline, job, 'running')
    assert clean_sweep(kabuto)['images']['removed'] == 1
    assert tags(kabuto) == before | {former, sandbox}
    kabuto.let_go(job)
    dave.wait_job(pipeline, job)
    until(lambda: not kabuto.containers(), 'no container needs it')
    assert clean_sweep(kabuto)['images']['removed'] == 1
    assert tags(kabuto) == before | {sandbox}
    assert dave.run('true')['state'] == 'done'


def untagged(engine, label):
    """An image with that label and no tag."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode='w') as tar:
        info = tarfile.TarInfo('Dockerfile')
        text = f'FROM busybox\nLABEL x={secrets.token_hex(8)}\n'.encode()
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    engine.call('POST', '/build', context.getvalue(), 'application/x-tar', q=1,
                labels=json.dumps({'kabuto.instance': label}))


def images_with(engine, label):
    filters = json.dumps({'label': [f'kabuto.instance={label}'], 'dangling': ['true']})
    return engine.call('GET', '/images/json', filters=filters)


def test_images_without_a_tag_go_if_they_are_ours(own, engine):
    kabuto = own()
    untagged(engine, kabuto.instance)
    untagged(engine, 'other')
    assert len(images_with(engine, kabuto.instance)) == len(images_with(engine, 'other')) == 1
    assert clean_sweep(kabuto)['images']['removed'] >= 1
    assert images_with(engine, kabuto.instance) == []
    assert len(images_with(engine, 'other')) == 1


# When, and what is told

def test_start_sweeps_and_status_tells(own):
    kabuto = own({'sandboxes': False})
    until(lambda: kabuto.sql('SELECT 1 FROM sweep'), 'it has swept')
    assert re.search('^sweep +20.* removed containers 0, images 0 .*, files 0 ',
                     kabuto.ctl('status').stdout, re.M)
    kabuto['spooler'].stop()
    kabuto.sql('DELETE FROM sweep')
    assert re.search('^sweep +none has ended yet$', kabuto.ctl('status').stdout, re.M)
    assert json.loads(kabuto.ctl('status', '--json').stdout)['sweep'] is None
    rubbish = make_rubbish(kabuto)
    left = stray(kabuto, **{'kabuto.job': '999', 'kabuto.attempt': '1'})
    kabuto['spooler'].start()
    until(lambda: kabuto.sql('SELECT 1 FROM sweep'), 'it has swept')
    kabuto.wait_healthy()
    told = json.loads(kabuto.ctl('status', '--json').stdout)
    assert told['healthy']
    told = told['sweep']
    assert left not in containers(kabuto) and told['containers'] == {'removed': 1}
    gone = {name for name in rubbish if not (kabuto.state / name).exists()}
    assert {name.split('/')[0] for name in gone} == {'results', 'logs', 'run', 'incoming'}
    assert told['files']['removed'] == len(gone) and told['files']['bytes'] > 0
    assert told['images'] == {'removed': 0, 'bytes': 0}
    assert (told['errors'], told['error']) == (0, None)
    assert told['started_at'] <= told['finished_at']
    kabuto.remove_rubbish()
    (kabuto.state / 'builds/999/file').unlink()
    (kabuto.state / 'builds/999').rmdir()


@pytest.mark.log_errors
def test_sweep_without_the_engine_is_told_and_made_up_for(proxied):
    kabuto, proxy = proxied
    left = stray(kabuto, **{'kabuto.job': '999', 'kabuto.attempt': '1'})
    proxy.away()
    told = sweep(kabuto)
    assert told['errors'] == 1 and told['error'].startswith('containers: '), told
    assert 'does not answer' in told['error']
    assert re.search('^ +errors 1, the first: containers: ', kabuto.ctl('status').stdout, re.M)
    assert left in containers(kabuto)
    proxy.back()
    kabuto.wait_healthy()
    until(lambda: left not in containers(kabuto), 'it goes when the engine is back')
    assert json.loads(kabuto.ctl('status', '--json').stdout)['healthy']
    clean_sweep(kabuto)
