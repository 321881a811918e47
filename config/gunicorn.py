"""How gunicorn serves the web process, on one's own machine and in a container alike."""

import gc
import os

from config.env import Env

env = Env(os.environ)

host = env.text("WEB_HOST", default="127.0.0.1")
port = env.integer("PORT", default=8000, minimum=1, maximum=65535)
bind = f"{host}:{port}"
workers = env.integer("WEB_CONCURRENCY", default=2, minimum=1)
# Few, since what a thread waits for here is short: with four, twelve clerks who book at once wait
# half as long again as with two (make bench ONLY=booking).
threads = env.integer("WEB_THREADS", default=2, minimum=1)
worker_class = "gthread"
graceful_timeout = 10
keepalive = 5
# A worker reports that it lives by touching a file; on a slow disk that touch can block it.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 - shared memory, 0600
accesslog = "-"
# The path without its query: a search holds a person's name.
access_log_format = "%(m)s %(U)s %(s)s %(B)sB %(M)sms"
control_socket_disable = True


def post_worker_init(worker: object) -> None:
    """Take the program out of the sight of Python's garbage collector: what it is made of stays as
    long as the worker.

    A full collection looked at each of its 180 thousand objects and held all threads up for a tenth
    of a second, at times with a day locked for which others waited.
    """
    del worker
    gc.collect()
    gc.freeze()


env.stop_if_bad()
