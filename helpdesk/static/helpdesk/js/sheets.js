// The composer's tabs share one form: the reply's fields have plain names, the others' begin with their kind.
// What is written stands in a text field, and once somebody writes, in an editor in its place.
export const kindOf = (form) => form.querySelector("[name=kind]:checked")?.value ?? "note";

export const fieldOf = (form, kind, name) => form.querySelector(`[name="${kind === "reply" ? "" : `${kind}_`}${name}"]`);

export const textOf = (form, kind) => form.querySelector(`.composer-text[data-kind="${kind}"]`);

// --- the editor -------------------------------------------------------------------------------------------------------
const editors = new Map();
let library = null;
let loading = null;

/** The editor in the place of a text field, once there is one. */
export const editorOf = (text) => editors.get(text);

const put = (text) => {
  if (!library || !text.isConnected || editors.has(text)) return;
  const html = fieldOf(text.form, text.dataset.kind, "html");
  if (!html) return;
  for (const [old, editor] of editors) {
    if (old.isConnected) continue;
    editor.destroy();
    editors.delete(old);
  }
  const editor = library.mount(text, html);
  editors.set(text, editor);
  text.dispatchEvent(new CustomEvent("enriched", { bubbles: true, detail: { editor } }));
};

/** Let a text field become an editor: now if it was fetched, else when it is here. Without it, the field stays. */
export const enrich = async (text) => {
  if (library) return put(text);
  try {
    loading ??= import("./editor.js");
    library = await loading;
    // not in the middle of a letter that several keys make
    if (composing) document.addEventListener("compositionend", () => setTimeout(() => put(text)), { once: true });
    else put(text);
  } catch {
    loading = null;
    text.dispatchEvent(new CustomEvent("plain", { bubbles: true }));
  }
};

/** Whether a text field is about to become an editor. */
export const isComing = (text) => Boolean(loading) && !editors.has(text) && Boolean(fieldOf(text.form, text.dataset.kind, "html"));

let composing = false;
document.addEventListener("compositionstart", () => (composing = true));
document.addEventListener("compositionend", () => (composing = false));

/** A form that is fresh on the page: drafts that say more than text show it, and nobody waits for what is here. */
export const prepareSheets = (form) => {
  for (const text of form.querySelectorAll(".composer-text")) {
    const html = fieldOf(form, text.dataset.kind, "html");
    if (html && text.dataset.html) {
      html.value = text.dataset.html;
      enrich(text);
    } else if (library) put(text);
  }
};

document.addEventListener("focusin", (event) => event.target.matches?.("form.composer .composer-text") && enrich(event.target));

// --- what is written --------------------------------------------------------------------------------------------------
export const wordsOf = (form, kind) => ({ text: textOf(form, kind)?.value ?? "", html: fieldOf(form, kind, "html")?.value ?? "" });

export const isSameWords = (one, other) => one.text === other.text && (one.html ?? "") === (other.html ?? "");

/** Write something in the place of what stands there. */
export const setWords = (form, kind, { text = "", html = "" }) => {
  const field = textOf(form, kind);
  if (!field) return;
  field.value = text;
  const htmlField = fieldOf(form, kind, "html");
  if (htmlField) htmlField.value = html;
  const editor = editorOf(field);
  if (editor) editor.set({ text, html });
  else if (html) enrich(field);
};

export const focusText = (form, kind) => {
  const field = textOf(form, kind);
  if (library && field) put(field);
  (editorOf(field) ?? field)?.focus();
  return Boolean(field);
};

export const blurText = (form, kind) => {
  const field = textOf(form, kind);
  (editorOf(field) ?? field)?.blur();
};

/** Where somebody is writing, so that they can go on elsewhere. */
export const caretIn = (form) => {
  const here = document.activeElement;
  if (!form?.contains(here) || !here.matches(".composer-text, .composer-editor")) return null;
  const { kind } = here.dataset;
  const editor = editorOf(textOf(form, kind));
  return { kind, ...(editor?.caret() ?? { start: here.selectionStart, end: here.selectionEnd }) };
};

export const setCaret = (form, { kind, start, end }) => {
  if (!focusText(form, kind)) return;
  const field = textOf(form, kind);
  const editor = editorOf(field);
  if (editor) editor.select({ start, end });
  else field.setSelectionRange(start, end);
};

/** What the line beside the tabs says: saving, saved, sending. */
export const state = (form, said) => {
  const line = form?.querySelector("[data-composer-state]");
  if (line && line.textContent !== said) line.textContent = said;
};

/** What the server must know to keep a draft: everything but the files, which went there already. */
export const contentOf = (form) => {
  const data = new FormData(form);
  data.delete("files");
  for (const name of ["then", "send_at", "send_at_other", "snooze_words", "later", "later_then", "anyway"]) data.delete(name);
  return data;
};
