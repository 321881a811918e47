"""The protocol as a page to read, check and print: `/protocols/ocrelizumab/`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinical.protocol import DEFAULT_EDITION, Protocol, load, names
from clinics.web.access import signed_in
from core.clinical_words import EDITIONS
from core.errors import NotFound
from reference import rows, sheet
from reference.labels import GRADES
from reference.web.frame import clinics_around

FIRST = "ocrelizumab"


@signed_in
@require_safe
def protocols(request: HttpRequest) -> HttpResponse:
    """There is one protocol: go to it."""
    return redirect("protocol", FIRST)


@signed_in
@require_safe
def protocol_page(request: HttpRequest, name: str) -> HttpResponse:
    """Show every value and rule, the editions side by side, or one of them (`?edition=eu`)."""
    if name not in names():
        raise NotFound
    default = load(name)
    wanted = request.GET.get("edition", "")
    if wanted and wanted not in default.editions():
        raise NotFound
    shown = [wanted] if wanted else list(default.editions())
    clinics = clinics_around(request)
    with timezone.override(clinics[0].time_zone if clinics else "UTC"):
        return render(request, "reference/protocol.html", _context(default, shown))


def _context(default: Protocol, shown: list[str]) -> dict[str, object]:
    editions = {edition: load(default.name, edition) for edition in shown}
    values, rules = sheet.open_values(editions), sheet.open_rules(editions)
    return {
        "protocol": default,
        "columns": sheet.edition_names(shown),
        "choices": [
            (edition, EDITIONS.get(edition, edition), shown == [edition])
            for edition in default.editions()
        ],
        "side_by_side": len(shown) > 1,
        "sections": sheet.sections(editions),
        "tables": {f"titration.{table.option}": table for table in rows.tables(_first(editions))},
        "rule_groups": sheet.rule_groups(editions),
        "open_values": values,
        "open_rules": rules,
        "open_count": len(values) + len(rules),
        "value_count": len(default.values),
        "rule_count": len(default.rules),
        "grades": GRADES.items(),
    }


def _first(editions: dict[str, Protocol]) -> Protocol:
    return editions.get(DEFAULT_EDITION) or next(iter(editions.values()))
