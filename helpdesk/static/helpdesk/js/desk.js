// The agents' side of live chat: who sits at the other end of the open ticket, one's own chats side by side, and being
// told while one looks elsewhere.
import { doing } from "./keyboard.js";
import { csrfHeaders, openTicket } from "./pages.js";

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

// --- one's own chats, side by side ------------------------------------------------------------------------------------
const BAR_LOOK = 20_000;
const bar = () => document.getElementById("chat-bar");
const tabs = () => [...(bar()?.querySelectorAll("[data-chat]") ?? [])];

const mark = () => {
  for (const tab of tabs()) {
    if (tab.dataset.chat === openTicket()) {
      tab.setAttribute("aria-current", "true");
      tab.removeAttribute("data-unread");
    } else tab.removeAttribute("aria-current");
  }
};

const putBar = (fresh) => {
  const old = bar();
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset.chat ?? "switch" : null;
  const { scrollLeft } = old;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  fresh.scrollLeft = scrollLeft;
  mark();
  if (focused) (fresh.querySelector(`[data-chat="${focused}"]`) ?? fresh.querySelector("button")).focus({ preventScroll: true });
};

let drawn = "";
let looks = 0;
const lookAtBar = async () => {
  barSoon = null;
  if (!bar() || document.hidden) return;
  const turn = (looks += 1);
  try {
    const answer = await fetch(bar().dataset.src, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    const found = fresh.content.getElementById("chat-bar");
    // tokens differ each time, and nobody who is about to press one of them has it pulled away
    const said = found?.innerHTML.replace(/value="[^"]{40,}"/g, "");
    if (turn !== looks || !found || !bar() || (said === drawn && bar().hidden === found.hidden) || bar().querySelector(".htmx-request")) return;
    drawn = said;
    putBar(found);
  } catch {
    // the next look finds it
  }
};
let barSoon = null;
const lookAtBarSoon = (wait = 400) => (barSoon ??= setTimeout(lookAtBar, wait));

setInterval(lookAtBar, BAR_LOOK);
document.addEventListener("live", (event) => {
  if (!bar()) return;
  const mine = new Set(tabs().map((tab) => tab.dataset.chat));
  const concerns = (one) => /^(message|ticket|chat)\./.test(one.verb) || (one.verb === "presence.changed" && mine.has(String(one.ticket)));
  if (event.detail.changes.some(concerns)) lookAtBarSoon();
});
document.addEventListener("live-anew", () => lookAtBarSoon());
document.addEventListener("visibilitychange", () => document.hidden || lookAtBarSoon(50));
// another ticket opened, or what was said on it was read
document.addEventListener("htmx:afterSwap", (event) => {
  if (["reading", "chat-bar"].includes(event.detail.target?.id)) mark();
  if (event.detail.target?.id === "reading") lookAtBarSoon();
});
window.addEventListener("popstate", () => setTimeout(mark, 50));
mark();

doing("next_chat", () => {
  const all = tabs();
  const next = all[(all.findIndex((tab) => tab.dataset.chat === openTicket()) + 1) % all.length];
  next?.click();
  return Boolean(next);
});

const menu = () => document.getElementById("menu-chats");
doing("chats", () => {
  const button = (bar() ?? menu())?.querySelector("button");
  button?.click(); // a press, so that what the button says is sent with it
  return Boolean(button);
});

// a page of ours is open somewhere, in front or behind: we have not gone home
const BEAT = 60_000;
const beat = () => {
  if (!menu()) return;
  fetch("/chats/open", { method: "POST", headers: csrfHeaders(), credentials: "same-origin", redirect: "manual" }).catch(() => {});
};
setInterval(beat, BEAT);
beat();

// --- told while one looks elsewhere -----------------------------------------------------------------------------------
let sound = null;
// browsers let a page sound once somebody did something on it
const wakeSound = () => {
  sound ??= new AudioContext();
  if (sound.state === "suspended") sound.resume();
};
if (menu()) for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, wakeSound, { once: true });

const ring = async () => {
  // somebody did something on the page, and the machine's sound has yet to begin, or was put to sleep since
  if (sound && sound.state !== "running") await Promise.race([sound.resume(), new Promise((done) => setTimeout(done, 1000))]);
  if (sound?.state !== "running") return;
  const at = sound.currentTime;
  for (const [tone, after] of [[660, 0], [880, 0.12]]) {
    const voice = new OscillatorNode(sound, { frequency: tone });
    const loud = new GainNode(sound, { gain: 0 });
    loud.gain.setValueAtTime(0, at + after);
    loud.gain.linearRampToValueAtTime(0.12, at + after + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.001, at + after + 0.3);
    voice.connect(loud).connect(sound.destination);
    voice.start(at + after);
    voice.stop(at + after + 0.32);
  }
};

const show = ({ ticket, words, url }) => {
  const note = new Notification(words, { tag: `chat-${ticket}`, renotify: true, silent: true });
  note.addEventListener("click", () => {
    note.close();
    window.focus();
    location.assign(url);
  });
};

const tell = async (numbers) => {
  const answer = await fetch(`/chats/news?tickets=${numbers.join(",")}`, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok) return;
  const { rings, notifies, chats } = await answer.json();
  if (!chats.length || !document.hidden) return;
  if (rings) ring();
  if (notifies && "Notification" in window && Notification.permission === "granted") chats.forEach(show);
  await new Promise((done) => setTimeout(done, 1500));
};

let unheard = new Set();
let telling = null;
document.addEventListener("live", (event) => {
  // only what customers do is told; what one does oneself never is
  const written = event.detail.changes.filter((one) => one.verb === "message.received" && one.ticket);
  if (!document.hidden || !menu() || !written.length) return;
  for (const one of written) unheard.add(one.ticket);
  telling ??= setTimeout(() => {
    telling = null;
    const numbers = [...unheard];
    unheard = new Set();
    // of several pages that are open, one tells
    const once = navigator.locks ? (work) => navigator.locks.request("chat-news", { ifAvailable: true }, (lock) => lock && work()) : (work) => work();
    Promise.resolve(once(() => tell(numbers))).catch(() => {});
  }, 300);
});

// whether it may is asked when somebody ticks the box, and nowhere else
const box = document.querySelector("input[name=notifies][type=checkbox]");
box?.addEventListener("change", async () => {
  if (!box.checked) return;
  const said = "Notification" in window ? await Notification.requestPermission() : "denied";
  document.querySelector("[data-notify-denied]").hidden = said === "granted";
  if (said !== "granted") box.checked = false;
});
