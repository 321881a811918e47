"""Typed readers of environment variables.

Settings are read once at start. Every reader notes what is wrong and carries on with a harmless
stand-in, so that a person who got three settings wrong is told three things, not one at a time.
Values of settings that may hold a secret (keys, database and Redis addresses) are never repeated
in a message.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

import dj_database_url

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})
ENGINE = "django.db.backends.postgresql"
REDIS_SCHEMES = ("redis", "rediss", "unix")


class BadSettings(SystemExit):
    """The process stops with exit code 2; `problems` holds one sentence for each bad setting."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(2)
        self.problems = tuple(problems)


class Env:
    """Reads settings from a mapping of environment variables.

    A reader called without a default (or with None) wants the variable to be there; a variable
    that is set but blank counts as not there, as it does in most deployment tools.
    """

    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source
        self.problems: list[str] = []

    def _raw(self, name: str) -> str:
        return self._source.get(name, "").strip()

    def _note(self, problem: str) -> None:
        # One variable may be read by the shared settings and again by those of one way of running.
        if problem not in self.problems:
            self.problems.append(problem)

    def _missing(self, name: str) -> None:
        self._note(f"{name} is not set, and there is no default for it.")

    def _refuse(self, name: str, expected: str, *, found: str | None = None) -> None:
        shown = "" if found is None else f", not {found!r}"
        self._note(f"{name} must be {expected}{shown}.")

    def text(self, name: str, default: str | None = None, *, minimum_length: int = 0) -> str:
        """Return any text; `minimum_length` counts characters. The value is never shown."""
        value = self._raw(name)
        if not value:
            if default is None:
                self._missing(name)
            return default or ""
        if len(value) < minimum_length:
            self._refuse(name, f"at least {minimum_length} characters long")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:  # noqa: FBT001 - a value, as in the others
        """Return yes or no, written 1/0, true/false, yes/no or on/off."""
        value = self._raw(name).lower()
        if not value:
            if default is None:
                self._missing(name)
            return bool(default)
        if value not in YES | NO:
            self._refuse(name, "yes or no (1/0, true/false, yes/no, on/off)", found=value)
        return value in YES

    def integer(
        self,
        name: str,
        default: int | None = None,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int:
        """Return a whole number between `minimum` and `maximum`, both included."""
        value = self._raw(name)
        if not value:
            if default is None:
                self._missing(name)
            return default or 0
        try:
            number = int(value)
        except ValueError:
            self._refuse(name, _whole_number(minimum, maximum), found=value)
            return default or 0
        too_small = minimum is not None and number < minimum
        too_large = maximum is not None and number > maximum
        if too_small or too_large:
            self._refuse(name, _whole_number(minimum, maximum), found=value)
        return number

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """Return one of `options`, spelled exactly as there."""
        value = self._raw(name)
        if not value:
            if default is None:
                self._missing(name)
            return default or options[0]
        if value not in options:
            self._refuse(name, f"one of {', '.join(options)}", found=value)
            return default or options[0]
        return value

    def rate(self, name: str, default: str) -> str:
        """Return how many times in what span something may happen: `600/min`."""
        value = self._raw(name) or default
        if re.fullmatch(r"[1-9][0-9]*/(s|sec|m|min|h|hour|d|day)", value) is None:
            self._refuse(name, "a number and a span, as in 600/min", found=value)
            return default
        return value

    def listing(self, name: str, default: Sequence[str] | None = None) -> list[str]:
        """Return the entries of a comma-separated list, without blank ones."""
        entries = [entry.strip() for entry in self._raw(name).split(",") if entry.strip()]
        if entries:
            return entries
        if default is None:
            self._missing(name)
        return list(default or ())

    def url(self, name: str, default: str | None = None) -> str:
        """Return an http or https address without a slash at its end."""
        value = self._raw(name)
        if not value:
            if default is None:
                self._missing(name)
            return default or ""
        if not _is_web_address(value):
            self._refuse(name, "an http:// or https:// address", found=value)
        return value.rstrip("/")

    def url_list(self, name: str, default: Sequence[str] | None = None) -> list[str]:
        """Return a comma-separated list of http or https addresses."""
        entries = self.listing(name, default)
        for entry in entries:
            if not _is_web_address(entry):
                self._refuse(name, "a list of http:// or https:// addresses", found=entry)
        return [entry.rstrip("/") for entry in entries]

    def database(self, name: str, *, required: bool = False) -> dict[str, Any]:
        """Return Django's description of the PostgreSQL database at an address.

        A socket folder is written `postgresql://user@/name?host=/folder`; it is handed on as
        HOST, which is where Django and its `dbshell` look for it. Without an address, and none
        required, the engine alone is named: enough for the commands that touch no database.
        """
        value = self._raw(name)
        if not value:
            if required:
                self._missing(name)
            return {"ENGINE": ENGINE}
        expected = "a PostgreSQL address such as postgresql://user:password@host:5432/clinic"
        try:
            parsed: dict[str, Any] = dict(dj_database_url.parse(value))
        except ValueError:
            parsed = {}
        if parsed.get("ENGINE") != ENGINE:
            self._refuse(name, expected)
            return {"ENGINE": ENGINE}
        if not parsed["NAME"]:
            self._refuse(name, f"{expected}, with the name of the database")
        options = parsed.get("OPTIONS", {})
        parsed["HOST"] = options.pop("host", parsed["HOST"])
        if not options:
            parsed.pop("OPTIONS", None)
        return parsed

    def redis(self, name: str, default: str | None = None) -> str:
        """Return a Redis address as redis-py reads it (redis://, rediss:// or unix://)."""
        value = self._raw(name) or (default or "")
        if not value:
            self._missing(name)
            return ""
        if not _is_redis_address(value):
            self._refuse(name, "a Redis address such as redis://host:6379/0")
        return value

    def stop_if_bad(self) -> None:
        """Print one line for each problem and stop the process.

        Raises BadSettings (exit code 2) when there is any problem.
        """
        if self.problems:
            stop(self.problems)


def stop(problems: Sequence[str]) -> NoReturn:
    """Print one line for each problem to standard error, then raise BadSettings."""
    for problem in problems:
        sys.stderr.write(f"settings: {problem}\n")
    raise BadSettings(problems)


def _whole_number(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f"a whole number from {minimum} to {maximum}"
    if minimum is not None:
        return f"a whole number of at least {minimum}"
    if maximum is not None:
        return f"a whole number of at most {maximum}"
    return "a whole number"


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_redis_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        if parts.scheme == "unix":
            return unquote(parts.path).startswith("/")
        return parts.scheme in REDIS_SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
