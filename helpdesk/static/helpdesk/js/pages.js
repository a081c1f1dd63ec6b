// How parts of pages are exchanged: after htmx did it, and when the server told us something changed.
import { word } from "./words.js";
import { toast } from "./toasts.js";

export const csrfHeaders = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");

/** The second message that stands open, or the one after what is folded: from here on the server folds nothing. */
const shownFrom = () => {
  const open = [...document.querySelectorAll("#thread .message")].filter((message) => !message.closest(".earlier"));
  return open[1]?.id.replace("message-", "") ?? "";
};

document.addEventListener("htmx:configRequest", (event) => {
  const ticket = event.detail.path.match(/\/tickets\/(\d+)\//)?.[1];
  if (ticket && ticket === openTicket() && event.detail.verb !== "get") event.detail.headers["X-Shown-From"] = shownFrom();
});

/** Ask for one part of a page, as htmx would, and give back the elements in it. */
export const fetchPart = async (url, part) => {
  const address = new URL(url, location.href);
  address.searchParams.set("part", part);
  const headers = { "HX-Request": "true", "HX-Target": part, "X-Shown-From": shownFrom() };
  const answer = await fetch(address, { headers, credentials: "same-origin" });
  if (!answer.ok || new URL(answer.url).pathname !== address.pathname) throw new Error(`${answer.status} for ${part}`);
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  return fresh.content;
};

// Two renderings of the same thing differ in tokens and passing minutes only.
const essence = (element) => {
  const copy = element.cloneNode(true);
  for (const field of copy.querySelectorAll("input[name=csrfmiddlewaretoken], input[name=once]")) field.remove();
  // faces come by themselves, see presence.js
  for (const slot of [copy, ...copy.querySelectorAll("[data-faces]")].filter((one) => one.hasAttribute("data-faces"))) {
    slot.replaceChildren();
    for (const name of ["data-drawn", "class"]) slot.removeAttribute(name);
  }
  for (const line of copy.querySelectorAll("[data-typing-line], .presence-word")) line.replaceChildren();
  for (const dot of copy.querySelectorAll(".presence-dot")) delete dot.dataset.state;
  for (const time of copy.querySelectorAll("time[data-since]")) time.textContent = "";
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    part.classList.remove("htmx-request", "htmx-settling", "htmx-swapping", "htmx-added");
    if (!part.classList.length) part.removeAttribute("class");
    for (const name of ["data-active", "open", "aria-current", "hx-swap-oob"]) part.removeAttribute(name);
  }
  return copy.innerHTML.replace(/\s+/g, " ");
};

export const isSame = (one, other) => essence(one) === essence(other);

/** Put a fresh element in the place of the old one, unless nothing changed. True if it was replaced. */
export const replace = (old, fresh) => {
  if (!old || !fresh || isSame(old, fresh)) return false;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  return true;
};

const outside = (element) => [...element.attributes].map((one) => `${one.name}=${one.value}`).join(" ");

/** Put fresh children in the place of those that changed; what is the same stays, frames and all. True if any did. */
export const renew = (old, fresh) => {
  if (!old || !fresh || isSame(old, fresh)) return false;
  const there = [...old.children].map((element) => [element, outside(element) + essence(element)]);
  let at = 0;
  for (const child of [...fresh.children]) {
    const wanted = outside(child) + essence(child);
    const same = there.findIndex(([, said], index) => index >= at && said === wanted);
    if (same < 0) {
      old.insertBefore(child, there[at]?.[0] ?? null);
      window.htmx?.process(child);
    } else {
      for (const [gone] of there.slice(at, same)) gone.remove();
      at = same + 1;
    }
  }
  for (const [gone] of there.slice(at)) gone.remove();
  return true;
};

export const openTicket = () => document.querySelector(".conversation")?.dataset.ticket;

/** The list marks the ticket that is open beside it. */
export const markCurrent = () => {
  const number = openTicket();
  for (const row of document.querySelectorAll("#list .row")) {
    const link = row.querySelector(".row-link");
    if (row.dataset.number === number) {
      link.setAttribute("aria-current", "true");
      row.removeAttribute("data-unread");
    } else link.removeAttribute("aria-current");
  }
};

/** A conversation opens at its first unread message, else at the newest. */
export const showNewest = () => {
  const scroll = document.querySelector("[data-thread-scroll]");
  if (!scroll) return;
  // conversation.js goes there, and unfolds what it is in
  if (location.hash.startsWith("#message-")) return;
  const target = document.getElementById("unread") ?? [...scroll.querySelectorAll(".message")].pop();
  if (target) scroll.scrollTop = Math.max(0, target.offsetTop - scroll.offsetTop - 16);
};

const arrived = (reading) => {
  if (reading.dataset.title) document.title = reading.dataset.title;
  markCurrent();
  showNewest();
};

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "reading" || event.detail.target?.id === "reading") {
    const reading = document.getElementById("reading");
    if (reading) arrived(reading);
  }
  if (event.detail.target?.classList?.contains("list-more")) markCurrent();
});

/** Whether the session ended: the answer is the sign-in page, which belongs in no part of this one, and nothing was done. */
export const isSignIn = (xhr) => Boolean(word("login")) && new URL(xhr.responseURL || location.href, location.href).pathname === word("login");

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if (isSignIn(xhr)) {
    event.detail.shouldSwap = false;
    location.assign(`${word("login")}?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  // what an undo of another ticket answers does not belong to the one shown now
  if (target?.id === "thread" && event.detail.requestConfig?.path) {
    const number = event.detail.requestConfig.path.match(/\/tickets\/(\d+)\//)?.[1];
    if (number && openTicket() && number !== openTicket()) event.detail.shouldSwap = false;
  }
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if ((xhr.getResponseHeader("HX-Trigger") ?? "").includes('"toast"')) return;
  const reference = xhr.getResponseHeader("X-Request-Id");
  const said = { 403: word("refused"), 404: word("gone") }[xhr.status] ?? word("failed");
  toast({ message: [said, reference && word("reference", reference)].filter(Boolean).join(" "), tone: "bad" });
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast({ message: word("offline"), tone: "bad" }));
}

// a menu closes when something in it was chosen, or when the click was elsewhere
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("button, a")) menu.open = false;
  }
});

showNewest();
markCurrent();
