// The bell: how much one was told and has not read, live; its list in a popover; and a toast for what cannot wait.
import { csrfHeaders, fetchPart, openTicket } from "./pages.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const bell = () => document.querySelector("[data-rail=notifications]");

// --- the count --------------------------------------------------------------------------------------------------------
const count = ({ count: many, label }) => {
  const place = bell()?.querySelector("[data-rail-count]");
  if (!place) return;
  place.replaceChildren();
  if (!many) return;
  const [colon, words] = [document.createElement("span"), document.createElement("span")];
  colon.className = words.className = "visually-hidden";
  colon.textContent = ": ";
  words.textContent = ` (${label})`;
  place.append(colon, many > 99 ? "99+" : String(many), words);
};

let latest = 0;
let asked = 0;
let soon = null;
/** Whether something was told that no answer has shown yet. */
let isNews = false;
const ask = async () => {
  const turn = (asked += 1);
  try {
    const answer = await fetch(`${bell().href}?part=bell`, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const found = await answer.json();
    // what was asked for later knows more
    if (turn !== asked) return;
    count(found);
    const news = found.latest;
    if (isNews && news && news.id > latest && !document.hidden && String(news.ticket) !== openTicket()) {
      toast({ message: news.words, url: news.url, label: word("openIt"), seconds: 12 });
    }
    latest = Math.max(latest, news?.id ?? 0);
    isNews &&= Boolean(soon);
    if (box()?.matches(":popover-open")) fill();
    else if (document.querySelector("[data-notifications-page]")) refreshPage();
  } catch {
    // the next one asks again
  }
};

const askSoon = (hasNews) => {
  if (!bell()) return;
  isNews ||= hasNews;
  clearTimeout(soon);
  // the page of an open ticket marks it read first
  soon = setTimeout(() => {
    soon = null;
    ask();
  }, 400);
};

document.addEventListener("live", (event) => {
  const mine = event.detail.changes.filter((change) => change.verb.startsWith("notification."));
  if (mine.length) askSoon(event.detail.isNews && mine.some((change) => change.verb === "notification.new"));
});
document.addEventListener("live-anew", () => askSoon(false));

const refreshPage = async () => {
  const list = document.querySelector("[data-notifications-page]");
  if (list.contains(document.activeElement)) return;
  const fresh = await fetchPart(location.href, "page");
  const found = fresh.querySelector("[data-notifications-page]");
  if (found && found.innerHTML !== list.innerHTML) list.replaceWith(found);
};

// --- the popover ------------------------------------------------------------------------------------------------------
const box = () => document.getElementById("bell");

const fill = async () => {
  const fresh = await fetchPart(bell().href, "popover");
  box().replaceChildren(...fresh.children);
};

const open = async () => {
  if (!box()) {
    const made = document.createElement("div");
    made.id = "bell";
    made.className = "bell";
    made.popover = "auto";
    made.tabIndex = -1;
    made.setAttribute("role", "dialog");
    made.setAttribute("aria-label", word("notifications"));
    made.addEventListener("toggle", (event) => bell().setAttribute("aria-expanded", String(event.newState === "open")));
    bell().after(made);
  }
  try {
    await fill();
  } catch {
    location.assign(bell().href);
    return;
  }
  box().showPopover();
  box().focus({ preventScroll: true });
};

let closedAt = 0;
document.addEventListener("toggle", (event) => event.target.id === "bell" && event.newState === "closed" && (closedAt = Date.now()), true);

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-rail=notifications]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || !("popover" in link) || innerWidth < 641) return;
  event.preventDefault();
  // the press that closed it does not open it again
  if (Date.now() - closedAt > 300) open();
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("#bell form");
  if (!form) return;
  event.preventDefault();
  try {
    await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true", ...csrfHeaders() }, credentials: "same-origin" });
    await fill();
    askSoon(false);
  } catch {
    toast({ message: word("offline"), tone: "bad" });
  }
});

if (bell() && innerWidth >= 641) {
  bell().setAttribute("aria-haspopup", "dialog");
  bell().setAttribute("aria-expanded", "false");
}
