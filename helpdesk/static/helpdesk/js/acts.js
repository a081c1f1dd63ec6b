// Acts on a ticket: dialogs by key, then a letter; what a colleague was faster with; what is asked before resolving.
import { openDialog } from "./dialogs.js";
import { doing } from "./keyboard.js";
import { openTicket } from "./pages.js";

for (const name of ["status", "priority", "type", "snooze"]) doing(name, () => openDialog(`${name}-dialog`));

// buttons that stand in a menu are pressed while it is closed, too
for (const name of ["follow", "spam", "trash", "merge", "link"]) {
  doing(name, () => {
    const button = document.querySelector(`.ticket-acts [data-act="${name}"]`);
    button?.click();
    return Boolean(button);
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-act][href$='-dialog']");
  if (!link || event.defaultPrevented) return;
  const id = link.getAttribute("href").slice(1);
  if (!document.getElementById(id)) return;
  event.preventDefault();
  openDialog(id, link);
});

// a dialog of letters: the letter takes, arrows walk
document.addEventListener("keydown", (event) => {
  const form = document.querySelector("dialog[open] [data-letters]");
  // the key that opened the dialog is no choice in it
  if (!form || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...form.querySelectorAll("[data-takes]")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const chosen = all.find((one) => one.dataset.takes === event.key.toLowerCase());
  if (step) {
    event.preventDefault();
    const at = all.indexOf(document.activeElement);
    all[(at + step + all.length) % all.length].focus();
  } else if (chosen) {
    event.preventDefault();
    chosen.click();
  }
});

// in the snooze box the arrows lead from the field to what is offered, and back
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-snooze]");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!form || !step) return;
  event.preventDefault();
  const all = [form.querySelector("[name=words]"), ...form.querySelectorAll("[name=until]")];
  const at = all.indexOf(document.activeElement);
  all[(at + step + all.length) % all.length].focus();
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-snooze]");
  // Enter in the empty field takes the first of what is offered
  if (form && event.submitter?.matches("[data-snooze-go]") && !form.elements.words.value.trim()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    form.querySelector("[name=until]")?.click();
    return;
  }
  // words that are no time stay where they can be mended
  const none = form?.querySelector("[data-no-time]")?.dataset.noTime;
  if (none && none === form.elements.words.value.trim() && event.submitter?.matches("[data-snooze-go]")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    form.elements.words.select();
  }
}, true);

// every act says what the page knew last, also from parts that were drawn earlier
document.addEventListener("htmx:configRequest", (event) => {
  const { verb, path, parameters } = event.detail;
  const seen = document.querySelector("#header [data-seen]");
  if (verb === "get" || !seen || path.match(/\/tickets\/(\d+)\//)?.[1] !== openTicket()) return;
  // what is written says itself which message was the last one seen
  if (!/\/(reply|note|forward|drafts?)\b/.test(path)) parameters.seen = seen.value;
});

// what is wanted before a ticket is resolved
document.addEventListener("fields", (event) => {
  const number = openTicket();
  if (number) window.htmx.ajax("GET", `/tickets/${number}/fields?then=${event.detail.then}`, { target: "#act-dialog", swap: "innerHTML" });
});
document.addEventListener("answered", (event) => {
  if (event.detail.then === "reply") document.querySelector('#composer [name="then"][value="resolve"]')?.click();
});

// the field one clicked in the panel is the one to write in
let wanted = "";
document.addEventListener("click", (event) => {
  wanted = event.target.closest("[data-field]")?.dataset.field ?? wanted;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "act-dialog" || !wanted) return;
  document.getElementById(`id_field_${wanted}`)?.focus();
  wanted = "";
});
