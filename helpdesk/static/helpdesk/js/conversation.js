// Reading a ticket: what is folded opens where it must, changes can be hidden, messages can be linked to and quoted.
import { write } from "./composer.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const openTo = (hash) => {
  if (!hash.startsWith("#message-")) return;
  const message = document.getElementById(hash.slice(1));
  for (let fold = message?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  message?.scrollIntoView();
};

const remember = (hidden) => {
  try {
    localStorage.setItem("changes", hidden ? "hidden" : "shown");
  } catch {
    // a browser that keeps nothing shows them again on the next page
  }
};
const recall = () => {
  try {
    return localStorage.getItem("changes") === "hidden";
  } catch {
    return false;
  }
};
const show = (hidden) => {
  document.documentElement.dataset.changes = hidden ? "hidden" : "shown";
  for (const button of document.querySelectorAll("[data-act=changes]")) button.setAttribute("aria-pressed", String(hidden));
};

// what the customer wrote, without our buttons and what is folded in it
const wordsOf = (id) => {
  const letter = document.querySelector(`#message-${id} .letter`);
  return letter?.innerText.trim() ?? "";
};

const quote = (words) => {
  if (!words || !write("reply")) return;
  const lines = words.split("\n").map((line) => `> ${line}`.trimEnd());
  document.execCommand("insertText", false, `${lines.join("\n")}\n\n`);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-quote], [data-act=changes]");
  if (!button) return;
  if (button.dataset.act) {
    const hidden = document.documentElement.dataset.changes !== "hidden";
    remember(hidden);
    show(hidden);
  } else if (button.dataset.copy) {
    const address = new URL(button.dataset.copy, location.href);
    address.search = "";
    try {
      await navigator.clipboard.writeText(address.href);
      toast({ message: word("copied") });
    } catch {
      location.hash = button.dataset.copy;
    }
  } else quote(wordsOf(button.dataset.quote));
});

window.addEventListener("hashchange", () => openTo(location.hash));
document.addEventListener("htmx:afterSettle", (event) => event.detail.target?.id === "reading" && show(recall()));

show(recall());
openTo(location.hash);
