"""Dockerfiles as people write them today: what a builder lacks, variables, own images as bases."""
import json

import pytest

from client import expect, refused
from ctl import sweep
from holding import HoldingServer
from wait import until

CLASSIC = {'build': {'builder': 'classic'}}


@pytest.fixture(scope='module')
def dana(lasting):
    """An account of a Kabuto whose builds use Docker's classic builder, or Podman's."""
    return lasting(CLASSIC).user('dana')


def says(who, dockerfile, word, **kw):
    """The build fails before the engine sees it, with this word in its error."""
    state = who.wait_build(who.build(dockerfile, **kw), 'FAILED')
    assert word in state['error'], state
    assert state['output'] == [], state


@pytest.mark.docker('Podman knows here-documents from 4.8 on')
@pytest.mark.parametrize('instruction', [
    'RUN <<EOT\ntouch /x\nfalse\nEOT\n', 'RUN cat <<EOT > /x\na\nEOT\n', 'COPY <<EOT /x\na\nEOT\n'])
def test_here_document_is_refused_where_the_builder_would_ignore_it(dana, instruction):
    says(dana, 'FROM busybox\n' + instruction, 'has a here-document (<<EOT)')


@pytest.mark.docker('Podman knows these flags')
@pytest.mark.parametrize('instruction, advice', [
    ('COPY --chmod=755 a /x/y', 'RUN chmod -R 755 /x/y after it'),
    ('COPY --link a /x', 'leave it out'),
    ('ADD --checksum=sha256:0 a /x', 'sha256sum'),
    ('RUN --mount=type=cache,target=/c true', 'only saves time'),
    ('RUN --network=none true', 'the operator chooses')])
def test_flag_is_refused_with_the_way_to_write_it(dana, instruction, advice):
    says(dana, f'FROM busybox\n{instruction}\n', advice)


def test_text_of_the_shell_is_no_here_document(dana):
    image = dana.image('FROM busybox\nRUN echo $((1<<3)) "<<EOT" > /x && \\\n'
                       '  sh -c "cat <<< a" || true\n')
    assert dana.lines(dana.run('cat /x', image=image)['id']) == ['8 <<EOT']


def test_other_languages_are_refused(dana):
    says(dana, '# syntax=example.org/mine:1\nFROM busybox\n', 'another language')
    dana.image('# syntax=docker/dockerfile:1.7\nFROM busybox\n')


@pytest.mark.both
@pytest.mark.parametrize('dockerfile', [
    'ARG BASE=busybox\nFROM $BASE\n', 'FROM ${B:-busybox}\n', 'ARG V=latest\nFROM busybox:${V}\n',
    'ARG A=busy\nARG B=${A}box\nFROM ${B}\n', 'ARG R\nFROM ${R}busybox\n',
    'ARG S=busybox\nFROM busybox AS one\nFROM busybox\nCOPY --from=$S /bin/true /x\n',
    'ARG S=one\nFROM busybox AS one\nFROM busybox\nCOPY --from=${S} /bin/true /x\n',
    'FROM --platform=$BUILDPLATFORM busybox\n', 'FROM --platform=linux/$TARGETARCH busybox\n'])
def test_variables_in_names_of_images_have_values(dana, dockerfile):
    dana.image(dockerfile)


@pytest.mark.parametrize('dockerfile', [
    'FROM $BASE\n', 'ARG BASE\nFROM $BASE\n', 'FROM busybox\nARG BASE=busybox\nFROM $BASE\n',
    'ARG BASE\nFROM busybox:$BASE\n', 'FROM busybox\nCOPY --from=$BASE /bin/true /x\n'])
def test_variable_without_a_value_is_refused_by_its_name(dana, dockerfile):
    says(dana, dockerfile, 'BASE has no value')


def test_stage_may_have_the_name_of_an_id(dana):
    """The classic builder would take be for the beginning of an id if no stage had the name."""
    image = dana.image('FROM busybox AS be\nRUN echo made > /made\nFROM busybox AS fe\n'
                       'COPY --from=be /made /made\nFROM fe\n')
    assert dana.lines(dana.run('cat /made', image=image)['id']) == ['made']
    says(dana, 'FROM busybox AS be\nFROM busybox\nCOPY --from=fe / /\n', 'may be an id')


