"""Words a person gives for an act that needs them."""

from core.errors import Invalid

LONGEST = 200


def checked_reason(reason: str) -> str:
    """Return the reason without its margins; raises Invalid when it is empty or too long."""
    text = reason.strip()
    if not 0 < len(text) <= LONGEST:
        raise Invalid("Give a reason.", {"reason": [f"1 to {LONGEST} characters."]})
    return text
