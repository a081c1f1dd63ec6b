// Dialogs, and the pickers in them: type to narrow, arrows to choose, Enter to take.
import { word } from "./words.js";

// who opened a dialog gets the focus back when it closes: also where a menu hides the opener, or an answer replaced it
const REMEMBERED = 4000;
let opener = null;

const remember = (given) => {
  const element = given ?? document.activeElement;
  opener = element && element !== document.body ? { element, act: element.closest("[data-act]")?.dataset.act, until: 0 } : null;
};

const shown = (element) => (element?.isConnected && element.checkVisibility() ? element : null);

const giveBack = () => {
  const isNowhere = !document.activeElement || document.activeElement === document.body;
  if (!opener || Date.now() > opener.until || !isNowhere || document.querySelector("dialog[open]")) return;
  const same = opener.act && document.querySelector(`.ticket-acts [data-act="${CSS.escape(opener.act)}"]`);
  const place = opener.element.isConnected ? opener.element : same;
  (shown(place) ?? shown(place?.closest("details")?.querySelector("summary")))?.focus({ preventScroll: true });
};

document.addEventListener(
  "close",
  (event) => {
    if (!event.target.matches?.("dialog") || !opener) return;
    opener.until = Date.now() + REMEMBERED;
    setTimeout(giveBack);
  },
  true,
);
document.addEventListener("htmx:afterSettle", () => setTimeout(giveBack));
document.addEventListener("pointerdown", (event) => !event.target.closest?.("dialog") && (opener = null), true);

export const openDialog = (id, by) => {
  const dialog = document.getElementById(id);
  if (!dialog) return false;
  if (!document.querySelector("dialog[open]")) remember(by);
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("dialog-opened", { bubbles: true }));
  const filter = dialog.querySelector("[data-picker-filter]");
  if (filter) {
    filter.value = "";
    narrow(filter);
    filter.focus();
  }
  const field = dialog.querySelector("[data-snooze] [name=words]");
  if (field) {
    field.value = "";
    field.focus();
  }
  const current = dialog.querySelector("[data-letters] [aria-current], [data-letters] [data-takes]");
  current?.focus();
  return true;
};

const options = (picker) => [...picker.querySelectorAll(".picker-option")].filter((option) => !option.hidden);
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const activate = (picker, option) => {
  for (const other of picker.querySelectorAll("[data-active]")) other.removeAttribute("data-active");
  const filter = picker.querySelector("[data-picker-filter]");
  if (!option) {
    filter.removeAttribute("aria-activedescendant");
    return;
  }
  option.dataset.active = "";
  filter.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};

const narrow = (filter) => {
  const picker = filter.closest("[data-picker]");
  const wanted = folded(filter.value.trim());
  const create = picker.querySelector("[data-picker-create]");
  let exact = false;
  for (const option of picker.querySelectorAll(".picker-option:not([data-picker-create])")) {
    const words = folded(option.dataset.words ?? option.textContent);
    exact ||= words === wanted;
    option.hidden = !wanted.split(/\s+/).every((part) => words.split(/[\s@.-]+/).some((one) => one.startsWith(part)) || words.includes(wanted));
  }
  if (create) {
    create.hidden = !wanted || exact;
    create.value = filter.value.trim();
    create.querySelector("span").textContent = word(create.dataset.pickerCreate || "createTag", filter.value.trim());
  }
  const none = picker.querySelector("[data-picker-none]");
  if (none) none.hidden = options(picker).length > 0;
  activate(picker, options(picker)[0]);
};

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-picker-filter]")) narrow(event.target);
});

document.addEventListener("keydown", (event) => {
  const filter = event.target.closest?.("[data-picker-filter]");
  if (!filter || event.isComposing) return;
  const picker = filter.closest("[data-picker]");
  const shown = options(picker);
  const at = shown.findIndex((option) => "active" in option.dataset);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && shown.length) {
    event.preventDefault();
    activate(picker, shown[(at + step + shown.length) % shown.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    shown[at]?.click();
  }
});

document.addEventListener("click", (event) => {
  const dialog = event.target.closest("dialog");
  // a click on the veil is a click on the dialog outside its box
  if (event.target === dialog) {
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close();
  }
  if (event.target.closest("[data-close-dialog]")) dialog?.close();
});

// what was chosen goes out; the dialog has done its part
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.closest("[data-stays]")) event.target.closest("dialog[open]")?.close();
});

// a dialog that was fetched opens as soon as it is there
document.addEventListener("htmx:afterSettle", (event) => {
  const fetched = event.target.querySelector?.("dialog[data-open-now]");
  if (!fetched || fetched.open) return;
  openDialog(fetched.id, event.detail.requestConfig?.elt);
  // what is asked for is answered at once: the first field, not the button that closes
  if (document.activeElement?.matches("[data-close-dialog]")) {
    fetched.querySelector("form input:not([type=hidden], [type=radio], [type=checkbox]), form select, form textarea")?.focus();
  }
});
