// The agents' side of live chat: who sits at the other end of the open ticket, and what they are typing.
import { openTicket } from "./pages.js";

const LOOK = 15_000;
const WHILE_TYPING = 9_000;

const strip = () => document.getElementById("visitor");

// each part is put in place for itself: what did not change is not said again
const put = (fresh) => {
  const shown = strip();
  shown.toggleAttribute("data-here", fresh.hasAttribute("data-here"));
  for (const part of fresh.querySelectorAll("[data-visitor-part]")) {
    const old = shown.querySelector(`[data-visitor-part="${part.dataset.visitorPart}"]`);
    if (old.innerHTML !== part.innerHTML) old.replaceChildren(...part.childNodes);
  }
};

let timer = null;
const plan = () => {
  clearTimeout(timer);
  const typing = strip()?.querySelector("[data-visitor-part=typing]")?.childElementCount;
  timer = setTimeout(look, typing ? WHILE_TYPING : LOOK);
};

let asking = false;
let again = false;
const look = async () => {
  const url = strip()?.dataset.visitor;
  if (!url || document.hidden) return plan();
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  again = false;
  try {
    const answer = await fetch(url, { credentials: "same-origin", redirect: "error" });
    const fresh = document.createElement("template");
    fresh.innerHTML = answer.ok ? await answer.text() : "";
    const found = fresh.content.getElementById("visitor");
    if (found && strip()?.dataset.visitor === url) put(found);
  } catch {
    // the next look finds it
  } finally {
    asking = false;
    plan();
    if (again) soon();
  }
};

let waiting = null;
const soon = () => {
  waiting ??= setTimeout(() => {
    waiting = null;
    look();
  }, 150);
};

document.addEventListener("live", (event) => {
  if (!strip()) return;
  if (event.detail.changes.some((one) => /^(presence|chat)\./.test(one.verb) && String(one.ticket) === openTicket())) soon();
});
document.addEventListener("live-anew", soon);
document.addEventListener("visibilitychange", () => document.hidden || soon());
plan();
