"""What was prepared before the start, for templates."""

from django import template

from infusion.models import InfusionEvent
from infusion.web.prepared import lines_of

register = template.Library()


@register.filter
def prepared_lines(event: InfusionEvent | None) -> list[str]:
    """Return an entry before the start in short lines."""
    return [] if event is None else lines_of(event)
