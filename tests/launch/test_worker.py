"""What a worker of the web server does before its first request."""

import subprocess
import sys

START = """
import gc, sys
import config.wsgi
from config.gunicorn import post_worker_init
post_worker_init(None)
print("scheduling.web.urls" in sys.modules, gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_views_are_loaded_and_the_program_is_kept_from_the_garbage_collector() -> None:
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    loaded, kept, looked_at = done.stdout.split()
    assert loaded == "True"
    assert int(kept) > 100 * int(looked_at)