@pytest.mark.both
def test_build_arguments_are_used_and_shown(dana):
    dockerfile = 'ARG BASE=nosuch\nFROM $BASE\nARG A=1\nARG B\nARG C\nENV ALL="$A $B $C"\n'
    fields = {'build_arg': ['BASE=busybox', 'A=2', 'B=a=b c', 'C=é']}
    image = dana.image(dockerfile, **fields)
    assert dana.lines(dana.run('echo "$ALL"', image=image)['id']) == ['2 a=b c é']
    assert dana.json(f'/image/{image}')[str(image)]['build_arg'] == fields['build_arg']
    again = {'dockerfile': 'FROM busybox\n', 'build_arg': 'X=1'}
    answer = expect(dana.call('PUT', f'/image/{image}', data=again), 200).json()
    dana.wait_build(answer['build_id'], 'SUCCESS')
    assert dana.json(f'/image/{image}')[str(image)]['build_arg'] == ['X=1']


@pytest.mark.parametrize('pair, word', [
    ('A', 'KEY=VALUE'), ('=a', 'build_arg'), ('BUILDKIT_SYNTAX=mine', 'BUILDKIT_'),
    ('HTTP_PROXY=http://x', 'ARG HTTP_PROXY=<address>'), ('no_proxy=x', 'cached steps'),
    ('All_Proxy=', 'cached steps'), ('HTTP\u017f_PROXY=x', 'ASCII')])
def test_bad_build_argument_is_refused(dana, pair, word):
    refused(dana.post('/image', {'name': 'x', 'dockerfile': 'FROM busybox\n', 'build_arg': pair}),
            400, word)


def test_platform_has_its_names_in_a_stage(dana):
    image = dana.image('FROM busybox\nARG TARGETOS TARGETARCH\nRUN echo $TARGETOS/$TARGETARCH > /x\n')
    line, = dana.lines(dana.run('cat /x', image=image)['id'])
    assert line.startswith('linux/') and len(line) > 6


def test_value_that_is_an_id_is_refused(dana):
    says(dana, 'ARG A\nFROM $A\n', 'may be an id', build_arg='A=4f')
    says(dana, 'ARG A=4\nARG B=f\nFROM busybox\nCOPY --from=$A$B / /\n', 'may be an id')


IGNORE = ('\ufeff# what the image does not need\r\n*.log\n/build/\n**/__pycache__\n'
          'docs\n!docs/README.md\nDockerfile\n')
CONTEXT = {'keep.txt': True, 'a.log': False, 'sub/a.log': True, 'build/x': False,
           'sub/build/x': True, 'sub/__pycache__/x.pyc': False, 'docs/a.md': False,
           'docs/README.md': True, '.dockerignore': True, 'Dockerfile': False}


def files_of(who, image):
    job = who.run('cd /ctx && find . -type f | sort', image=image)
    return [line.removeprefix('./') for line in who.lines(job['id'])]


def test_dockerignore_is_heeded_for_an_upload(dana):
    files = [('attachments', (name, b'x')) for name in CONTEXT
             if name not in ('Dockerfile', '.dockerignore')]
    files.append(('attachments', ('.dockerignore', IGNORE.encode())))
    image = dana.image('FROM busybox\nCOPY . /ctx\n', files=files)
    assert files_of(dana, image) == sorted(name for name, goes in CONTEXT.items() if goes)


def test_malformed_dockerignore_is_refused(dana):
    says(dana, 'FROM busybox\nCOPY . /ctx\n', "malformed pattern, '[a'",
         files=[('attachments', ('.dockerignore', b'b\n[a\n'))])


def said(state):
    """All that a build tells its owner."""
    return json.dumps(state)


def secrets_of(kabuto):
    return [secret for secret, in kabuto.sql('SELECT tag_secret FROM build')]


@pytest.mark.both
def test_own_image_is_a_base_by_its_id_and_by_its_name(dana):
    base = dana.image('FROM busybox\nRUN echo base > /base\n', name='my-base')
    for dockerfile in (f'FROM kabuto/{base}\n', 'FROM kabuto/my-base\n',
                       f'ARG B={base}\nFROM kabuto/$B AS x\n', 'FROM kabuto/my-base:latest\n',
                       f'FROM busybox\nCOPY --from=kabuto/{base} /base /base\n'):
        build = dana.build(dockerfile + 'COPY . /ctx/\n')
        state = dana.wait_build(build, 'SUCCESS')
        assert 'kabuto/' in said(state)
        assert not [x for x in secrets_of(dana.kabuto) if x in said(state)], state
        shown = dana.json(f'/image/{state["id"]}')[str(state['id'])]
        assert shown['dockerfile'].startswith(dockerfile)
        assert dana.lines(dana.run('cat /base', image=state['id'])['id']) == ['base']


