"""Dockerfiles as people write them today: what a builder lacks, variables, own images as bases."""
import pytest

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
