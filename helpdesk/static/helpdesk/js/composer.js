// Writing: one form, a tab for each kind of message, sent once. Drafts, files and recipients have files of their own.
import { choose } from "./recipients.js";
import { dropDraft, isUnderway, keepLocally, restoreLocally, saveNow, saveSoon, settled } from "./drafts.js";
import { goOn, leadOn } from "./onward.js";
import { fetchPart, isSignIn } from "./pages.js";
import { word } from "./words.js";
import { blurText, caretIn, fieldOf, focusText, kindOf, prepareSheets, setCaret, setWords, state, textOf } from "./sheets.js";
import "./attachments.js";
import { clearActs } from "./message-acts.js";
import { openSavedReplies } from "./suggestions.js";

const form = () => document.querySelector("form.composer");
const remembered = {
  get: () => {
    try {
      return localStorage.getItem("send") ?? "reply";
    } catch {
      return "reply";
    }
  },
  set: (which) => {
    try {
      localStorage.setItem("send", which);
    } catch {
      // full or forbidden: the usual button leads
    }
  },
};
const newOnce = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const grow = (text) => {
  if (!text || text.hidden || CSS.supports("field-sizing", "content")) return;
  text.style.blockSize = "auto";
  text.style.blockSize = `${text.scrollHeight}px`;
};

// the button that was used last leads
const dress = (one) => {
  const favourite = remembered.get();
  for (const button of one.querySelectorAll(".composer-foot .for-reply > [data-send]")) {
    const leads = button.dataset.send === favourite;
    button.classList.toggle("primary", leads);
    if (leads) button.parentElement.append(button);
  }
};

const prepare = () => {
  const one = form();
  if (!one || one.dataset.ready) return;
  one.dataset.ready = "yes";
  dress(one);
  prepareSheets(one);
  restoreLocally(one);
  for (const text of one.querySelectorAll(".composer-text")) grow(text);
};

/** Put the caret into the composer, as a reply, a note or a forward. */
export const write = (as) => {
  const tab = form()?.querySelector(`[name=kind][value="${as}"]`);
  if (!tab) return false;
  tab.checked = true;
  const text = textOf(form(), as);
  const empty = as === "forward" && form().querySelector("[data-recipients=forward] details[open] .chip-input");
  if (text && !(empty && !text.value)) focusText(form(), as);
  else (empty || form().querySelector(".composer-scheduled button, [name=kind]:checked")).focus();
  return true;
};

const send = (which) => {
  const one = form();
  const kind = kindOf(one);
  const button = [...one.querySelectorAll(".composer-foot [data-send]")].find((found) => found.dataset.send === (kind === "reply" ? which : kind));
  // a click, not requestSubmit: htmx learns from clicks which button sends
  if (button && !one.dataset.sending) button.click();
};

/** Ask for the composer anew: after sending, after an undo, or about another message. */
let asked = 0;
let wanted = 0;
export const renew = async ({ kind = "", focus = false, query = "", quietly = false } = {}) => {
  const conversation = document.querySelector(".conversation");
  const old = form();
  // nobody asked for a quiet one: it gives way to what somebody did ask for
  if (!conversation || (quietly && wanted)) return;
  const turn = (asked += 1);
  if (!quietly) wanted = turn;
  const ticket = conversation.dataset.ticket;
  const address = new URL(conversation.dataset.url, location.href);
  for (const [name, value] of new URLSearchParams(query)) address.searchParams.set(name, value);
  try {
    const fresh = (await fetchPart(address, "composer")).getElementById("composer");
    // what was asked for later wins, and nobody is interrupted for what they did not ask for
    if (!fresh || turn !== asked || document.querySelector(".conversation")?.dataset.ticket !== ticket) return;
    if (quietly && isBusy(form())) return;
    const caret = caretIn(form());
    document.getElementById("composer")?.replaceWith(fresh);
    window.htmx?.process(fresh);
    prepare();
    choose(fresh);
    const front = kind || caret?.kind;
    const tab = front && fresh.querySelector(`[name=kind][value="${front}"]`);
    if (tab) tab.checked = true;
    if (focus) write(front || kindOf(fresh));
    else if (caret) setCaret(fresh, caret);
  } catch {
    // as it was; what was sent must not be sent again
    if (old?.isConnected && old.dataset.sent) empty(old, old.dataset.sent);
  } finally {
    if (wanted === turn) wanted = 0;
  }
};

const empty = (one, kind) => {
  setWords(one, kind, {});
  clearActs(one, kind);
  for (const name of ["once", "version"]) {
    const input = one.querySelector(`[name="${kind === "reply" ? "" : `${kind}_`}${name}"]`);
    if (input) input.value = name === "once" ? newOnce() : "0";
  }
  one.querySelector(`[data-files="${kind}"]`)?.replaceChildren();
};

document.addEventListener("input", (event) => {
  if (!event.target.closest?.("form.composer")) return;
  if (event.target.matches(".composer-text")) {
    grow(event.target);
    keepLocally(form(), event.target.dataset.kind);
  }
  if (event.target.matches(".composer-text, [name=forward_subject]")) saveSoon(form(), kindOf(form()));
});

document.addEventListener("change", (event) => {
  const one = event.target.closest("form.composer");
  if (!one) return;
  if (event.target.name === "kind") {
    state(one, fieldOf(one, event.target.value, "version")?.value > 0 ? word("saved") : "");
    write(event.target.value);
  }
  if (event.target.matches("[name$=shared], [name=forward_attachment]")) saveSoon(one, kindOf(one), 0);
  if (event.target.matches("[data-forwarded]")) renew({ kind: "forward", focus: true, query: `forward=${event.target.value}` });
});

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("form.composer")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    event.preventDefault();
    send(event.shiftKey ? "resolve" : "reply");
  }
});

