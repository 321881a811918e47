"""One page: the process number of the server, when the path is /readyz."""

import os
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer 200 on /readyz, 404 elsewhere."""
    found = environ["PATH_INFO"] == "/readyz"
    start_response("200 OK" if found else "404 Not Found", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
