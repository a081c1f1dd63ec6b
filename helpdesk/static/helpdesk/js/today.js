// A report about this moment keeps itself up to date: when something changed, and as time passes. What is the same stays
// as it is, and what is in use is not pulled away.
import { replace } from "./pages.js";

const LEAST_MS = 3_000;
const OFTEN_MS = 30_000;
const PARTS = ".tile, .figure, .report-said, #left-out";

const place = () => document.querySelector("[data-live-report]");
const parts = (root) => [...root.querySelectorAll(PARTS)];
const nameOf = (part) => part.id || part.className;

let asking = false;
let asked = 0;
/** What is told the moment it happens is counted a moment later: after the last of it, there is one more look. */
let isFresh = false;
let timer;

const renewPart = (old, fresh) => {
  if (old.contains(document.activeElement)) return;
  const opened = old.querySelector("details[open]");
  if (opened) fresh.querySelector("details")?.setAttribute("open", "");
  replace(old, fresh);
};

const refresh = async () => {
  const here = place();
  if (!here || document.hidden) return;
  if (asking) {
    soon(); // the answer that is awaited may not know yet
    return;
  }
  asking = true;
  asked = Date.now();
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const there = page.querySelector("[data-live-report]");
    if (!there) return;
    const mine = new Map(parts(here).map((part) => [nameOf(part), part]));
    const theirs = parts(there);
    if (theirs.length !== mine.size || theirs.some((part) => !mine.has(nameOf(part)))) {
      // another number came or went
      const sections = here.querySelector(".report-sections");
      if (!sections?.contains(document.activeElement)) sections?.replaceWith(there.querySelector(".report-sections"));
      return;
    }
    for (const part of theirs) renewPart(mine.get(nameOf(part)), part);
  } catch {
    // the next change, or the next half minute, asks again
  } finally {
    asking = false;
    if (isFresh) soon();
    isFresh = false;
  }
};

const soon = () => {
  if (!place() || timer) return;
  timer = setTimeout(
    () => {
      timer = undefined;
      refresh();
    },
    Math.max(LEAST_MS - (Date.now() - asked), 500),
  );
};

const news = () => {
  isFresh = true;
  soon();
};

if (place()) {
  document.addEventListener("live", (event) => {
    if (event.detail.changes.some((change) => !/^notification\./.test(change.verb))) news();
  });
  document.addEventListener("live-anew", news);
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  setInterval(refresh, OFTEN_MS);
}
