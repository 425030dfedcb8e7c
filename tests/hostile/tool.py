"""One run of a tool, within bounds."""
import os
import resource
import subprocess

SECONDS = 10  # of a processor
PATIENCE = 30  # seconds, in which a machine that has much else to do gives it those; then it hangs


def _used():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(words, **more):
    """Its status, what it says on stderr, and stdout; the status is None, and the text says why, when no tool may end so."""
    name, before = os.path.basename(words[0]), _used()
    try:
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE, **more)
    except subprocess.TimeoutExpired:
        return None, f'{name}: hangs for {PATIENCE} seconds', b''
    text = done.stderr.decode(errors='replace').strip()
    if done.returncode < 0 or 'Sanitizer' in text or 'runtime error' in text:
        return None, f'{name} died: {done.returncode} {text[:2000]}', b''
    if _used() - before > SECONDS:
        return None, f'{name}: takes more than {SECONDS} seconds', b''
    return done.returncode, text, done.stdout
