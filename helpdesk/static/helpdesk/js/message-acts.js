// What is done with a message when it is sent: chips below the text, and a hidden field that says it to the server.
import { fieldOf, kindOf } from "./sheets.js";
import { saveSoon } from "./drafts.js";
import { word } from "./words.js";

const read = (form, kind) => {
  try {
    return JSON.parse(fieldOf(form, kind, "acts")?.value || "[]");
  } catch {
    return [];
  }
};

const write = (form, kind, acts) => {
  const field = fieldOf(form, kind, "acts");
  if (field) field.value = acts.length ? JSON.stringify(acts) : "";
};

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/** Add acts, each once. */
export const putActs = (form, kind, added) => {
  const list = form.querySelector(`[data-acts="${kind}"]`);
  const acts = read(form, kind);
  for (const { act, words } of added) {
    if (acts.some((one) => same(one, act))) continue;
    acts.push(act);
    const chip = document.getElementById("act-template").content.firstElementChild.cloneNode(true);
    chip.querySelector("span").textContent = words;
    chip.querySelector("button").setAttribute("aria-label", word("doNot", words));
    list.append(chip);
  }
  write(form, kind, acts);
};

export const clearActs = (form, kind) => {
  write(form, kind, []);
  form.querySelector(`[data-acts="${kind}"]`)?.replaceChildren();
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove-act]");
  if (!button) return;
  event.preventDefault();
  const form = button.closest("form.composer");
  const list = button.closest("[data-acts]");
  const kind = list.dataset.acts;
  const at = [...list.children].indexOf(button.closest("li"));
  write(
    form,
    kind,
    read(form, kind).filter((_act, index) => index !== at),
  );
  button.closest("li").remove();
  saveSoon(form, kindOf(form), 0);
});
