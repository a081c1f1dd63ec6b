// One keyboard map, read from the help dialog, so that what is listed is what works. Silent while somebody writes.
import { openDialog } from "./dialogs.js";
import { savedReplies, write } from "./composer.js";
import { isEarly } from "./early.js";
import { undoLast } from "./toasts.js";
import { word } from "./words.js";
import { openTicket } from "./pages.js";

// the field of a dialog that just closed keeps the focus until the next frame; nobody writes in it any more
const isWriting = (element) =>
  Boolean(
    element?.closest?.("textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])") &&
      !element.closest("dialog:not([open])"),
  );

const links = () => [...document.querySelectorAll("#list .row-link, #results .row-link")];
const isShown = (element) => Boolean(element?.checkVisibility?.() ?? element);

const step = (by) => {
  const all = links();
  if (!all.length) return false;
  const focused = all.indexOf(document.activeElement);
  const at = focused >= 0 ? focused : all.findIndex((link) => link.hasAttribute("aria-current"));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  if (openTicket() && (focused < 0 || all[focused].hasAttribute("aria-current"))) {
    // beside an open ticket, the next one opens; who went there from its row goes on from the next row
    if (at !== all.indexOf(next)) next.click();
    if (focused >= 0) next.focus();
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
  replies: () => savedReplies(),
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
  const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
  for (const line of document.querySelectorAll("#keys [data-do]")) {
    for (const key of line.dataset.keys.split(" ").filter(Boolean)) map.set(key, line);
    if (isMac) for (const kbd of line.querySelectorAll("kbd")) if (kbd.textContent === "CTRL" || kbd.textContent === "Ctrl") kbd.textContent = "⌘";
  }
};

/** Whether an act can be done on this page as it is now. */
export const canDo = (line) => !line.dataset.needs || Boolean(document.querySelector(line.dataset.needs));

// who is asked first: with tickets selected, a key is for all of them
const firsts = [];
export const askedFirst = (work) => firsts.push(work);

/** Do what a line of the map says. */
export const act = (line) => {
  const name = line.dataset.do;
  if (firsts.some((work) => work(name))) return true;
  if (!canDo(line)) {
    const other = line.dataset.otherwise;
    return Boolean(other && acts[other]?.());
  }
  return acts[name] ? acts[name]() : press(name);
};

/** Let a page's own script do an act: it answers whether there was anything to do. */
export const doing = (name, work) => {
  acts[name] = work;
};

// G, then a letter: views first, then the rail, so that a view keeps its own letter; a letter that is taken gives way
// to the next of the name, and where none is left to any other
export const jumps = () => {
  const found = new Map();
  for (const where of ["#views [data-jump]", ".rail [data-jump]"]) {
    for (const link of document.querySelectorAll(where)) {
      const wanted = [link.dataset.jump, ...link.dataset.jumpName.toLowerCase(), ..."abcdefghijklmnopqrstuvwxyz"];
      const letter = wanted.find((one) => /^[a-z]$/.test(one) && !found.has(one));
      if (letter) found.set(letter, link);
    }
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
    line.firstElementChild.textContent = link.dataset.jumpName;
    line.querySelector("kbd:last-child").textContent = letter.toUpperCase();
    template.before(line);
  }
};

acts.help = () => {
  listJumps();
  return openDialog("keys-dialog");
};

let jumping = 0;
acts.jump = () => {
  jumping = Date.now();
  return true;
};

const lineOf = (event) => {
  if (event.key.length > 1) return map.get(event.key);
  const key = event.key.toLowerCase();
  return (event.shiftKey && map.get(`Shift+${key}`)) || map.get(key);
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isEarly(event)) return;
  const inDialog = document.querySelector("dialog[open]");
  if (event.key === "Escape") {
    if (!inDialog && acts.escape()) event.preventDefault();
    return;
  }
  if (inDialog || isWriting(event.target)) return;
  if (jumping && Date.now() - jumping < 1500) {
    jumping = 0;
    const link = jumps().get(event.key.toLowerCase());
    if (link) {
      event.preventDefault();
      link.click();
      return;
    }
  }
  // Enter on a button or link is theirs
  if (event.key === "Enter") return;
  const line = lineOf(event);
  if (!line || (event.repeat && !["next", "previous"].includes(line.dataset.do))) return;
  if (act(line)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-act]");
  const name = link?.dataset.act;
  if (!["reply", "assign", "tag", "help"].includes(name)) return;
  event.preventDefault();
  acts[name]();
});

// a key is chosen by pressing it, whatever stood in the field
document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("[data-key-field]");
  if (!field || event.key.length > 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.value = event.key.toLowerCase();
});

readMap();
