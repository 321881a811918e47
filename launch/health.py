"""The container's health check: asks the web process of this machine whether it can work."""

import http.client
from collections.abc import Mapping

PATH = "/readyz"
PATIENCE = 5.0  # seconds


def host(environ: Mapping[str, str]) -> str:
    """Return a host name that the settings allow: the first, or localhost."""
    first = environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return first.lstrip(".").replace("*", "localhost") or "localhost"


def is_ready(port: int, name: str = "localhost") -> bool:
    """Whether the clinic says that it can work: `GET /readyz` is 200."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", PATH, headers={"Host": name})
        return line.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()
