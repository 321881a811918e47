"""The handover: one sheet for the next shift."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clinics.permissions import BOARD_VIEW
from clinics.web.access import ClinicRequest, allow
from core import clock
from infusion.board import Board
from infusion.handover import handover
from infusion.selectors import board as read_board
from infusion.services.reading import record_board_read
from infusion.web.cards import STATES, headline, what_is_due


@allow(BOARD_VIEW)
@require_safe
def handover_page(request: ClinicRequest) -> HttpResponse:
    """Who sits where, what comes next, what is due in the next hours."""
    now = clock.now()
    room = read_board(request.actor, now)
    visits = {card.seated.visit_id for card in room.cards if card.seated}
    visits |= {card.coming.visit_id for card in room.cards if card.coming}
    record_board_read(
        clinic=request.clinic, visits=visits, page="handover", actor=request.actor, now=now
    )
    return render(request, "infusion/handover.html", context_of(room))


def context_of(room: Board) -> dict[str, Any]:
    """Return what the handover's templates show."""
    sheet = handover(room)
    return {
        "now": room.now,
        "sheet": sheet,
        "lines": [
            (
                line,
                *STATES[line.card.place],
                headline(line.following) if line.following else "",
                [what_is_due(due) for due in line.overdue],
            )
            for line in sheet.lines
        ],
        "ahead": [(prompt, what_is_due(prompt.due)) for prompt in sheet.ahead],
    }
