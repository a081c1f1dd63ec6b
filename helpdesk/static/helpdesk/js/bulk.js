// Many tickets at once: X selects, Shift-X and Shift-click select up to here. What is selected stays selected while rows
// come and go; the form itself is plain HTML.
import { askedFirst, doing } from "./keyboard.js";

const form = () => document.getElementById("bulk-form");
const boxes = () => [...document.querySelectorAll("#list .row-check")];
const selected = new Set();
let last = null;

const show = () => {
  const bar = form();
  if (!bar) return;
  for (const box of boxes()) box.checked = selected.has(box.value);
  const output = bar.querySelector("[data-bulk-count]");
  output.value = selected.size === 1 ? output.dataset.one : output.dataset.many.replace("%s", selected.size);
  // rows that left the list while they were selected still belong to the selection
  for (const old of bar.querySelectorAll("[data-bulk-gone]")) old.remove();
  const there = new Set(boxes().map((box) => box.value));
  for (const number of selected) {
    if (there.has(number)) continue;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "ticket", value: number });
    field.dataset.bulkGone = "";
    bar.append(field);
  }
  bar.toggleAttribute("data-some", selected.size > 0 || bar.querySelector("[data-bulk-all]").checked);
};

const choose = (box, isOn) => {
  if (isOn) selected.add(box.value);
  else selected.delete(box.value);
};

const upTo = (box) => {
  const all = boxes();
  const from = all.findIndex((one) => one.value === last);
  const to = all.indexOf(box);
  if (from < 0) return choose(box, true);
  for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) choose(one, true);
};

/** The bar goes away: whoever was in it goes on at the row that was chosen last, or the one in its place now. */
let leftAt = null;
const stepOut = () => {
  if (!form()?.contains(document.activeElement)) return;
  const at = boxes().findIndex((box) => box.value === last);
  if (at >= 0) leftAt = { number: last, at, until: Date.now() + 10_000 };
};

const goOn = () => {
  const isNowhere = !document.activeElement || document.activeElement === document.body;
  if (!leftAt || !isNowhere || Date.now() > leftAt.until || document.querySelector("dialog[open]")) return;
  const all = boxes();
  const box = all.find((one) => one.value === leftAt.number) ?? all[Math.min(leftAt.at, all.length - 1)];
  box?.closest(".row").querySelector(".row-link")?.focus({ preventScroll: true });
  leftAt = null;
};

const clear = () => {
  stepOut();
  selected.clear();
  last = null;
  const all = form()?.querySelector("[data-bulk-all]");
  if (all) all.checked = false;
  show();
};

const boxHere = () => {
  const row = document.activeElement?.closest?.("#list .row") ?? document.querySelector("#list .row:has([aria-current])");
  return row?.querySelector(".row-check");
};

doing("select", () => {
  const box = boxHere();
  if (!box) return false;
  choose(box, !selected.has(box.value));
  last = box.value;
  show();
  return true;
});

doing("select_range", () => {
  const box = boxHere();
  if (!box) return false;
  upTo(box);
  last = box.value;
  show();
  return true;
});

// the keys of a ticket do for the selected ones what they do for one
const PRESSED = {
  take: '{"do": "take"}',
  resolve: '{"do": "status", "to": "resolved"}',
  follow: '{"do": "follow"}',
  spam: '{"do": "spam"}',
  trash: '{"do": "trash"}',
};
const OPENED = ["assign", "status", "tag", "snooze", "priority", "type"];
const LETTERED = ["status", "priority", "type"];
/** The choices a key opened, for the letter after it. */
let lettered = [];

const choicesOf = (place) => {
  if (place.matches("summary")) return [...place.parentElement.querySelectorAll(".menu-item")];
  const found = [];
  for (let one = place.nextElementSibling; one?.matches(".menu-item"); one = one.nextElementSibling) found.push(one);
  return found;
};

