"""Which HTTP status says a refusal. Pages and the API share this one table."""

from core.errors import Busy, Conflict, Forbidden, NotFound, Refusal, Unavailable

STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Busy, 503),
    (Unavailable, 503),
    (Conflict, 409),
    (Refusal, 422),
)


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status that says `refusal`."""
    return next(status for kind, status in STATUS if isinstance(refusal, kind))
