"""What is charted, in words, for templates."""

from django import template

from infusion.models import InfusionEvent
from infusion.web.entries import details
from infusion.web.words import on_the_wall

register = template.Library()


@register.filter
def charted(event: InfusionEvent) -> str:
    """`{{ event|charted }}`: the values of one fact as people read them."""
    return details(event)


@register.filter
def wall(words: str) -> str:
    """`{{ finding.words|wall }}`: a sentence of the clinical core on the clinic's own clock."""
    return on_the_wall(words)
