"""The signing key of one checkout, for use on a person's own machine only."""

import os
import secrets

from launch.places import Places


def secret_key(places: Places) -> str:
    """Return this checkout's own signing key, made at the first call."""
    kept = places.home / "secret-key"
    places.home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept.read_text().strip()
    with os.fdopen(descriptor, "w") as out:
        key = secrets.token_urlsafe(64)
        out.write(key)
    return key
