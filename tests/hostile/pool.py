"""Work spread over the processors. Each worker process has a directory of its own, and a state made once."""
import multiprocessing
import os

state = None


def _begin(make, top, numbers):
    global state
    with numbers.get_lock():
        numbers.value += 1
        mine = os.path.join(top, str(numbers.value))
    os.mkdir(mine)
    state = make(mine)


def _work(job):
    do, args = job
    return args, do(state, args)


def spread(make, top, do, jobs):
    """Pairs of a job and what do(state, job) gave, as they come; state is what make(directory) gave in that process."""
    numbers = multiprocessing.Value('i', 0)
    count = min(os.cpu_count() or 1, len(jobs)) or 1
    with multiprocessing.get_context('fork').Pool(count, _begin, (make, top, numbers)) as pool:
        yield from pool.imap_unordered(_work, [(do, job) for job in jobs])
