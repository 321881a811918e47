"""Every act at the chair, by its name."""

from infusion.board import Act
from infusion.web.pages import ending, preparing, reacting, running
from infusion.web.pages.page import Page

PAGES: dict[Act, Page] = {
    **preparing.PAGES,
    **running.PAGES,
    **reacting.PAGES,
    **ending.PAGES,
}
