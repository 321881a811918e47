// <day-grid>: the chairs of one day, drawn by EventCalendar from the feed the server wrote into the page.
// Nothing is saved by dragging: a drop asks the server what would change, in the page's dialog. Only its own
// button saves; closing it puts the visit back. Every ten seconds the feed is asked for again, 204 when unchanged.
const EVERY = 10_000;
const QUARTER = 15;
const LONG_PRESS = 450;
const PLACEHOLDER = "00000000-0000-0000-0000-000000000000";
const SVG = "http://www.w3.org/2000/svg";
const LABEL = 128; // pixels of the column with the chairs' names, as in day-grid.css
const NARROWEST = 14; // pixels of a quarter-hour, before the grid scrolls sideways

const clock = (date) => date.toISOString().slice(11, 16);
const minutes = (wall) => Date.parse(`${wall}Z`) / 60_000;

function draw(name, attributes) {
  const shape = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
  return shape;
}

// The visit in its phases, and under them what really happened, on one scale of minutes.
function picture(booking) {
  const total = minutes(booking.ends) - minutes(booking.starts);
  const svg = draw("svg", { class: "visit__picture", viewBox: `0 0 ${total} 20`, preserveAspectRatio: "none", "aria-hidden": "true" });
  let from = 0;
  booking.phases.forEach((length, phase) => {
    const width = phase === booking.phases.length - 1 ? total - from : length;
    svg.append(draw("rect", { class: `visit__phase visit__phase--${phase}`, x: from, y: 0, width, height: 20 }));
    from += width;
  });
  booking.happened.forEach(([start, end], phase) => {
    const x = Math.max(start, 0);
    const width = Math.min(end, total) - x;
    if (width > 0) svg.append(draw("rect", { class: `visit__happened visit__happened--${phase}`, x, y: 17, width, height: 3 }));
  });
  return svg;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

// A real button, because the library's own element may not carry that role.
function words(booking) {
  const button = element("button", "visit__words");
  button.type = "button";
  button.dataset.visit = booking.id;
  button.append(element("span", "visit__name", booking.name), element("span", "visit__facts num", booking.facts));
  button.append(element("span", "visually-hidden", `, ${booking.state}`));
  return button;
}

class DayGrid extends HTMLElement {
  connectedCallback() {
    this.feed = JSON.parse(document.getElementById("day-feed").textContent);
    this.dialog = document.getElementById("dialog");
    this.box = this.querySelector("[data-grid]");
    this.calendar = window.EventCalendar.create(this.box, this.options());
    this.box.addEventListener("click", this.pressed);
    this.repair();
    requestAnimationFrame(() => this.goToNow());
    this.watcher = new MutationObserver(() => this.repair());
    this.watcher.observe(this.box, { childList: true, subtree: true });
    this.sizer = new ResizeObserver(() => this.fit());
    this.sizer.observe(this);
    this.timer = setInterval(() => this.ask(), EVERY);
    this.wake = () => document.visibilityState === "visible" && this.ask();
    document.addEventListener("visibilitychange", this.wake);
    document.addEventListener("day:changed", this.saved);
    this.dialog.addEventListener("close", this.putBack);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.watcher.disconnect();
    this.sizer.disconnect();
    document.removeEventListener("visibilitychange", this.wake);
    document.removeEventListener("day:changed", this.saved);
    this.dialog.removeEventListener("close", this.putBack);
    window.EventCalendar.destroy(this.calendar);
  }

  pressed = (event) => {
    const button = event.target.closest("[data-visit]");
    if (button) this.open("card", button.dataset.visit, {});
  };

  options() {
    const may = this.feed.may_change;
    const [hour, minute] = this.feed.from.split(":").map(Number);
    const last = hour * 60 + minute + this.feed.slots * QUARTER;
    return {
      view: "resourceTimelineDay",
      date: this.feed.day,
      timeZone: "UTC", // the feed has the clinic's wall times; the device's own zone plays no part
      headerToolbar: { start: "", center: "", end: "" },
      slotDuration: { minutes: QUARTER },
      slotLabelInterval: { hours: 1 },
      slotLabelFormat: (time) => clock(time),
      slotMinTime: { minutes: hour * 60 + minute },
      slotMaxTime: { minutes: last },
      slotWidth: this.slotWidth(),
      dayHeaderFormat: () => "",
      resources: this.resources(),
      events: this.events(),
      eventContent: (info) => this.content(info),
      eventStartEditable: may,
      eventDurationEditable: may,
      selectable: may,
      selectMinDistance: 8,
      longPressDelay: LONG_PRESS,
      eventDrop: (info) => this.dropped(info),
      eventResize: (info) => this.resized(info),
      select: (info) => this.selected(info),
      customScrollbars: false,
    };
  }

  slotWidth() {
    const room = this.box.clientWidth - LABEL - 2;
    return Math.max(NARROWEST, Math.floor((room / this.feed.slots) * 100) / 100);
  }

  // Where the grid is wider than the screen, it opens an hour and a half before now.
  goToNow() {
    const past = this.feed.blocks.find((block) => block.kind === "past");
    const scroller = this.box.querySelector(".ec-main");
    if (!past || !scroller) return;
    scroller.scrollLeft = ((minutes(past.ends) - minutes(past.starts)) / QUARTER - 6) * this.slotWidth();
  }

  fit() {
    const width = this.slotWidth();
    if (width === this.width) return;
    this.width = width;
    this.calendar.setOption("slotWidth", width);
  }

  resources() {
    return this.feed.chairs.map((chair) => ({ id: chair.id, title: chair.label }));
  }

  events() {
    const visits = this.feed.bookings.map((booking) => ({
      id: booking.id, resourceIds: [booking.chair], start: booking.starts, end: booking.ends, title: booking.name,
      classNames: ["visit", `tone-${booking.tone}`], startEditable: booking.moves, durationEditable: booking.resizes,
      extendedProps: { booking },
    }));
    const blocks = this.feed.blocks.map((block, n) => ({
      id: `block-${n}`, resourceIds: block.chairs, start: block.starts, end: block.ends, display: "background",
      classNames: [`block`, `block--${block.kind}`], extendedProps: { block },
    }));
    return [...blocks, ...visits];
  }

  content({ event }) {
    const { booking, block } = event.extendedProps;
    if (booking) return { domNodes: [picture(booking), words(booking)] };
    if (block?.words) return { domNodes: [element("span", "block__words", block.words)] };
    return { domNodes: [] };
  }

  dropped({ event }) {
    const { booking } = event.extendedProps;
    this.open("whatIf", event.id, {
      day: this.feed.day, start: clock(event.start), chair: event.resourceIds[0], version: booking.version,
    });
  }

  resized({ event }) {
    const { booking } = event.extendedProps;
    this.open("whatIf", event.id, {
      day: this.feed.day, start: clock(event.start), until: clock(event.end), chair: event.resourceIds[0],
      version: booking.version,
    });
  }

  selected({ start, resource }) {
    this.calendar.unselect();
    this.open("create", "", { start: clock(start), chair: resource.id });
  }

  // While the dialog is open the grid stays as it is: what the person looks at does not move away.
  async open(what, id, values) {
    this.pending = true;
    const address = this.dataset[what].replace(PLACEHOLDER, id);
    const query = new URLSearchParams(values).toString();
    try {
      await window.htmx.ajax("GET", query ? `${address}?${query}` : address, { target: "#dialog" });
    } catch {
      // No answer: the connection state says so, and the visit goes back.
    }
    if (!this.dialog.open) this.putBack();
  }

  putBack = () => {
    if (!this.pending) return;
    this.pending = false;
    this.show();
    this.ask();
  };

  saved = () => {
    this.pending = false;
    this.ask();
  };

  async ask() {
    if (this.pending || document.visibilityState === "hidden") return;
    const address = `${this.dataset.changes}?seen=${this.feed.stamp}`;
    try {
      const answer = await fetch(address, { headers: { "X-Poll": "1" }, signal: AbortSignal.timeout(8_000) });
      if (answer.ok) document.dispatchEvent(new CustomEvent("server:answered"));
      if (answer.status !== 200 || this.pending || answer.redirected) return;
      this.feed = await answer.json();
      this.show();
      this.showPieces();
    } catch {
      document.dispatchEvent(new CustomEvent("server:silent"));
    }
  }

  show() {
    const focused = this.box.contains(document.activeElement) ? document.activeElement.dataset.visit : null;
    this.calendar.setOption("resources", this.resources());
    this.calendar.setOption("events", this.events());
    if (focused) requestAnimationFrame(() => this.box.querySelector(`[data-visit="${focused}"]`)?.focus());
  }

  // The words and pictures around the grid come from the same answer, written by the server's templates.
  showPieces() {
    for (const [id, html] of Object.entries(this.feed.pieces)) {
      const place = document.getElementById(id);
      if (!place) continue;
      place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
      window.htmx.process(place);
    }
  }

  // The library's own roles fail axe: a grid without rows. Each visit is a button that says what it is.
  repair() {
    const root = this.box.querySelector(".ec") ?? this.box;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", this.getAttribute("label"));
    for (const part of this.box.querySelectorAll("[role=rowgroup], [role=row], [role=rowheader], [role=cell], [role=gridcell], [role=columnheader], [role=table], [role=grid]")) {
      part.removeAttribute("role");
    }
    const scroller = this.box.querySelector(".ec-main");
    if (scroller && scroller.tabIndex !== 0) {
      scroller.tabIndex = 0;
      scroller.setAttribute("role", "region");
      scroller.setAttribute("aria-label", this.dataset.scroller);
    }
  }
}

customElements.define("day-grid", DayGrid);
