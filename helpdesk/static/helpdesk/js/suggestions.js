// What is offered while one writes: `/` saved replies and macros, `@` colleagues, `:` emoji. One listbox for all three:
// the focus stays where one writes, arrow keys walk through what is offered, Enter takes it, Esc closes.
import { csrfHeaders } from "./pages.js";
import { editorOf, isComing, kindOf, textOf } from "./sheets.js";
import { saveSoon } from "./drafts.js";
import { putActs } from "./message-acts.js";
import { word } from "./words.js";

const MOST = 8;
const form = () => document.querySelector("form.composer");
const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** How well letters fit words: whole beginnings first, then inner ones; 0 for not at all. */
const fits = (letters, words) => {
  const wanted = fold(letters).trim();
  const said = fold(words);
  if (!wanted) return 1;
  if (said.startsWith(wanted)) return 4;
  const parts = wanted.split(/\s+/);
  const all = said.split(/[^\p{L}\p{N}]+/u);
  if (parts.every((part) => all.some((one) => one.startsWith(part)))) return 3;
  return said.includes(wanted) ? 2 : 0;
};

// --- where one writes: a text field, or the editor in its place -------------------------------------------------------
const placeOf = (field) => {
  const editor = editorOf(field);
  if (editor) return editor;
  return {
    element: field,
    before: () => (field.selectionStart === field.selectionEnd ? field.value.slice(0, field.selectionStart).split("\n").pop() : ""),
    replace: (count, { text }) => {
      field.setRangeText(text, field.selectionStart - count, field.selectionStart, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    erase: (count) => {
      field.setRangeText("", field.selectionStart - count, field.selectionStart, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
    place: () => field.getBoundingClientRect(),
  };
};

// --- what is offered --------------------------------------------------------------------------------------------------
const fetched = new Map();
const ask = (address, key) => {
  if (!fetched.has(address)) {
    const answer = fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } }).then((one) => {
      if (!one.ok) throw new Error(String(one.status));
      return one.json();
    });
    answer.catch(() => fetched.delete(address));
    fetched.set(address, answer);
  }
  return fetched.get(address).then((said) => said[key]);
};

const ranked = (all, letters, wordsOf) =>
  all
    .map((one, index) => ({ one, index, fit: fits(letters, wordsOf(one)) }))
    .filter(({ fit }) => fit)
    .sort((a, b) => b.fit - a.fit || a.index - b.index)
    .map(({ one }) => one);

const SOURCES = {
  "/": {
    label: () => word("savedReplies"),
    none: () => word(open.letters ? "noSavedReply" : "noSavedRepliesYet"),
    token: /(?:^|\s)\/([^/\s][^/\n]{0,39}|)$/,
    find: async (letters, one) =>
      ranked(await ask(one.dataset.macrosUrl, "macros"), letters, (macro) => macro.name),
    show: (macro) => ({ title: macro.name, hint: macro.acts.length ? macro.acts.map(({ words }) => words).join(" · ") : "" }),
    preview: (macro) => ({ text: macro.text, acts: macro.acts.map(({ words }) => words), why: macro.why.join(" · ") }),
    take: (macro, place, count, one) => {
      const kind = kindOf(one);
      const address = `${one.dataset.macrosUrl}/${macro.id}`;
      if (!macro.text) {
        place.erase(count);
        window.htmx.ajax("POST", address, { source: one.querySelector("[data-macro-runner]"), target: "#thread", select: "#thread", swap: "outerHTML" });
        return;
      }
      place.replace(count, { text: macro.text, html: macro.html });
      if (macro.acts.length && kind !== "forward") putActs(one, kind, macro.acts);
      saveSoon(one, kind);
      fetch(address, { method: "POST", body: new URLSearchParams({ use: "1" }), headers: csrfHeaders(), credentials: "same-origin" }).catch(() => {});
    },
  },
  "@": {
    kinds: ["note"],
    label: () => word("colleagues"),
    none: () => word("noColleague"),
    token: /(?:^|[\s(])@([^@\n]{0,40})$/,
    find: async (letters, one) => ranked(await ask(one.dataset.colleaguesUrl, "colleagues"), letters, (person) => person.name),
    show: (person) => ({ title: person.name }),
    take: (person, place, count) => place.replace(count, { text: `@${person.name} ` }),
  },
  ":": {
    label: () => word("emoji"),
    none: () => "",
    token: /(?:^|\s):([a-z][a-z ]{1,30})$/i,
    find: async (letters, one) => {
      return ranked(await ask(one.dataset.emojiUrl, "emoji"), letters, ([, name]) => name);
    },
    show: ([sign, name]) => ({ title: `${sign} ${name}` }),
    take: ([sign], place, count) => place.replace(count, { text: sign }),
  },
};

// --- the box ----------------------------------------------------------------------------------------------------------
let open = null;

const boxOf = (one) => {
  const box = document.getElementById("suggestions-template").content.firstElementChild.cloneNode(true);
  one.append(box);
  return box;
};

export const close = () => {
  if (!open) return;
  open.box.remove();
  const { element } = open.place;
  for (const name of ["aria-controls", "aria-activedescendant", "aria-autocomplete"]) element.removeAttribute(name);
  open = null;
};

const draw = () => {
  const { box, source, items, at, place } = open;
  const list = box.querySelector("[role=listbox]");
  list.setAttribute("aria-label", source.label());
  list.replaceChildren(
    ...items.slice(0, MOST).map((item, index) => {
      const { title, hint } = source.show(item);
      const row = document.createElement("li");
      row.id = `suggestion-${index}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", String(index === at));
      row.dataset.index = String(index);
      const words = document.createElement("span");
      words.textContent = title;
      row.append(words);
      if (hint) {
        const more = document.createElement("span");
        more.className = "muted truncate";
        more.textContent = hint;
        row.append(more);
      }
      const text = source.preview?.(item).text;
      if (text) {
        const says = document.createElement("span");
        says.className = "suggestion-says truncate";
        says.textContent = text.replace(/\s+/g, " ");
        row.append(says);
      }
      return row;
    }),
  );
  const none = box.querySelector("[data-none]");
  none.textContent = open.loading ? word("loading") : items.length ? "" : source.none();
  none.hidden = !none.textContent;
  if (items.length) place.element.setAttribute("aria-activedescendant", `suggestion-${at}`);
  else place.element.removeAttribute("aria-activedescendant");
  const preview = box.querySelector("[data-preview]");
  const shown = items[at] && source.preview?.(items[at]);
  preview.hidden = !shown;
  if (!shown) return;
  preview.querySelector("[data-preview-text]").textContent = shown.text;
  preview.querySelector("[data-preview-why]").textContent = shown.why;
  preview.querySelector("[data-preview-acts]").replaceChildren(
    ...shown.acts.map((words) => {
      const row = document.createElement("li");
      row.textContent = words;
      return row;
    }),
  );
};

const find = async (letters) => {
  const mine = open;
  mine.letters = letters;
  try {
    const items = await mine.source.find(letters, mine.form);
    if (open !== mine || mine.letters !== letters) return;
    mine.items = items;
    mine.at = 0;
    mine.loading = false;
    // more letters than anything offered has: what is typed is just text
    if (!items.length && letters.length > 12) return void close();
    draw();
    if (mine.wanted) take();
  } catch {
    if (open === mine) close();
  }
};

/** What stands before the caret asks for something, or no longer does. */
const look = (field) => {
  const one = field.form;
  const place = placeOf(field);
  const before = place.before();
  if (before === null || before === undefined) return;
  const found = Object.entries(SOURCES)
    .map(([sign, source]) => ({ sign, source, match: before.match(source.token) }))
    .find(({ source, match }) => match && (!source.kinds || source.kinds.includes(kindOf(one))));
  if (!found) {
    dismissed = "";
    if (open?.field === field) close();
    return;
  }
  const token = found.sign + found.match[1];
  // closed with Esc: the same word does not open it again
  if (dismissed && token.startsWith(dismissed)) return;
  if (!open || open.field !== field || open.sign !== found.sign || open.place.element !== place.element) {
    const byKey = open?.byKey ?? wantedByKey;
    close();
    open = { ...found, field, form: one, place, box: boxOf(one), items: [], at: 0, loading: true, byKey };
    wantedByKey = false;
    const { element } = place;
    element.setAttribute("aria-autocomplete", "list");
    element.setAttribute("aria-controls", "suggestions-list");
    draw();
  }
  open.token = token;
  if (open.letters !== found.match[1]) find(found.match[1]);
};

const take = () => {
  const { field, items, at, source, place, token, form: one, loading, send } = open;
  // Enter came before the answer, and the first that fits is what is meant; or before the editor that shows it
  if (loading || (items[at]?.html && isComing(field))) {
    open.wanted = true;
    return;
  }
  if (!items[at]) return;
  close();
  source.take(items[at], place, token.length, one);
  dismissed = "";
  if (send) document.dispatchEvent(new CustomEvent("taken", { detail: { send } }));
};

let dismissed = "";
let wantedByKey = false;

/** Open the saved replies where an answer is written, as the key `/` does. */
export const openSavedReplies = (write) => {
  const one = form();
  if (!one?.querySelector("[name=kind]")) return false;
  if (!write(kindOf(one) === "forward" ? "reply" : kindOf(one))) return false;
  const field = textOf(one, kindOf(one));
  if (!field) return false;
  const place = placeOf(field);
  const before = place.before();
  wantedByKey = true;
  dismissed = "";
  place.replace(0, { text: before && !/\s$/.test(before) ? " /" : "/" });
  look(field);
  return true;
};

document.addEventListener(
  "keydown",
  (event) => {
    if (!open || event.isComposing || event.altKey) return;
    if (open.wanted && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      // sent once what was chosen is there
      open.send = event.shiftKey ? "resolve" : "reply";
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.target !== open.place.element) return;
    const { items } = open;
    const shown = Math.min(items.length, MOST);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!shown) return;
      open.at = (open.at + (event.key === "ArrowDown" ? 1 : shown - 1)) % shown;
      draw();
    } else if (event.key === "Enter" || event.key === "Tab") {
      if (event.shiftKey || (!open.loading && !shown)) return void close();
      take();
    } else if (event.key === "Escape") {
      const { byKey, place, token } = open;
      dismissed = token;
      close();
      // what only the key had put there goes with it
      if (byKey) place.erase(token.length);
    } else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("mousedown", (event) => {
  const row = event.target.closest?.(".suggestions [role=option]");
  if (!open) return;
  if (row) {
    event.preventDefault();
    open.at = Number(row.dataset.index);
    take();
  } else if (event.target.closest?.(".suggestions")) event.preventDefault();
});

document.addEventListener("focusout", (event) => {
  if (!open || event.target !== open.place.element) return;
  // an editor that takes a field's place takes its focus too
  setTimeout(() => open && !open.form.contains(document.activeElement) && close());
});

document.addEventListener("input", (event) => event.target.matches?.("form.composer .composer-text") && look(event.target));
document.addEventListener("enriched", (event) => {
  const field = event.target;
  const wasOpen = open?.field === field;
  if (wasOpen) {
    const { byKey, wanted, send } = open;
    close();
    wantedByKey = byKey;
    look(field);
    // Enter came while the editor was on its way
    if (wanted && open) {
      open.send = send;
      if (open.loading) open.wanted = true;
      else take();
    }
    return;
  }
  look(field);
});
document.addEventListener("plain", () => open?.wanted && take());
document.addEventListener("change", (event) => event.target.name === "kind" && close());
// another ticket, other names and macros
document.addEventListener("htmx:afterSwap", (event) => event.detail.target?.id === "reading" && (close(), fetched.clear()));
