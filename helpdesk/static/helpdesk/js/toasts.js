// What was just done, said in a sentence in the corner, with a way back where there is one.
const SECONDS = 9;
const region = () => document.getElementById("toasts");

export const toast = ({ message, undo_url: undoUrl, tone, seconds, url, label, again }) => {
  const template = document.getElementById("toast-template");
  if (!template || !message) return;
  const box = template.content.firstElementChild.cloneNode(true);
  box.querySelector(".toast-words").textContent = message;
  if (tone) box.dataset.tone = tone;
  const undo = box.querySelector("[data-toast-undo]");
  if (undoUrl) undo.dataset.toastUndo = undoUrl;
  else undo.remove();
  if (url) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = url;
    link.textContent = label;
    box.querySelector(".toast-words").after(link);
  }
  const nevertheless = box.querySelector("[data-toast-again]");
  if (again) nevertheless.addEventListener("click", () => post(again.method, again.url, again.values));
  else nevertheless.remove();
  // what cannot be undone has been read by the time the next comes
  for (const other of [...region().children]) if (!other.querySelector("[data-toast-undo]")) other.remove();
  while (region().children.length > 1) region().firstElementChild.remove();
  region().append(box);
  fade(box, seconds);
};

const fade = (box, limit) => {
  let left = limit || SECONDS;
  const tick = setInterval(() => {
    // whoever reads or reaches for it is not hurried, unless the way back closes
    if (limit || (!box.matches(":hover, :focus-within") && !document.hidden)) left -= 1;
    if (left > 0 && box.isConnected) return;
    clearInterval(tick);
    box.remove();
  }, 1000);
};

const changed = "#header,#panel,#dialogs";

const post = (method, url, values = {}) => {
  const thread = document.getElementById("thread");
  window.htmx.ajax(method, url, {
    source: thread ?? document.body,
    target: thread ?? document.body,
    swap: thread ? "outerHTML" : "none",
    select: "#thread",
    selectOOB: changed,
    values,
  });
};

/** Take back what was done last: by the button that is shown, else whatever the server knows of. */
export const undoLast = () => {
  const button = [...region().querySelectorAll("[data-toast-undo]")].pop();
  if (button) button.click();
  else post("POST", "/undo", { current: document.querySelector(".conversation")?.dataset.ticket ?? "" });
  return true;
};

document.addEventListener("toast", (event) => toast(event.detail));

document.addEventListener("click", (event) => {
  const undo = event.target.closest("[data-toast-undo]");
  const box = event.target.closest(".toast");
  // where the page itself brought the toast, its form goes out as any other
  if (undo?.form) return;
  if (undo) post("POST", undo.dataset.toastUndo, { current: document.querySelector(".conversation")?.dataset.ticket ?? "" });
  if (undo || event.target.closest("[data-toast-close], [data-toast-again]")) box.remove();
});

for (const box of document.querySelectorAll("#toasts .toast")) fade(box);
