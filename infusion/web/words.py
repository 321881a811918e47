"""Sentences of the clinical core, put into the clinic's own clock."""

import re
from datetime import datetime

from core import display
from core.zones import current_zone

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


def on_the_wall(words: str) -> str:
    """Return `words` with every instant as the clinic's clock shows it: 14:05.

    The core says instants in UTC and knows no clinic; people read the wall.
    """
    zone = current_zone()

    def shown(found: re.Match[str]) -> str:
        return display.clinical_time(datetime.fromisoformat(found.group()), zone)

    return INSTANT.sub(shown, words)
