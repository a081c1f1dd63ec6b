// The way an answer goes: what becomes of a long one on its network, or of its files, is shown while it is written.
import { csrfHeaders } from "./pages.js";
import { contentOf } from "./sheets.js";

const PAUSE = 600;
let timer = 0;
let asked = 0;

const look = async (form) => {
  const chosen = form.querySelector("[name=via]:checked");
  const box = form.querySelector("[data-route-parts]");
  if (!chosen || !box) return;
  const content = contentOf(form);
  const most = Number(chosen.dataset.most ?? Infinity);
  const number = ++asked;
  const hasFiles = form.querySelector('[data-files="reply"]')?.childElementCount > 0;
  if (!hasFiles && !("measured" in chosen.dataset) && (content.get("html") || content.get("text") || "").length < most * 0.9) {
    box.replaceChildren();
    return;
  }
  const url = form.querySelector("[data-routes]").dataset.partsUrl;
  const answer = await fetch(url, { method: "POST", body: content, headers: csrfHeaders() });
  if (!answer.ok || number !== asked) return;
  const told = await answer.text();
  // the page may have been brought up to date meanwhile, and the composer with it
  const now = document.getElementById(form.id)?.querySelector("[data-route-parts]");
  if (now) now.innerHTML = told;
};

const soon = ({ target }) => {
  if (!target.closest?.("#composer")?.querySelector("[data-routes]")) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    const form = document.querySelector("#composer");
    if (form) look(form);
  }, PAUSE);
};

// words for a place choose its template
document.addEventListener("input", ({ target }) => {
  const radio = target.closest?.(".route-place")?.closest(".route-template").querySelector("[name=template]");
  if (radio) radio.checked = true;
});
document.addEventListener("input", soon);
document.addEventListener("change", soon);
document.addEventListener("files-changed", soon);
document.addEventListener("htmx:load", ({ target }) => {
  const form = target.closest?.("#composer") ?? target.querySelector?.("#composer");
  if (form?.querySelector('[data-files="reply"] li')) soon({ target: form });
});
