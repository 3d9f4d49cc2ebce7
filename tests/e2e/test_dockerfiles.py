"""Dockerfiles as people write them today: what a builder lacks, variables, own images as bases."""
import pytest

from client import expect, refused

CLASSIC = {'build': {'builder': 'classic'}}


@pytest.fixture(scope='module')
def dana(start, alive):
    """An account of a Kabuto whose builds use Docker's classic builder, or Podman's."""
    kabuto = start(CLASSIC)
    yield kabuto.user('dana')
    alive.remove(kabuto)
    kabuto.destroy()


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
    ('A', 'KEY=VALUE'), ('=a', 'build_arg'), ('BUILDKIT_SYNTAX=mine', 'BUILDKIT_')])
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
