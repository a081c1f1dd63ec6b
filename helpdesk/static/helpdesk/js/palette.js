// The command palette: every act of the keyboard map that can be done here, every choice of the page's pickers, places,
// and what the server finds. What is used often and lately stands first.
import { openDialog } from "./dialogs.js";
import { act, canDo, doing, jumps } from "./keyboard.js";

const KEPT = "palette";
const MOST = 9;
const PAUSE = 90;
const dialog = () => document.getElementById("palette");
const field = () => dialog()?.querySelector("[data-palette-field]");
const list = () => document.getElementById("palette-list");
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();

let isSearch = false;
let asked = 0;
let timer;

// --- what was used, newest first
const used = () => {
  try {
    return JSON.parse(localStorage.getItem(KEPT) || "[]");
  } catch {
    return [];
  }
};
const remember = (option) => {
  const { key } = option.dataset;
  if (!key || key === "search") return;
  const one = { key, name: option.querySelector(".palette-name").textContent, href: option.getAttribute("href") };
  try {
    localStorage.setItem(KEPT, JSON.stringify([one, ...used().filter((other) => other.key !== key)].slice(0, 30)));
  } catch {
    // a browser that keeps nothing knows nothing of lately
  }
};

// --- how well a name fits: its beginning, its words' beginnings, their first letters, anywhere
const fit = (name, wanted) => {
  if (!wanted) return 1;
  const all = folded(name);
  if (all.startsWith(wanted)) return 100;
  const words = all.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  if (wanted.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)))) return 80;
  if (words.map((word) => word[0]).join("").startsWith(wanted.replace(/\s+/g, ""))) return 60;
  return wanted.length > 2 && all.includes(wanted) ? 40 : 0;
};

const ranked = (found, wanted) => {
  const lately = used().map((one) => one.key);
  const recency = (key) => (lately.includes(key) ? 15 - Math.min(14, lately.indexOf(key)) : 0);
  return found
    .map((one) => ({ ...one, score: fit(one.words ?? one.name, wanted) && fit(one.words ?? one.name, wanted) + recency(one.key) }))
    .filter((one) => one.score)
    .sort((a, b) => b.score - a.score);
};

// --- what the page itself offers
const linesOf = () =>
  [...document.querySelectorAll("#keys [data-offered]")].filter(canDo).map((line) => ({
    key: `act-${line.dataset.do}`,
    name: line.firstElementChild.textContent,
    keys: [...line.querySelectorAll("kbd")].map((kbd) => kbd.textContent),
    run: () => act(line),
  }));

// what stands in a ticket's menu without a key of its own
const menuOf = () =>
  [...document.querySelectorAll(".more-acts .menu-item")]
    .filter((item) => !item.disabled && !document.querySelector(`#keys [data-do="${item.dataset.act}"]`))
    .map((item) => {
      const name = item.textContent.trim();
      return { key: `menu-${name}`, name, run: () => item.click() };
    });

const choicesOf = () =>
  [...document.querySelectorAll("dialog:not(#palette) [data-picker] .picker-option:not([data-picker-create])")]
    .filter((option) => !option.disabled)
    .map((option) => {
      const of = option.closest("dialog").getAttribute("aria-label") ?? "";
      const copy = option.cloneNode(true);
      for (const part of copy.querySelectorAll(".picker-note, .avatar, svg, kbd")) part.remove();
      const name = copy.textContent.replace(/\s+/g, " ").trim();
      return { key: `choice-${option.id || name}`, name: `${of}: ${name}`, words: `${of} ${name} ${option.dataset.words ?? ""}`, run: () => option.click() };
    });

const placesOf = () => {
  const letters = new Map([...jumps()].map(([letter, link]) => [link, letter]));
  return [...document.querySelectorAll(".rail [data-jump]")].map((link) => ({
    key: `place-${link.getAttribute("href")}`,
    name: link.dataset.jumpName,
    href: link.getAttribute("href"),
    keys: letters.has(link) ? ["G", letters.get(link).toUpperCase()] : [],
  }));
};

const option = (one) => {
  const made = document.createElement(one.href ? "a" : "button");
  made.className = "palette-option";
  made.setAttribute("role", "option");
  made.tabIndex = -1;
  if (one.href) made.href = one.href;
  else made.type = "button";
  made.dataset.key = one.key;
  const name = document.createElement("span");
  name.className = "palette-name";
  name.textContent = one.name;
  made.append(name);
  if (one.keys?.length) {
    const keys = document.createElement("span");
    keys.className = "palette-note";
    keys.append(...one.keys.map((key) => Object.assign(document.createElement("kbd"), { textContent: key })));
    made.append(keys);
  }
  if (one.run) made.run = one.run;
  return made;
};

