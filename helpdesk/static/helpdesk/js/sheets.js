// The composer's tabs share one form: the reply's fields have plain names, the others' begin with their kind.
export const kindOf = (form) => form.querySelector("[name=kind]:checked")?.value ?? "note";

export const fieldOf = (form, kind, name) => form.querySelector(`[name="${kind === "reply" ? "" : `${kind}_`}${name}"]`);

export const textOf = (form, kind) => form.querySelector(`.composer-text[data-kind="${kind}"]`);

/** What the line beside the buttons says: saving, saved, sending. */
export const state = (form, said) => {
  const line = form?.querySelector("[data-composer-state]");
  if (line && line.textContent !== said) line.textContent = said;
};

/** What the server must know to keep a draft: everything but the files, which went there already. */
export const contentOf = (form) => {
  const data = new FormData(form);
  data.delete("files");
  for (const name of ["then", "send_at", "send_at_other", "later", "later_then", "anyway"]) data.delete(name);
  return data;
};
