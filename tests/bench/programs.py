"""Programs that the measurements run: one that fails ends the measurement with its own words."""
import subprocess

TEXT_MOST = 2000  # characters of them


def output(*command, **kw):
    """Runs a program and gives its stdout as text."""
    words = [str(word) for word in command]
    answer = subprocess.run(words, capture_output=True, text=True, check=False, **kw)
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).strip()[-TEXT_MOST:]
        raise RuntimeError(f'{" ".join(words)} ended with status {answer.returncode}: {said}')
    return answer.stdout