// a time that is half typed: the menu stays open and the browser says what is missing; Enter means the button beside it
const typedTime = (one) => one.querySelector("[name=send_at_other]");
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("form.composer [name=send_at_other]")) return;
  event.preventDefault();
  form().querySelector("[name=later]").click();
});
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest?.("form.composer [name=later]") || typedTime(form()).reportValidity()) return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
// nor does it keep anything else from being sent, unseen in a closed menu
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches("details.composer-later:not([open])") && !typedTime(event.target).validity.valid) typedTime(event.target).value = "";
  },
  true,
);

// what was chosen is in the text now, and was to be sent with it
document.addEventListener("taken", (event) => send(event.detail.send));

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-held-close]")) {
    event.target.closest("[data-composer-held]").replaceChildren();
    focusText(form(), kindOf(form()));
  }
  const link = event.target.closest("[data-compose]");
  if (!link || event.ctrlKey || event.metaKey || !form()) return;
  event.preventDefault();
  const { compose, message } = link.dataset;
  const kept = ["reply", "note", "forward"].map((kind) => saveNow(form(), kind));
  Promise.all(kept).then(() => renew({ kind: compose, focus: true, query: `${compose === "reply" ? "answer" : "forward"}=${message}` }));
});

// a submitter's own choice is remembered as the button that leads, and goes along even when it lost the focus since
let pressed = null;
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.matches("form.composer")) return;
    pressed = event.submitter;
    const which = pressed?.dataset.send;
    if (which === "reply" || which === "resolve") remembered.set(which);
  },
  true,
);

// a save that is under way comes first: its answer says which draft this becomes
document.addEventListener("htmx:confirm", (event) => {
  if (!event.target.matches?.("form.composer")) return;
  const waiting = settled(event.target);
  // the second of two clicks waits for nothing
  if (event.target.dataset.settling) event.preventDefault();
  else if (waiting) {
    event.preventDefault();
    event.target.dataset.settling = "yes";
    waiting.then(() => {
      delete event.target.dataset.settling;
      event.detail.issueRequest(true);
    });
  }
});

// a note must never leave the house: where it goes is decided by the tab, whatever was pressed
document.addEventListener("htmx:configRequest", (event) => {
  const one = event.target;
  if (!one.matches?.("form.composer")) return;
  const kind = kindOf(one);
  const { formData } = event.detail;
  event.detail.path = one.dataset[`${kind}Url`];
  for (const name of ["then", "send_at", "later", "anyway"]) formData.delete(name);
  if (pressed?.name && (kind === "reply" || pressed.name === "anyway")) formData.set(pressed.name, pressed.value);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const one = event.target;
  if (!one.matches?.("form.composer")) return;
  if (one.dataset.sending) {
    event.preventDefault();
    return;
  }
  one.dataset.sending = kindOf(one);
  state(one, word("sending"));
});

// held: what arrived meanwhile is shown above what was written
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("X-Composer") !== "held" || !form()) return;
  event.detail.shouldSwap = false;
  const place = form().querySelector("[data-composer-held]");
  const fresh = document.createElement("template");
  fresh.innerHTML = xhr.responseText;
  place.replaceChildren(fresh.content);
  place.scrollIntoView({ block: "nearest" });
  // one more Enter must not send what should be read first
  place.querySelector("[data-held-close]").focus();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const one = event.target;
  if (!one.matches?.("form.composer")) return;
  const kind = one.dataset.sending;
  delete one.dataset.sending;
  state(one, "");
  // the sign-in page is an answer, too: what was written waits on this device for whoever signs in again
  // and 422, which htmx takes for a success, asks for something before anything is sent
  if (event.detail.successful && event.detail.xhr.status < 400 && !isSignIn(event.detail.xhr)) {
    dropDraft(one, kind);
    one.dataset.sent = kind;
    const scroll = document.querySelector("[data-thread-scroll]");
    if (scroll) scroll.scrollTop = scroll.scrollHeight;
    blurText(one, kind);
    empty(one, kind);
    if (!leadOn()) renew();
  }
  // else not sent, or nobody knows: the once-only key stays, so sending again cannot send twice
});

/** The saved replies, where an answer is written. */
export const savedReplies = () => openSavedReplies(write);

// an undo, a change of mind, or a colleague's draft: the server says that the composer is another one
document.addEventListener("composer", (event) => {
  const { ticket, kind, focus } = event.detail;
  if (String(ticket) === document.querySelector(".conversation")?.dataset.ticket) renew({ kind, focus });
  else if (focus) goOn(`/tickets/${ticket}/`);
});

const isBusy = (one) =>
  !one ||
  Boolean(one.dataset.sending) ||
  isUnderway(one) ||
  one.contains(document.activeElement) ||
  [...one.querySelectorAll(".composer-text")].some((text) => text.value.trim());

// what is shown while nothing is being written counts as seen
document.addEventListener("live", (event) => {
  const one = form();
  if (isBusy(one) || !event.detail.changes.some((change) => String(change.ticket) === one.dataset.ticket)) return;
  setTimeout(() => form() === one && !isBusy(one) && renew({ quietly: true }), 400);
});

document.addEventListener("htmx:afterSettle", prepare);
prepare();
