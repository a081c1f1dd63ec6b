// Drafts: kept on the server after each pause, on this device while the server cannot be reached, never lost on the way.
import { csrfHeaders } from "./pages.js";
import { contentOf, fieldOf, isSameWords, setWords, state, textOf, wordsOf } from "./sheets.js";
import { word } from "./words.js";

const PAUSE = 1000;
const timers = new Map();
/** What a form last sent, by kind: a save that overtakes its forerunner says so, and is no other window's. */
const sent = new WeakMap();
/** The saves of a form, one after the other: each tells the next which version it begins from. */
const lines = new WeakMap();

// --- on this device ---------------------------------------------------------------------------------------------------
const key = (form, kind) => `draft:${form.dataset.user}:${form.dataset.ticket}:${kind}`;
const device = {
  get: (name) => {
    try {
      return JSON.parse(localStorage.getItem(name) ?? "null");
    } catch {
      return null;
    }
  },
  set: (name, value) => {
    try {
      if (value) localStorage.setItem(name, JSON.stringify(value));
      else localStorage.removeItem(name);
    } catch {
      // full or forbidden: the text is still in the field
    }
  },
};

/** Keep what was just typed until the server has it. */
export const keepLocally = (form, kind) => {
  device.set(key(form, kind), { ...wordsOf(form, kind), version: fieldOf(form, kind, "version")?.value ?? "0" });
};

/** Bring back what the server never got, unless another window has gone on since. */
export const restoreLocally = (form) => {
  for (const text of form.querySelectorAll(".composer-text")) {
    const { kind } = text.dataset;
    const kept = device.get(key(form, kind));
    if (!kept) continue;
    if (isSameWords(kept, wordsOf(form, kind))) {
      device.set(key(form, kind), null);
      continue;
    }
    const version = fieldOf(form, kind, "version").value;
    if (kept.version === version || !text.value.trim()) {
      setWords(form, kind, kept);
      if (kept.text.trim() || version !== "0") saveSoon(form, kind, 0);
      else device.set(key(form, kind), null);
    } else offer(form, kind, { text: kept.text, html: kept.html, version }, word("olderHere"));
  }
};

/** The draft became a message. */
export const dropDraft = (form, kind) => {
  clearTimeout(timers.get(kind));
  timers.delete(kind);
  device.set(key(form, kind), null);
};

// --- on the server ----------------------------------------------------------------------------------------------------
const urlOf = (form, kind) => form.querySelector(`[name=kind][value="${kind}"]`)?.dataset.draftUrl;

/** Save when the hand rests. */
export const saveSoon = (form, kind, wait = PAUSE) => {
  if (!urlOf(form, kind)) return;
  clearTimeout(timers.get(kind));
  timers.set(
    kind,
    setTimeout(() => saveNow(form, kind), wait),
  );
};

/** Save now what waits to be saved. Gives the promise of it, or nothing. */
export const saveNow = (form, kind) => {
  if (!timers.has(kind)) return null;
  clearTimeout(timers.get(kind));
  timers.delete(kind);
  return inLine(form, () => save(form, kind));
};

/** Do something after the saves that are under way. */
export const inLine = (form, what) => {
  const before = lines.get(form) ?? Promise.resolve();
  const after = before.then(what, what).finally(() => lines.get(form) === after && lines.delete(form));
  lines.set(form, after);
  return after;
};

/** Whether something written or chosen has yet to reach the server. */
export const isUnderway = (form) => lines.has(form) || timers.size > 0;

/** What must happen before the form may be sent: nothing that waits is saved any more, what is under way is awaited. */
export const settled = (form) => {
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
  return lines.get(form);
};

/** Write down what the server says of the draft: the next save, and the message, begin from it. */
export const learn = (form, kind, { version, once }) => {
  const counted = fieldOf(form, kind, "version");
  if (counted) counted.value = String(version);
  const identity = fieldOf(form, kind, "once");
  if (once && identity) identity.value = once;
};

