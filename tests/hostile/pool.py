"""Work spread over the processors, by fork and pipes alone: there may be no place to write semaphores to."""
import json
import os
import selectors
import traceback

NUMBER = 4  # bytes, of which a pipe gives all or none


def _child(make, top, do, jobs, todo, out):
    os.mkdir(top)
    state = make(top)
    while number := os.read(todo, NUMBER):
        at = int.from_bytes(number, 'little')
        print(json.dumps([at, do(state, jobs[at])]), file=out, flush=True)


def _fork(make, top, do, jobs, todo):
    """Where the child's answers are to be read, and its pid."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(ours)
            _child(make, top, do, jobs, todo, os.fdopen(theirs, 'w'))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    os.close(theirs)
    return os.fdopen(ours), pid


def spread(make, top, do, jobs):
    """Pairs of a job and what do(state, job) gave, as they come. state: what make(directory) gave, once in each process."""
    todo, add = os.pipe()
    for at in range(len(jobs)):
        os.write(add, at.to_bytes(NUMBER, 'little'))
    os.close(add)
    count = min(os.cpu_count() or 1, len(jobs))
    children = dict(_fork(make, os.path.join(top, str(n)), do, jobs, todo) for n in range(count))
    os.close(todo)
    ready = selectors.DefaultSelector()
    for answers in children:
        ready.register(answers, selectors.EVENT_READ)
    while ready.get_map():
        for key, _ in ready.select():
            if line := key.fileobj.readline():
                at, result = json.loads(line)
                yield jobs[at], result
            else:
                ready.unregister(key.fileobj)
    if any(os.waitpid(pid, 0)[1] for pid in children.values()):
        raise RuntimeError('a process of the pool has died')