def test_image_builds_on_its_own_former_build(dana):
    image = dana.image('FROM busybox\nRUN echo 1 >> /x\n', name='grows')
    for _ in range(2):
        fields = {'dockerfile': 'FROM kabuto/grows\nRUN echo 1 >> /x\n'}
        answer = expect(dana.call('PUT', f'/image/{image}', data=fields), 200).json()
        dana.wait_build(answer['build_id'], 'SUCCESS')
    assert dana.lines(dana.run('cat /x', image=image)['id']) == ['1'] * 3


def test_failed_build_on_an_own_image_tells_no_secret(dana):
    dana.image('FROM busybox\nRUN echo base > /base\n', name='my-base')
    for rest in ('COPY --from=kabuto/my-base /nosuch /x\n', 'RUN false\n', 'FROB x\n'):
        state = dana.wait_build(dana.build('FROM kabuto/my-base\n' + rest), 'FAILED')
        assert not [x for x in secrets_of(dana.kabuto) if x in said(state)], state


@pytest.mark.parametrize('name', [
    'kabuto/nosuch', 'kabuto/999999', 'kabuto/', 'docker.io/kabuto/1', 'localhost/kabuto/1',
    'index.docker.io/kabuto/x', 'kabuto/1:2', 'KABUTO/1'])
def test_other_names_below_kabuto_are_refused(dana, name):
    says(dana, f'FROM {name}\n', 'only use your own')
    says(dana, f'FROM busybox\nCOPY --from={name} /x /x\n', 'only use your own')


def test_no_image_of_another_account_is_a_base(dana):
    """Not by its id or name, not by its tag, and not by a digest."""
    kabuto, name = dana.kabuto, 'hers-alone'
    mallory = kabuto.user()
    image = dana.image('FROM busybox\nRUN echo classified > /secret\n', name=name)
    (build, secret), = kabuto.sql('SELECT build.id, tag_secret FROM image JOIN build ON build.id = '
                                  'image.build WHERE image.id = ?', image)
    tag = f'kabuto/{kabuto.instance}-{image}:{build}-{secret}'
    shown = kabuto.engine.call('GET', f'/images/{tag}/json')
    digests = [x.partition('@')[2] for x in shown.get('RepoDigests') or []] + [shown['Id']]
    names = [f'kabuto/{image}', f'kabuto/{name}', tag, 'docker.io/' + tag, 'localhost/' + tag,
             tag.removeprefix('kabuto/')]
    for digest in digests:
        digest = digest if ':' in digest else 'sha256:' + digest
        names += [f'{prefix}kabuto/{kabuto.instance}-{image}@{digest}'
                  for prefix in ('', 'docker.io/', 'localhost/', 'index.docker.io/')]
        names += [f'{kabuto.instance}-{image}@{digest}', f'busybox@{digest}', digest]
    for one in names:
        for text in (f'FROM {one}\nRUN cat /secret\n', f'ARG A={one}\nFROM $A\nRUN cat /secret\n',
                     f'FROM busybox\nCOPY --from={one} /secret /\nRUN cat /secret\n'):
            state = mallory.wait_build(mallory.build(text, name='stolen', nocache='true'))
            assert state['state'] in ('FAILED', 'FAILURE'), (one, state)
            assert 'classified' not in str(state['output']), (one, state)


def test_base_stays_while_a_build_needs_it(dana):
    """It is deleted while the build waits in its first stage."""
    image = dana.image('FROM busybox\nRUN echo base > /base\n', name='passing')
    with HoldingServer() as server:
        build = dana.build(f'FROM busybox\nRUN wget -q -O - http://{server.address(dana)}/\n'
                           f'FROM kabuto/passing\nCOPY --from=0 /etc/passwd /x\n', nocache='true')
        until(lambda: server.asked, 'the build is in its first stage')
        expect(dana.call('DELETE', f'/image/{image}'), 200)
        sweep(dana.kabuto)
        server.release()
        dana.wait_build(build, 'SUCCESS')


