"""Pages as PDF/UA files, made by WeasyPrint from a template and the project's own static files.

Nothing is fetched from anywhere: an address outside the static files breaks the making.
"""

import logging
import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from core.errors import Unavailable

STATIC = "https://static.invalid/"
"""Where a PDF's template finds static files; no such host exists."""
VARIANT = "pdf/ua-1"
MISSING = "PDFs cannot be made on this machine. Print the page instead."
log = logging.getLogger(__name__)


def pdf_of(html: str) -> bytes:
    """Return the page `html` as a tagged PDF.

    Slow work: called by views, never inside a command. Raises Unavailable where WeasyPrint's
    libraries are not installed.
    """
    library = _library()
    page = library.HTML(string=html, base_url=STATIC, url_fetcher=_fetcher())
    return bytes(page.write_pdf(pdf_variant=VARIANT))


def available() -> bool:
    """Return whether PDFs can be made on this machine."""
    try:
        _library()
    except Unavailable:
        return False
    return True


def _library() -> Any:
    try:
        import weasyprint  # noqa: PLC0415 - its libraries are Debian's and may not be there
    except OSError as exc:
        log.warning("WeasyPrint does not load: %s", type(exc).__name__)
        raise Unavailable(MISSING) from exc
    return weasyprint


@cache
def _fetcher() -> Any:
    from weasyprint.urls import (  # noqa: PLC0415 - as above
        FatalURLFetchingError,
        URLFetcher,
        URLFetcherResponse,
    )

    class StaticOnly(URLFetcher):  # type: ignore[misc]
        """Gives static files, and nothing else."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            del headers
            path = finders.find(url.removeprefix(STATIC)) if url.startswith(STATIC) else None
            if path is None:
                raise FatalURLFetchingError(f"{url} is not a static file")
            kind = mimetypes.guess_type(str(path))[0] or "application/octet-stream"
            body = Path(str(path)).read_bytes()
            return URLFetcherResponse(url, body=body, headers={"Content-Type": kind})

    return StaticOnly()
