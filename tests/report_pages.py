"""What a report's page shows: the labels of its figures, and what it defines."""

from html.parser import HTMLParser

PHASE_HEAD = "Phase"  # the table whose row heads are figures too: what each phase took


class ReportPage(HTMLParser):
    """The figures of a report's page by their labels, and the terms of its definitions.

    A figure is a number with a label, a picture, or a column of numbers; and so is each row of
    the phases' table.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stats: set[str] = set()
        self.others: set[str] = set()
        self.terms: set[str] = set()
        self.definitions: list[str] = []
        self._into: set[str] | list[str] | None = None
        self._words = ""
        self._tag = ""
        self._in_figure = False
        self._heads: set[str] = set()
        self.feed(html)

    @property
    def figures(self) -> set[str]:
        """Every label that needs a definition."""
        return self.stats | self.others

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "figure":
            self._in_figure, self._heads = True, set()
        into = self._target(tag, dict(attrs))
        if into is not None:
            self._into, self._tag, self._words = into, tag, ""

    def _target(self, tag: str, attrs: dict[str, str | None]) -> set[str] | list[str] | None:
        classes = (attrs.get("class") or "").split()
        if tag == "th" and attrs.get("scope") == "row":
            return self.others if PHASE_HEAD in self._heads else None
        if tag == "th":
            return self.others if "is-number" in classes else self._heads
        if tag == "caption":
            return self.others if self._in_figure else None
        if tag == "span" and "stat__label" in classes:
            return self.stats
        if tag == "dt":
            return self.terms
        return self.definitions if tag == "dd" else None

    def handle_data(self, data: str) -> None:
        self._words += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self._in_figure, self._heads = False, set()
        if self._into is None or tag != self._tag:
            return
        words = " ".join(self._words.split())
        if isinstance(self._into, set):
            self._into.add(words)
        else:
            self._into.append(words)
        self._into = None