@pytest.fixture(scope='module')
def bea(lasting):
    """The same with BuildKit."""
    return lasting({'build': {'builder': 'buildkit'}}).user('bea')


@pytest.mark.docker('Podman has a builder of its own')
def test_own_image_is_a_base_with_buildkit(bea):
    base = bea.image('FROM busybox\nRUN echo base > /base\n', name='my-base')
    for dockerfile in (f'FROM kabuto/{base}\n', 'ARG B=base\nFROM kabuto/my-$B AS x\n',
                       f'FROM busybox\nCOPY --from=kabuto/{base} /base /base\n',
                       'FROM busybox\nRUN --mount=from=kabuto/my-base,target=/m cat /m/base > /base\n'):
        state = bea.wait_build(bea.build(dockerfile, nocache='true'), 'SUCCESS')
        assert 'kabuto/' in said(state)
        assert not [x for x in secrets_of(bea.kabuto) if x in said(state)], state
        assert bea.lines(bea.run('cat /base', image=state['id'])['id']) == ['base']


@pytest.mark.docker('Podman has a builder of its own')
def test_no_image_of_another_account_is_a_base_with_buildkit(bea):
    kabuto, mallory = bea.kabuto, bea.kabuto.user()
    image = bea.image('FROM busybox\nRUN echo classified > /secret\n', name='hers-alone')
    (build, secret), = kabuto.sql('SELECT build.id, tag_secret FROM image JOIN build ON build.id = '
                                  'image.build WHERE image.id = ?', image)
    tag = f'kabuto/{kabuto.instance}-{image}:{build}-{secret}'
    for name in (f'kabuto/{image}', 'kabuto/hers-alone', tag, 'docker.io/' + tag, f'"{tag}"'):
        for text in (f'FROM {name}\nRUN cat /secret\n',
                     f'FROM busybox\nCOPY --from={name} /secret /\nRUN cat /secret\n',
                     f'FROM busybox\nCOPY --"from"={name} /secret /\nRUN cat /secret\n',
                     f'FROM busybox\nRUN --mount=from={name},target=/m cat /m/secret\n',
                     f'FROM busybox\nRUN --mount=target=/m,"from={name}" cat /m/secret\n'):
            state = mallory.wait_build(mallory.build(text, name='stolen', nocache='true'))
            assert state['state'] == 'FAILED', (text, state)
            assert 'classified' not in str(state['output']), (text, state)


@pytest.mark.docker('Podman has a builder of its own')
def test_dockerignore_is_heeded_with_buildkit(bea):
    """The engine reads the Dockerfile from the context, which it is therefore a part of."""
    files = [('attachments', (name, b'x')) for name in CONTEXT
             if name not in ('Dockerfile', '.dockerignore')]
    files.append(('attachments', ('Dockerfile.dockerignore', IGNORE.encode())))
    files.append(('attachments', ('.dockerignore', b'*')))
    image = bea.image('FROM busybox\nCOPY . /ctx\n', files=files)
    goes = {name for name, goes in CONTEXT.items() if goes}
    assert set(files_of(bea, image)) == goes | {'Dockerfile', 'Dockerfile.dockerignore'}


@pytest.mark.docker('Podman has a builder of its own')
def test_names_of_files_in_a_context_may_be_of_any_language(bea):
    """Such a name, as the first of a context, made BuildKit take the tar for a Dockerfile."""
    names = ['Ünï/é', '日本語.txt', 'Dockerfile']
    files = [('attachments', (name, 'FROM busybox\nCOPY . /ctx\n')) for name in names]
    assert files_of(bea, bea.image(None, files=files)) == sorted(names)


def modes_of(who, image):
    job = who.run('cd /ctx && find . | sort | while read f; do stat -c "%a %u:%g $f" $f; done',
                  image=image)
    return who.lines(job['id'])


def test_files_of_an_uploaded_context_are_executable(dana):
    """A form has no modes; docker gives these to clients without."""
    files = [('attachments', (name, b'x')) for name in ('run.sh', 'sub/deep/x')]
    for dockerfile in ('FROM busybox\nCOPY . /ctx\n', 'FROM ${B:-busybox}\nCOPY . /ctx\n'):
        image = dana.image(dockerfile, files=files)
        assert modes_of(dana, image) == [f'755 0:0 {name}' for name in (
            '.', './Dockerfile', './run.sh', './sub', './sub/deep', './sub/deep/x')]
