// The views column in one's own order: dragged, or moved with Alt and an arrow key while a view has the focus.
import { csrfHeaders } from "./pages.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const column = () => document.querySelector("#views [data-arrange]");
const keys = () => [...column().querySelectorAll("[data-view-key]")].map((one) => one.dataset.viewKey);

// several steps are one arrangement, sent when they end: two on their way at once could overtake each other
let waiting = 0;
const keep = () => {
  // live.js puts no older order in its place
  column().dataset.keeping = "";
  clearTimeout(waiting);
  waiting = setTimeout(send, 300);
};

const send = async () => {
  const mine = waiting;
  try {
    const answer = await fetch(column().dataset.arrange, {
      method: "POST",
      headers: { ...csrfHeaders(), "HX-Request": "true", "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ order: keys().join(",") }),
      credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(answer.status);
  } catch {
    toast({ message: word("failed"), tone: "bad" });
  } finally {
    if (mine === waiting) delete column()?.dataset.keeping;
  }
};

document.addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const item = event.target.closest?.("#views [data-view-key]");
  if (!item) return;
  event.preventDefault();
  const other = event.key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (event.key === "ArrowUp") other.before(item);
  else other.after(item);
  item.querySelector(".view-link").focus();
  keep();
});

let dragged = null;
const unmark = () => {
  for (const one of document.querySelectorAll("#views [data-drop]")) delete one.dataset.drop;
};

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("#views [data-view-key]") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  dragged.dataset.dragging = "";
});

document.addEventListener("dragover", (event) => {
  const over = dragged && event.target.closest?.("#views [data-view-key]");
  if (!over) return;
  event.preventDefault();
  unmark();
  if (over === dragged) return;
  const box = over.getBoundingClientRect();
  over.dataset.drop = event.clientY < box.top + box.height / 2 ? "before" : "after";
});

document.addEventListener("drop", (event) => {
  const over = dragged && event.target.closest?.("#views [data-drop]");
  if (!over) return;
  event.preventDefault();
  if (over.dataset.drop === "before") over.before(dragged);
  else over.after(dragged);
  keep();
});

document.addEventListener("dragend", () => {
  unmark();
  if (dragged) delete dragged.dataset.dragging;
  dragged = null;
});