const group = (title, found) => {
  if (!found.length) return [];
  const made = document.createElement("div");
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", title);
  made.append(...found.map(option));
  return [made];
};

// --- choosing
const options = () => [...list().querySelectorAll("[role=option]")];
const active = () => list().querySelector("[data-active]");
const activate = (chosen) => {
  for (const one of options()) {
    one.toggleAttribute("data-active", one === chosen);
    one.setAttribute("aria-selected", String(one === chosen));
  }
  if (chosen) field().setAttribute("aria-activedescendant", chosen.id);
  else field().removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
};

const settle = (keep) => {
  options().forEach((one, at) => (one.id = `palette-option-${at}`));
  const shown = options();
  activate(shown.find((one) => one.dataset.key === keep) ?? shown[0]);
};

const run = (chosen) => {
  if (!chosen) return;
  remember(chosen);
  dialog().close();
  if (chosen.run) chosen.run();
  else location.assign(chosen.href);
};

// --- looking
const own = (wanted) => {
  const box = dialog().dataset;
  if (isSearch) return [];
  if (!wanted) {
    const acts = [...linesOf(), ...menuOf()];
    const known = new Map(acts.map((one) => [one.key, one]));
    const lately = used().map((one) => known.get(one.key) ?? (one.href ? one : null)).filter(Boolean).slice(0, 5);
    const rest = acts.filter((one) => !lately.includes(one));
    return [...group(box.recent, lately), ...group(box.acts, rest), ...group(box.places, placesOf())];
  }
  return [
    ...group(box.acts, ranked([...linesOf(), ...menuOf()], wanted).slice(0, MOST)),
    ...group(box.choices, ranked(choicesOf(), wanted).slice(0, MOST)),
    ...group(box.places, ranked(placesOf(), wanted).slice(0, 4)),
  ];
};

const fetched = async (text) => {
  const mine = ++asked;
  const url = `${dialog().dataset.src}?${new URLSearchParams({ q: text, ...(isSearch ? { only: "found" } : {}) })}`;
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected || mine !== asked) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    if (mine !== asked || !dialog().open) return;
    for (const old of list().querySelectorAll("[data-found]")) old.remove();
    for (const part of fresh.content.querySelectorAll("[role=group]")) part.dataset.found = "";
    // whoever has chosen by arrow keys keeps what they chose
    const kept = options().indexOf(active()) > 0 ? active().dataset.key : undefined;
    list().append(fresh.content);
    settle(kept);
    dialog().querySelector("[data-palette-status]").textContent = options().length ? "" : dialog().dataset.nothing;
  } catch {
    // away for a moment: what the page itself offers is there
  }
};

const look = () => {
  const text = field().value;
  list().replaceChildren(...own(folded(text)));
  settle();
  clearTimeout(timer);
  asked += 1;
  if (text.trim()) timer = setTimeout(() => fetched(text.trim()), PAUSE);
};

const open = (search) => {
  if (!dialog()) return false;
  isSearch = search;
  field().placeholder = search ? dialog().dataset.searchHint : dialog().dataset.hint;
  field().value = "";
  openDialog("palette");
  look();
  field().focus();
  return true;
};

doing("palette", () => open(false));
doing("search", () => open(true));

document.addEventListener("keydown", (event) => {
  if (event.key?.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  if (!dialog()) return;
  event.preventDefault();
  if (dialog().open) dialog().close();
  else open(false);
});

document.addEventListener("input", (event) => {
  if (event.target === field()) look();
});

document.addEventListener("keydown", (event) => {
  if (event.target !== field() || event.isComposing) return;
  const shown = options();
  const at = shown.indexOf(active());
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, shown.length - 1), PageUp: Math.max(at - 8, 0) }[event.key];
  if (to !== undefined && shown.length) {
    event.preventDefault();
    activate(shown[(to + shown.length) % shown.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    run(active());
  }
});

document.addEventListener("click", (event) => {
  const chosen = event.target.closest?.("#palette [role=option]");
  if (!chosen || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  run(chosen);
});

// a chip of the search page goes into the field, so that one can go on typing
document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("[data-search-text]");
  const into = document.querySelector(".search-field");
  if (!chip || !into || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  into.value = chip.dataset.searchText;
  into.focus();
  into.setSelectionRange(into.value.length, into.value.length);
  into.dispatchEvent(new Event("input", { bubbles: true }));
});

// in the field of the search page, the arrow down goes to what was found
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.(".search-field") || event.key !== "ArrowDown") return;
  const first = document.querySelector("#results .row-link");
  if (first) {
    event.preventDefault();
    first.focus();
  }
});
