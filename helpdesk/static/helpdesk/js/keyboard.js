// One keyboard map, read from the help dialog, so that what is listed is what works. Silent while somebody writes.
import { openDialog } from "./dialogs.js";
import { write } from "./composer.js";
import { undoLast } from "./toasts.js";
import { word } from "./words.js";
import { openTicket } from "./pages.js";

// the field of a dialog that just closed keeps the focus until the next frame; nobody writes in it any more
const isWriting = (element) =>
  Boolean(
    element?.closest?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])") &&
      !element.closest("dialog:not([open])"),
  );

const links = () => [...document.querySelectorAll("#list .row-link")];
const isShown = (element) => Boolean(element?.checkVisibility?.() ?? element);

const step = (by) => {
  const all = links();
  if (!all.length) return false;
  const focused = all.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : all.findIndex((link) => link.hasAttribute("aria-current"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (openTicket() && focused < 0) {
    // beside an open ticket, the next one opens
    if (at !== all.indexOf(next)) next.click();
    next.scrollIntoView({ block: "nearest" });
  } else next.focus();
  return true;
};

const press = (act) => {
  const button = [...document.querySelectorAll(`[data-act="${act}"]`)].find(isShown);
  button?.click();
  return Boolean(button);
};

const acts = {
  next: () => step(1),
  previous: () => step(-1),
  open: () => {
    const focused = document.activeElement;
    if (focused?.matches(".row-link")) return focused.click(), true;
    return false;
  },
  back: () => {
    if (!openTicket()) return false;
    const current = links().find((link) => link.hasAttribute("aria-current"));
    if (isShown(current)) return current.focus(), true;
    return press("back");
  },
  reply: () => write("reply"),
  note: () => write("note"),
  forward: () => write("forward"),
  assign: () => openDialog("assign-dialog"),
  tag: () => openDialog("tags-dialog"),
  take: () => {
    const me = document.getElementById("assign-me");
    me?.click();
    return Boolean(me);
  },
  belongs: () => {
    const all = [...document.querySelectorAll('#thread [data-act="belongs"]')];
    all.at(-1)?.click();
    return all.length > 0;
  },
  undo: undoLast,
  help: () => openDialog("keys-dialog"),
  escape: () => {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
      return true;
    }
    if (isWriting(document.activeElement)) return document.activeElement.blur(), true;
    return false;
  },
};

const map = new Map();
const readMap = () => {
  for (const line of document.querySelectorAll("#keys [data-keys]")) {
    const exists = !line.dataset.if || document.querySelector(line.dataset.if);
    line.hidden = !exists;
    if (exists) for (const key of line.dataset.keys.split(" ")) map.set(key, line.dataset.do);
  }
};

// G, then a letter: views first, then the rail; a letter that is taken gives way to the next of the name
const jumps = () => {
  const found = new Map();
  for (const link of document.querySelectorAll("#views [data-jump], .rail [data-jump]")) {
    const letters = [link.dataset.jump, ...link.dataset.jumpName.toLowerCase()].filter((letter) => /^[a-z]$/.test(letter));
    const letter = letters.find((one) => !found.has(one));
    if (letter) found.set(letter, link);
  }
  return found;
};

const listJumps = () => {
  const template = document.getElementById("keys-jump");
  if (!template) return;
  for (const old of document.querySelectorAll("#keys [data-jump-line]")) old.remove();
  for (const [letter, link] of jumps()) {
    const line = template.content.firstElementChild.cloneNode(true);
    line.dataset.jumpLine = "";
    line.firstElementChild.textContent = word("goTo", link.dataset.jumpName);
    line.querySelector("kbd:last-child").textContent = letter.toUpperCase();
    template.before(line);
  }
};

let jumping = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const inDialog = document.querySelector("dialog[open]");
  if (event.key === "Escape") {
    if (!inDialog && acts.escape()) event.preventDefault();
    return;
  }
  if (inDialog || isWriting(event.target)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (jumping && Date.now() - jumping < 1500) {
    jumping = 0;
    const link = jumps().get(key);
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  if (key === "g") {
    jumping = Date.now();
    return;
  }
  // Enter on a button or link is theirs
  if (key === "Enter") return;
  const name = map.get(key);
  if (!name) return;
  if (event.repeat && !["next", "previous"].includes(name)) return;
  const done = acts[name] ? acts[name]() : press(name);
  if (done) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-act]");
  const name = link?.dataset.act;
  if (!["reply", "assign", "tag", "help"].includes(name)) return;
  event.preventDefault();
  if (name === "help") listJumps();
  acts[name]();
});

acts.help = () => {
  listJumps();
  return openDialog("keys-dialog");
};

readMap();
