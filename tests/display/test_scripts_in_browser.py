"""The small scripts: theme, clocks, connection, shortcuts, dialogs, undo, polling."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from core.web.styleguide_cast import NOW
from tests.display.conftest import Open

pytestmark = pytest.mark.browser
GUIDE = "/styleguide/"


def with_clock(visitor: Open, device: datetime = NOW, **options: Any) -> Any:
    """A window whose device says it is `device`, and whose time only moves when told to."""
    window = visitor(**options)
    window.page.clock.install(time=device)
    return window


class TestTheme:
    def test_a_press_swaps_it_and_it_is_remembered(self, visitor: Open) -> None:
        page = visitor(color_scheme="light").visit(GUIDE)
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="Dark theme").click()
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark != light
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
        assert page.evaluate("Object.keys(localStorage)") == ["theme"]

    def test_it_is_there_before_the_first_paint(self, visitor: Open) -> None:
        window = visitor(color_scheme="light")
        window.page.add_init_script(
            """localStorage.setItem("theme", "dark");
               new MutationObserver((_, watch) => {
                 if (!document.body) return;
                 window.themeAtBody = document.documentElement.dataset.theme;
                 watch.disconnect();
               }).observe(document, { childList: true, subtree: true });"""
        )
        assert window.visit(GUIDE).evaluate("window.themeAtBody") == "dark"

    def test_the_system_decides_until_somebody_does(self, visitor: Open) -> None:
        page = visitor(color_scheme="dark").visit(GUIDE)
        assert page.evaluate("document.documentElement.dataset.theme") is None
        button = page.get_by_role("button", name="Dark theme")
        expect(button).to_have_attribute("aria-pressed", "true")


class TestDueClock:
    @pytest.mark.parametrize("wrong", [timedelta(0), timedelta(hours=3), timedelta(days=-400)])
    def test_a_device_with_a_wrong_clock_counts_right(
        self, visitor: Open, wrong: timedelta
    ) -> None:
        page = with_clock(visitor, NOW + wrong).visit(GUIDE)
        expect(page.locator("#chair-1 due-clock")).to_have_text("4min")
        expect(page.locator("#chair-4 due-clock")).to_have_text("Overdue 3min")
        expect(page.locator("#chair-5 due-clock")).to_have_text("1hr 7min")

    def test_it_ticks_turns_due_and_then_overdue(self, visitor: Open) -> None:
        page = with_clock(visitor).visit(GUIDE)
        clock = page.locator("#chair-1 due-clock")
        page.clock.run_for(61_000)
        expect(clock).to_have_text("3min")
        page.clock.run_for(179_500)
        expect(clock).to_have_text("Due now")
        page.clock.run_for(61_000)
        expect(clock).to_have_text("Overdue 1min")
        assert "is-overdue" in (clock.get_attribute("class") or "")

    def test_soon_is_told_by_a_class_and_not_before(self, visitor: Open) -> None:
        page = with_clock(visitor).visit(GUIDE)
        assert "is-soon" in (page.locator("#chair-1 due-clock").get_attribute("class") or "")
        assert "is-soon" not in (page.locator("#chair-2 due-clock").get_attribute("class") or "")

    @pytest.mark.parametrize(
        "wake",
        [
            "document.dispatchEvent(new Event('visibilitychange'))",
            "window.dispatchEvent(new Event('pageshow'))",
            "window.dispatchEvent(new Event('online'))",
            "window.dispatchEvent(new Event('focus'))",
        ],
    )
    def test_a_tablet_that_slept_is_right_when_it_wakes(self, visitor: Open, wake: str) -> None:
        page = with_clock(visitor).visit(GUIDE)
        # A sleeping device runs no timers: the time jumps and nothing fires.
        page.clock.set_fixed_time(NOW + timedelta(minutes=9, seconds=20))
        page.evaluate(wake)
        expect(page.locator("#chair-1 due-clock")).to_have_text("Overdue 5min")

    def test_a_new_due_time_is_taken_over(self, visitor: Open) -> None:
        page = with_clock(visitor).visit(GUIDE)
        later = (NOW + timedelta(minutes=30)).astimezone(UTC).isoformat()
        clock = page.locator("#chair-1 due-clock")
        clock.evaluate("(element, due) => element.setAttribute('due', due)", later)
        expect(clock).to_have_text("30min")


class TestConnection:
    def label(self, page: Page) -> Any:
        return page.locator(".topbar connection-state [data-label]")

    def test_it_says_when_the_server_last_answered_in_the_clinics_zone(self, visitor: Open) -> None:
        window = with_clock(visitor, timezone_id="Asia/Tokyo")
        expect(self.label(window.visit(GUIDE))).to_have_text("Connected · updated 14:28:10")

    def test_silence_is_called_offline_within_30_seconds(self, visitor: Open) -> None:
        window = with_clock(visitor)
        window.page.route("**/healthz", lambda route: route.abort())
        page = window.visit(GUIDE)
        page.clock.run_for(30_000)
        expect(self.label(page)).to_have_text("Offline since 14:28")
        expect(page.locator(".offline-note")).to_be_visible()
        assert "Connected" not in page.locator(".topbar").inner_text()

    def test_it_comes_back_by_itself(self, visitor: Open) -> None:
        window = with_clock(visitor)
        silent = [True]
        window.page.route(
            "**/healthz",
            lambda route: route.abort() if silent[0] else route.fulfill(status=200, body="{}"),
        )
        page = window.visit(GUIDE)
        page.clock.run_for(30_000)
        expect(self.label(page)).to_contain_text("Offline")
        silent[0] = False
        page.clock.run_for(6_000)
        expect(self.label(page)).to_contain_text("Connected")
        expect(page.locator(".offline-note")).to_be_hidden()

    def test_a_cut_network_is_offline_at_once(self, visitor: Open) -> None:
        window = with_clock(visitor)
        page = window.visit(GUIDE)
        window.context.set_offline(True)
        expect(self.label(page)).to_have_text("Offline since 14:28")

    def test_only_the_change_is_spoken(self, visitor: Open) -> None:
        window = with_clock(visitor)
        window.page.route("**/healthz", lambda route: route.abort())
        page = window.visit(GUIDE)
        voice = page.locator(".topbar connection-state [role=status]")
        expect(voice).to_have_text("")
        page.clock.run_for(30_000)
        expect(voice).to_have_text("Offline since 14:28")


class TestKeyboard:
    def test_slash_goes_to_the_search(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Find a patient").first).to_be_focused()
        page.keyboard.type("o/?")
        expect(page.locator("#site-search")).to_have_value("o/?")
        expect(page.locator("#help")).to_be_hidden()

    def test_question_mark_opens_the_help_and_escape_closes_it(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()

    def test_they_can_be_switched_off(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        page.keyboard.press("?")
        page.get_by_label("Single-key shortcuts on this device").uncheck()
        page.keyboard.press("Escape")
        page.reload()
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_hidden()

    def test_brackets_press_what_carries_them(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        page.evaluate(
            """() => {
              const link = document.querySelector(".button-group a");
              link.dataset.key = "[";
              link.addEventListener("click", () => (window.pressed = true));
            }"""
        )
        page.keyboard.press("[")
        assert page.evaluate("window.pressed") is True


class TestDialogsAndMenus:
    def test_a_dialog_opens_takes_the_focus_and_gives_it_back(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        opener = page.get_by_role("button", name="Open a dialog")
        opener.click()
        dialog = page.get_by_role("dialog", name="Change the rate: DOE, chair 1")
        expect(dialog).to_be_visible()
        assert dialog.evaluate("dialog => dialog.contains(document.activeElement)")
        dialog.get_by_role("button", name="Back").click()
        expect(dialog).to_be_hidden()
        expect(opener).to_be_focused()

    def test_a_fragment_opens_the_dialog_and_an_event_closes_it(self, visitor: Open) -> None:
        window = visitor()
        window.page.route(
            "**/fragment", answer('<h2 id="dialog-title">Move DOE</h2><a autofocus href="#x">x</a>')
        )
        page = window.visit(GUIDE)
        page.evaluate("htmx.ajax('GET', '/fragment', {target: '#dialog', swap: 'innerHTML'})")
        expect(page.get_by_role("dialog", name="Move DOE")).to_be_visible()
        page.evaluate(
            "document.body.dispatchEvent(new CustomEvent('dialog:close', {bubbles: true}))"
        )
        expect(page.locator("#dialog")).to_be_hidden()

    def test_a_refused_form_is_shown_and_its_summary_has_the_focus(self, visitor: Open) -> None:
        window = visitor()
        summary = '<error-summary><div tabindex="-1" id="s">no</div></error-summary>'
        window.page.route("**/refused", answer(summary, 422))
        page = window.visit(GUIDE)
        page.evaluate("htmx.ajax('POST', '/refused', {target: '#dialog', swap: 'innerHTML'})")
        expect(page.locator("#s")).to_be_focused()

    def test_a_menu_closes_by_escape_and_by_a_press_elsewhere(self, visitor: Open) -> None:
        page = visitor().visit(GUIDE)
        menu = page.locator(".topbar details.menu")
        menu.locator("summary").click()
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(menu.locator("summary")).to_be_focused()
        menu.locator("summary").click()
        page.locator("h1").click()
        expect(menu).not_to_have_attribute("open", "")


def answer(body: str, status: int = 200) -> Any:
    """A route handler that always answers so."""

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type="text/html", body=body)

    return fulfil


POLL = """() => {
  const poll = document.createElement("live-poll");
  poll.setAttribute("hx-get", "/poll");
  poll.setAttribute("hx-trigger", "every 10s, wake");
  poll.setAttribute("hx-swap", "none");
  document.querySelector("main").append(poll);
  htmx.process(poll);
}"""


LOOKED_AT = """(state) =>
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true })"""


class TestPolling:
    def test_only_the_changed_piece_is_replaced(self, visitor: Open) -> None:
        window = with_clock(visitor)
        window.page.route(
            "**/poll", answer('<article id="chair-2" hx-swap-oob="true">new</article>')
        )
        page = window.visit(GUIDE)
        before = page.locator("#chair-1").inner_text()
        page.evaluate(POLL)
        page.clock.run_for(10_500)
        expect(page.locator("#chair-2")).to_have_text("new")
        assert page.locator("#chair-1").inner_text() == before

    def test_nothing_changes_when_the_answer_is_204(self, visitor: Open) -> None:
        window = with_clock(visitor)
        window.page.route("**/poll", answer("", 204))
        page = window.visit(GUIDE)
        page.evaluate(POLL)
        with page.expect_response("**/poll"):
            page.clock.run_for(10_500)
        expect(page.locator("#chair-2")).to_contain_text("SMITH, Ann")

    def test_it_asks_at_once_on_waking_and_not_while_hidden(self, visitor: Open) -> None:
        window = with_clock(visitor)
        asked: list[str] = []
        window.page.on("request", lambda sent: asked.append(sent.url))
        window.page.route("**/poll", answer("", 204))
        page = window.visit(GUIDE)
        page.evaluate(POLL)
        page.evaluate(LOOKED_AT, "hidden")
        page.clock.run_for(25_000)
        assert not [url for url in asked if url.endswith("/poll")]
        page.evaluate(LOOKED_AT, "visible")
        with page.expect_response("**/poll"):
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        assert len([url for url in asked if url.endswith("/poll")]) == 1


def test_undo_goes_away_after_its_ten_seconds(visitor: Open) -> None:
    page = with_clock(visitor).visit(GUIDE)
    page.evaluate(
        """() => {
          const bar = document.createElement("undo-bar");
          bar.setAttribute("seconds", "10");
          const left = document.createElement("span");
          left.dataset.left = "";
          bar.append(left);
          document.getElementById("toasts").append(bar);
        }"""
    )
    page.clock.run_for(6_000)
    expect(page.locator("undo-bar [data-left]")).to_have_text("4s")
    page.clock.run_for(5_000)
    expect(page.locator("undo-bar")).to_have_count(0)


def test_nothing_is_kept_in_the_browser(visitor: Open) -> None:
    page = visitor().visit(GUIDE)
    assert page.evaluate("Object.keys(localStorage)") == []
    # htmx notes the address of the page; no page is copied, its history cache is off.
    kept = page.evaluate("Object.entries(sessionStorage)")
    assert kept == [["htmx-current-path-for-history", GUIDE]]