const bodyOf = (form, kind) => {
  const data = contentOf(form);
  const before = sent.get(form) ?? {};
  if (before[kind]?.html) data.set("sent_html", before[kind].html);
  else if (kind in before) data.set("sent", before[kind].text);
  sent.set(form, { ...before, [kind]: wordsOf(form, kind) });
  return data;
};

const save = async (form, kind) => {
  if (!form.isConnected || form.dataset.sending) return;
  const words = wordsOf(form, kind);
  state(form, word("saving"));
  try {
    // what is short may outlive the page; browsers let no more than 64 KB do so
    const keepalive = [...form.querySelectorAll(".composer-text, [name$=html]")].reduce((sum, one) => sum + one.value.length, 0) < 10_000;
    const answer = await fetch(urlOf(form, kind), { method: "POST", body: bodyOf(form, kind), headers: csrfHeaders(), credentials: "same-origin", redirect: "error", keepalive });
    const said = await answer.json();
    if (answer.ok) {
      learn(form, kind, said);
      if (isSameWords(words, wordsOf(form, kind))) device.set(key(form, kind), null);
      else keepLocally(form, kind);
      if (!form.dataset.sending) state(form, said.version ? word("saved") : "");
      close(form);
    } else if (said.outdated && said.theirs) offer(form, kind, said.theirs, said.words);
    else if (said.outdated) gone(form, kind, said.words);
    else state(form, said.words);
  } catch {
    keepLocally(form, kind);
    state(form, word("draft"));
  }
};

// --- two windows ------------------------------------------------------------------------------------------------------
const place = (form) => form.querySelector("[data-composer-conflict]");

const close = (form) => {
  place(form).replaceChildren();
  place(form).hidden = true;
};

/** Show both texts, and let the writer say which one stays. */
const offer = (form, kind, theirs, words) => {
  if (!form.isConnected) return;
  state(form, "");
  const box = document.getElementById("conflict-template").content.firstElementChild.cloneNode(true);
  box.querySelector("[data-words]").textContent = words;
  box.querySelector("[data-theirs]").textContent = theirs.text;
  box.querySelector("[data-keep-mine]").addEventListener("click", () => {
    learn(form, kind, theirs);
    close(form);
    saveSoon(form, kind, 0);
  });
  box.querySelector("[data-take-theirs]").addEventListener("click", () => {
    setWords(form, kind, theirs);
    learn(form, kind, theirs);
    device.set(key(form, kind), null);
    close(form);
    if (!theirs.once) saveSoon(form, kind, 0);
  });
  place(form).replaceChildren(box);
  place(form).hidden = false;
};

/** The draft was sent or discarded elsewhere; what stands here would be a new one. */
const gone = (form, kind, words) => {
  const text = textOf(form, kind).value;
  learn(form, kind, { version: 0, once: [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("") });
  if (text.trim()) offer(form, kind, { text: "", version: 0 }, words);
};

// --- leaving ----------------------------------------------------------------------------------------------------------
const flush = () => {
  const form = document.querySelector("form.composer");
  if (!form || form.dataset.sending) return;
  for (const kind of [...timers.keys()]) {
    clearTimeout(timers.get(kind));
    timers.delete(kind);
    // a beacon outlives the page; what it carries stays on this device until the server is seen to have it
    if (!navigator.sendBeacon(urlOf(form, kind), bodyOf(form, kind))) keepLocally(form, kind);
  }
};

window.addEventListener("pagehide", flush);
document.addEventListener("visibilitychange", () => document.hidden && flush());
// whoever turns to something else may be about to leave, or to sign out
document.addEventListener("focusout", (event) => event.target.matches?.(".composer-text, .composer-editor") && saveAll());

const saveAll = () => {
  const form = document.querySelector("form.composer");
  if (form) for (const kind of [...timers.keys()]) saveNow(form, kind);
};
