"""Every route says who may use it; a test walks all routes and fails on one that does not."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Audience(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    CLINIC = "clinic"
    SUPERUSER = "superuser"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a route, and with which permission when it belongs to a clinic."""

    audience: Audience
    permission: str = ""


def declare(view: Callable[..., Any], access: Access) -> None:
    """Write `access` on a view, where the test over all routes looks for it."""
    view.access = access  # type: ignore[attr-defined]


def access_of(view: Callable[..., Any]) -> Access | None:
    """Return what a route's view, or its class, declares; None when it says nothing."""
    found = getattr(view, "access", None) or getattr(getattr(view, "cls", None), "access", None)
    return found if isinstance(found, Access) else None


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Declare that anybody may use this route, signed in or not."""
    declare(view, Access(Audience.PUBLIC))
    return view
