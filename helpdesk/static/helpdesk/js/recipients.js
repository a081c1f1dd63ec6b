// Who gets it: addresses as chips one can take off, and the line that says what that means.
import { saveSoon } from "./drafts.js";
import { csrfHeaders } from "./pages.js";
import { contentOf } from "./sheets.js";
import { word } from "./words.js";

const parts = (text) => [...new Set((text.match(/(?:[^,;\n"]|"[^"\n]*"?)+/g) ?? []).map((one) => one.trim()).filter(Boolean))];
const bare = (text) => text.match(/<([^<>]*)>\s*$/)?.[1].trim() ?? text;
const looksRight = (address) => /^[^\s@]+@[^\s@]+$/.test(address);

const nameOf = (address) => {
  const known = [...document.querySelectorAll("#composer-known option")].find((one) => one.value.toLowerCase() === address.toLowerCase());
  return known?.textContent.trim() || address;
};

/** The field stays what the form sends; the chips are how it looks. */
const chips = (field) => {
  const box = document.createElement("span");
  box.className = "chips";
  const typed = document.createElement("input");
  typed.className = "chip-input";
  typed.id = `typed-${field.name}`;
  typed.inputMode = "email";
  // the label's first button would be a chip's: taking somebody off is no way to answer a click on "To"
  field.closest("label").htmlFor = typed.id;
  typed.setAttribute("list", field.getAttribute("list"));
  typed.setAttribute("aria-label", field.closest("label").querySelector("span").textContent);
  typed.autocomplete = "off";
  field.type = "hidden";
  field.after(box);

  const draw = () => {
    box.replaceChildren(...parts(field.value).map(bare).map(chip), typed);
  };
  const set = (addresses, { quiet = false } = {}) => {
    field.value = [...new Set(addresses)].join(", ");
    draw();
    if (!quiet) changed(field);
  };
  const chip = (address) => {
    const one = document.createElement("span");
    one.className = "chip";
    one.title = address;
    if (!looksRight(address)) one.dataset.tone = "bad";
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "chip-remove";
    remove.setAttribute("aria-label", word("removeRecipient", address));
    remove.textContent = "×";
    remove.addEventListener("click", () => {
      set(parts(field.value).filter((other) => bare(other) !== address));
      typed.focus();
    });
    const name = document.createElement("span");
    name.className = "truncate";
    name.textContent = nameOf(address);
    one.append(name, remove);
    return one;
  };
  const take = () => {
    const added = parts(typed.value).flatMap((one) => (one.includes("<") || !/\s/.test(one) ? [bare(one)] : one.split(/\s+/)));
    typed.value = "";
    if (added.length) set([...parts(field.value), ...added]);
  };

  typed.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (["Enter", ",", ";"].includes(event.key) || (event.key === "Tab" && typed.value && looksRight(typed.value))) {
      if (event.key !== "Tab") event.preventDefault();
      take();
    } else if (event.key === "Backspace" && !typed.value) {
      const left = parts(field.value);
      if (left.length) {
        set(left.slice(0, -1));
        typed.focus();
      }
    }
  });
  typed.addEventListener("input", (event) => {
    // a whole address chosen from the list, or several pasted at once
    const isChosen = event.inputType === "insertReplacementText" || event.inputType === undefined;
    if (isChosen || /[,;\n]/.test(typed.value)) take();
    event.stopPropagation();
  });
  typed.addEventListener("focusout", take);
  box.addEventListener("click", (event) => event.target === box && typed.focus());
  field.addEventListener("chips:add", (event) => set([...parts(field.value), event.detail]));
  draw();
};

let asked;
const changed = (field) => {
  const form = field.form;
  const around = field.closest("[data-recipients]");
  if (!form || !around) return;
  saveSoon(form, around.dataset.recipients);
  clearTimeout(asked);
  asked = setTimeout(() => ask(form, around), 150);
};

let turns = 0;
/** What the server says of these recipients: the line, and whom one may include. */
const ask = async (form, around) => {
  const turn = (turns += 1);
  const data = contentOf(form);
  data.set("kind", around.dataset.recipients);
  try {
    const answer = await fetch(form.dataset.recipientsUrl, { method: "POST", body: data, headers: csrfHeaders(), credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    // an answer about the recipients of before that comes late says nothing of those of now
    if (turn !== turns) return;
    const line = fresh.content.querySelector(".recipients-line");
    if (line) around.querySelector(".recipients-line").innerHTML = line.innerHTML;
    const offers = fresh.content.querySelector(".recipients-offers");
    const old = around.querySelector(".recipients-offers");
    if (offers && old && !old.contains(document.activeElement)) old.innerHTML = offers.innerHTML;
  } catch {
    // sending checks again
  }
};

document.addEventListener("change", (event) => {
  if (!event.target.matches("[name$=include]")) return;
  const around = event.target.closest("[data-recipients]");
  const cc = around.querySelector("[name$=cc]:not([name$=bcc])");
  const offer = event.target.closest("label");
  cc.dispatchEvent(new CustomEvent("chips:add", { detail: event.target.value }));
  offer.remove();
  around.querySelector("summary").focus();
});

/** Make chips of a composer's address fields. */
export const choose = (root) => {
  for (const field of root.querySelectorAll("[data-chips]:not([data-ready])")) {
    field.dataset.ready = "yes";
    chips(field);
  }
};

document.addEventListener("htmx:afterSettle", () => choose(document));
choose(document);
