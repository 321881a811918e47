"""What is charted, in words, for templates."""

from django import template

from clinical.model import Protocol
from clinical.run import RunState
from infusion.models import InfusionEvent
from infusion.web.entries import details
from infusion.web.vital_times import Words, due_words, schedule_words
from infusion.web.words import on_the_wall

register = template.Library()


@register.filter
def vital_times(protocol: Protocol) -> str:
    """`{{ bed.protocol|vital_times }}`: how often vital signs are asked for here."""
    return schedule_words(protocol)


@register.filter
def vitals_why(run: RunState) -> Words:
    """`{{ bed.run|vitals_why }}`: what the next vital signs are for, before their time."""
    return due_words(run.vitals_why)


@register.filter
def charted(event: InfusionEvent) -> str:
    """`{{ event|charted }}`: the values of one fact as people read them."""
    return details(event)


@register.filter
def wall(words: str) -> str:
    """`{{ finding.words|wall }}`: a sentence of the clinical core on the clinic's own clock."""
    return on_the_wall(words)