askedFirst((name) => {
  const bar = form();
  if (!bar?.hasAttribute("data-some")) return false;
  const button = PRESSED[name] && [...bar.querySelectorAll("[name=act]")].find((one) => one.value === PRESSED[name]);
  if (button) button.click();
  const place = OPENED.includes(name) ? bar.querySelector(`[data-bulk-key="${name}"]`) : null;
  const menu = place?.closest("details");
  if (menu) {
    lettered = LETTERED.includes(name) ? choicesOf(place) : [];
    for (const other of bar.querySelectorAll("details[open]")) other.open = false;
    menu.open = true;
    (place.matches("input") ? place : place.matches("summary") ? menu.querySelector(".menu-item") : place.nextElementSibling).focus();
  }
  return Boolean(button || menu);
});

// in a menu of the bar the arrows walk
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const menu = step && event.target.closest?.("#bulk-form details[open]");
  if (!menu) return;
  const all = [...menu.querySelectorAll(".menu-list :is(button, input)")];
  if (!all.length) return;
  event.preventDefault();
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length].focus();
});

// and a letter takes the choice that begins with it, as on a ticket, or goes to the next of several
document.addEventListener("keydown", (event) => {
  if (event.key.length > 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const item = event.target.closest?.("#bulk-form details[open] .menu-item");
  if (!item) return;
  const begins = (one) => one.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase());
  const all = lettered.includes(item) ? lettered : [...item.parentElement.querySelectorAll(".menu-item")];
  const at = all.indexOf(item);
  const fitting = [...all.slice(at + 1), ...all.slice(0, at + 1)].filter(begins);
  event.preventDefault();
  if (fitting.length === 1 && all === lettered) fitting[0].click();
  else fitting[0]?.focus();
}, true);

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".row-check");
  if (box) {
    if (event.shiftKey && last) upTo(box);
    else choose(box, box.checked);
    last = box.value;
    show();
    return;
  }
  const row = event.target.closest?.("#list .row");
  if (row && event.shiftKey && form()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    document.getSelection()?.removeAllRanges();
    const mine = row.querySelector(".row-check");
    upTo(mine);
    last = mine.value;
    show();
    return;
  }
  if (event.target.closest?.("[data-bulk-clear]")) clear();
  if (event.target.closest?.("[data-bulk-dismiss]")) document.getElementById("bulk-progress").replaceChildren();
}, true);

document.addEventListener("change", (event) => event.target.matches?.("[data-bulk-all]") && show());
document.addEventListener("keydown", (event) => {
  // what Escape closed was what it was pressed for
  if (event.key === "Escape" && !event.defaultPrevented && selected.size && !document.querySelector("dialog[open], details.menu[open]")) {
    if (document.activeElement?.closest?.("#composer, input, textarea, [contenteditable]:not([contenteditable=false])")) return;
    clear();
    goOn();
  }
  // Enter in a field of the bar does what the button beside it does
  const field = event.target.closest?.("[data-bulk-enter]");
  if (field && event.key === "Enter") {
    event.preventDefault();
    form().querySelector(`[data-bulk-for="${field.dataset.bulkEnter}"]`)?.click();
  }
});

document.addEventListener("list-renewed", () => {
  show();
  goOn();
});
document.addEventListener("htmx:afterSwap", (event) => event.detail.target?.classList?.contains("list-more") && show());
document.addEventListener("bulkdone", clear);
document.addEventListener("bulkbegun", (event) => {
  if (document.getElementById("bulk-progress")) window.htmx.ajax("GET", event.detail.url, { target: "#bulk-progress", swap: "innerHTML" });
});
// its menu closes while the answer is awaited, and takes the focus with it
document.addEventListener("htmx:beforeRequest", (event) => event.target.id === "bulk-form" && stepOut());
// while a worker is at it, nothing is asked for twice
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id !== "bulk-form" || !event.detail.successful) return;
  clear();
  for (const menu of form().querySelectorAll("details[open]")) menu.open = false;
});
