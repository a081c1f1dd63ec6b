// Who else is on a ticket. This page says that it is there and what it writes; faces of others are drawn wherever a
// `data-faces` waits for them. Nothing of it lasts: what nobody says again is gone after some seconds.
import { csrfHeaders, openTicket } from "./pages.js";

const BEAT = 20_000;
const HERE_BEAT = 60_000;
const TYPING_PAUSE = 4000;
const seat = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// --- we are here ------------------------------------------------------------------------------------------------------
let here = null;
let typed = { kind: "", at: 0 };

const bodyOf = (ticket, doing) => {
  const data = new FormData();
  for (const [name, value] of Object.entries({ ticket, doing, seat })) data.set(name, value);
  data.set("csrfmiddlewaretoken", csrfHeaders()["X-CSRFToken"] ?? "");
  return data;
};

const tell = async (ticket, doing) => {
  try {
    await fetch("/presence/", { method: "POST", body: bodyOf(ticket, doing), credentials: "same-origin", redirect: "manual" });
  } catch {
    // the next beat says it
  }
};

const leave = () => {
  if (here) navigator.sendBeacon("/presence/", bodyOf(here, "leave"));
  here = null;
  typed = { kind: "", at: 0 };
};

const arrive = () => {
  const ticket = document.hidden ? null : openTicket();
  if (here && here !== ticket) leave();
  if (ticket && here !== ticket) {
    here = ticket;
    tell(ticket, "viewing");
  }
};

// whoever looks at any page of ours is here; see `people` below
let said = 0;
const beHere = () => {
  if (document.hidden || Date.now() - said < HERE_BEAT) return;
  said = Date.now();
  tell("", "here");
};

setInterval(() => !document.hidden && (here && tell(here, "viewing"), beHere()), BEAT);
document.addEventListener("visibilitychange", beHere);
beHere();
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => event.persisted && arrive());
document.addEventListener("visibilitychange", () => !document.hidden && (arrive(), here && tell(here, "viewing")));

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.composer");
  if (!form || event.target.matches("input[type=radio], input[type=checkbox]")) return;
  const kind = form.querySelector("input[name=kind]:checked")?.value;
  if (!kind || !form.dataset.ticket || (kind === typed.kind && Date.now() - typed.at < TYPING_PAUSE)) return;
  typed = { kind, at: Date.now() };
  tell(form.dataset.ticket, kind);
});

// what was sent is typed no more
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || !event.target.matches?.("form.composer") || !here) return;
  typed = { kind: "", at: 0 };
  tell(here, "viewing");
});

// --- others are here --------------------------------------------------------------------------------------------------
const known = new Map();
/** Which question about a ticket was the last: an answer to an earlier one that comes later says nothing new. */
const asked = new Map();
let turns = 0;
let timer = null;

const draw = () => {
  for (const slot of document.querySelectorAll("[data-faces]")) {
    const { html = "" } = known.get(slot.dataset.faces) ?? {};
    if (slot.dataset.drawn === html) continue;
    slot.classList.add("faces");
    slot.innerHTML = html;
    slot.dataset.drawn = html;
  }
  const line = document.querySelector("[data-typing-line]");
  if (!line) return;
  const said = known.get(line.dataset.typingLine)?.typing ?? "";
  if (line.textContent === said) return;
  const words = document.createElement("span");
  words.textContent = said;
  line.replaceChildren(...(said ? [words] : []));
};

const shownNumbers = () => new Set([...document.querySelectorAll("[data-faces]")].map((slot) => slot.dataset.faces));

const ask = async (numbers) => {
  if (!numbers.length) return;
  const turn = (turns += 1);
  for (const number of numbers) asked.set(number, turn);
  const isLast = (number) => asked.get(number) === turn;
  try {
    const answer = await fetch(`/presence/?tickets=${numbers.join(",")}`, { credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) return;
    const found = await answer.json();
    for (const number of numbers.filter(isLast)) {
      const one = found[number];
      if (one) known.set(number, { html: one.faces, typing: one.typing, until: Date.now() + one.seconds * 1000 });
      else known.delete(number);
    }
  } catch {
    for (const number of numbers.filter(isLast)) known.delete(number); // nobody is seen while the server is away
  }
  draw();
  plan();
};

// whoever said nothing more is gone: asked again when the first of them should be
const plan = () => {
  clearTimeout(timer);
  const next = Math.min(...[...known.values()].map((one) => one.until));
  if (known.size) timer = setTimeout(() => ask([...known].filter(([, one]) => one.until <= Date.now() + 250).map(([number]) => number)), Math.max(500, next - Date.now() + 250));
};

let waiting = new Set();
let soon = null;
const askSoon = (numbers) => {
  for (const number of numbers) waiting.add(number);
  soon ??= setTimeout(() => {
    soon = null;
    const shown = shownNumbers();
    const wanted = [...waiting].filter((number) => shown.has(number));
    waiting = new Set();
    ask(wanted);
  }, 120);
};

document.addEventListener("live", (event) => {
  askSoon(event.detail.changes.filter((one) => one.verb === "presence.changed").map((one) => String(one.ticket)));
});
document.addEventListener("live-anew", () => askSoon(shownNumbers()));

// rows and headers come and go; new ones get their faces, and we notice that another ticket was opened
let looking = null;
const look = () => {
  looking = null;
  arrive();
  draw();
  askSoon([...shownNumbers()].filter((number) => !asked.has(number)));
};
new MutationObserver(() => (looking ??= setTimeout(look, 60))).observe(document.body, { childList: true, subtree: true });
look();

// --- who can be given it ----------------------------------------------------------------------------------------------
// asked for when the list opens: dot and word of each
const people = async (dialog) => {
  try {
    const answer = await fetch(`/presence/?people_of=${dialog.dataset.peopleOf}`, { credentials: "same-origin", redirect: "manual" });
    if (!answer.ok) return;
    for (const [agent, { state, word }] of Object.entries(await answer.json())) {
      const place = dialog.querySelector(`[data-presence-of="${agent}"]`);
      if (!place) continue;
      place.textContent = word;
      place.parentElement.querySelector(".presence-dot").dataset.state = state;
    }
  } catch {
    // the list says who is away, as it was drawn
  }
};
document.addEventListener("dialog-opened", (event) => event.target.matches("[data-people-of]") && people(event.target));
