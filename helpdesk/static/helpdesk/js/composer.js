// Writing: kept per ticket on this device until it is sent, sent once.
import { word } from "./words.js";

const PREFIX = "draft:";
const form = () => document.querySelector("form.composer");
const field = () => document.querySelector(".composer-text");
const store = {
  get: (key) => {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null");
    } catch {
      return null;
    }
  },
  set: (key, value) => {
    try {
      if (value) localStorage.setItem(key, JSON.stringify(value));
      else localStorage.removeItem(key);
    } catch {
      // full or forbidden: the text is still in the field
    }
  },
};

const key = () => PREFIX + form().dataset.ticket;
const state = (said) => {
  const line = form()?.querySelector("[data-composer-state]");
  if (line) line.textContent = said;
};
// what goes along with the words must stay in sight while they are written
const rest = () => {
  const files = [...(form()?.querySelector("[type=file]")?.files ?? [])].map((file) => file.name);
  state(files.join(", ") || (field()?.value.trim() ? word("draft") : ""));
};
const kind = () => form()?.querySelector("[name=kind]:checked")?.value ?? "note";
const newOnce = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const grow = (text) => {
  if (CSS.supports("field-sizing", "content")) return;
  text.style.blockSize = "auto";
  text.style.blockSize = `${text.scrollHeight}px`;
};

const dress = () => {
  const text = field();
  if (!text || !form()) return;
  text.dataset.placeholderReply ??= text.placeholder;
  text.placeholder = kind() === "note" ? text.dataset.placeholderNote : text.dataset.placeholderReply;
  const sends = [...form().querySelectorAll(".for-reply [data-send]")];
  const favourite = store.get("send") ?? "reply";
  for (const button of sends) {
    button.classList.toggle("primary", button.dataset.send === favourite);
    if (button.dataset.send === favourite) button.parentElement.append(button);
  }
};

const restore = () => {
  const text = field();
  if (!text || !form() || text.dataset.ready) return;
  text.dataset.ready = "yes";
  const draft = store.get(key());
  if (draft && !text.value) {
    text.value = draft.text;
    const tab = form().querySelector(`[name=kind][value="${draft.kind === "note" ? "note" : "reply"}"]`);
    if (tab) tab.checked = true;
    state(word("draft"));
  }
  dress();
  grow(text);
};

let saving;
const keep = () => {
  clearTimeout(saving);
  const at = key();
  saving = setTimeout(() => {
    if (!form() || key() !== at || form().dataset.sending) return;
    const text = field().value;
    store.set(at, text.trim() ? { text, kind: kind() } : null);
    rest();
  }, 300);
};

/** Put the caret into the composer, as a reply or a note. */
export const write = (as) => {
  if (!form()) return false;
  const tab = form().querySelector(`[name=kind][value="${as}"]`);
  if (tab) tab.checked = true;
  dress();
  field().focus();
  return true;
};

const send = (which) => {
  const button = [...form().querySelectorAll("[data-send]")].find((one) =>
    kind() === "note" ? one.dataset.send === "note" : one.dataset.send === which,
  );
  // a click, not requestSubmit: htmx learns from clicks which button sends
  if (button && !form().dataset.sending) button.click();
};

document.addEventListener("input", (event) => {
  if (!event.target.matches(".composer-text")) return;
  grow(event.target);
  keep();
});

document.addEventListener("change", (event) => {
  if (!event.target.closest("form.composer")) return;
  if (event.target.name === "kind") {
    dress();
    keep();
    field().focus();
  }
  if (event.target.type === "file") rest();
});

document.addEventListener("keydown", (event) => {
  if (!event.target.closest?.("form.composer")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
    event.preventDefault();
    send(event.shiftKey ? "resolve" : "reply");
  }
});

// a submitter's own choice is remembered as the button that leads
document.addEventListener("submit", (event) => {
  const which = event.submitter?.dataset.send;
  if (which === "reply" || which === "resolve") store.set("send", which);
});

// a note must never leave the house: where it goes is decided by the tab, whatever was pressed
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches?.("form.composer")) return;
  event.detail.path = kind() === "note" ? event.target.dataset.noteUrl : event.target.dataset.replyUrl;
  if (kind() === "note") event.detail.parameters.delete?.("then");
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches?.("form.composer")) return;
  if (event.target.dataset.sending) {
    event.preventDefault();
    return;
  }
  clearTimeout(saving);
  event.target.dataset.sending = "yes";
  state(word("sending"));
});

document.addEventListener("htmx:afterRequest", (event) => {
  const sent = event.target;
  if (!sent.matches?.("form.composer")) return;
  delete sent.dataset.sending;
  if (event.detail.successful) {
    store.set(PREFIX + sent.dataset.ticket, null);
    sent.querySelector("[name=text]").value = "";
    sent.querySelector("[type=file]").value = "";
    // the next message is another one
    sent.querySelector("[name=once]").value = newOnce();
    state("");
    grow(sent.querySelector("[name=text]"));
    const scroll = document.querySelector("[data-thread-scroll]");
    if (scroll) scroll.scrollTop = scroll.scrollHeight;
    sent.querySelector("[name=text]").blur();
  } else {
    // not sent, or nobody knows: the once-only key stays, so sending again cannot send twice
    rest();
  }
});

document.addEventListener("htmx:afterSettle", restore);
restore();
