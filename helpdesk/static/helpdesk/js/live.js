// Live updates. The server says which tickets changed; the page asks for its own parts again, as itself.
// Rows never move while the pointer or the focus is among them: what is new waits behind a button.
import { word } from "./words.js";
import { fetchPart, isSame, markCurrent, openTicket, renew, replace } from "./pages.js";

const list = () => document.getElementById("list");
const rows = () => document.getElementById("rows");
let held = null;

// While an answer to an act of ours is on its way, nothing is put in the place of what waits for it: the answer would
// find its target gone, and the sentence about what was done would be lost with the button that did it.
let underway = 0;
const begun = new WeakMap();
document.addEventListener("htmx:beforeSend", (event) => {
  underway += 1;
  begun.set(event.detail.xhr, performance.now());
  event.detail.xhr.addEventListener("loadend", () => (underway -= 1));
});

const isBusy = () => {
  const here = list()?.querySelector(".list-scroll");
  const isInUse = (part) => part?.contains(document.activeElement) || part?.querySelector("details[open]");
  if ([...(list()?.querySelectorAll(".bulk-bar, .list-settings") ?? [])].some((part) => part.matches("[open]") || isInUse(part))) return true;
  return Boolean(here && (here.matches(":hover") || here.contains(document.activeElement)));
};

const offerNew = (count) => {
  const bar = list()?.querySelector("[data-list-new]");
  if (!bar) return;
  bar.hidden = !count;
  bar.querySelector("span").textContent = count === 1 ? word("newOne") : word("newMany", count);
};

const put = (fresh) => {
  held = null;
  const old = list();
  const scrollTop = old.querySelector(".list-scroll")?.scrollTop ?? 0;
  const focused = document.activeElement?.closest?.(".row")?.id;
  // what is under way goes on
  const progress = old.querySelector("#bulk-progress");
  if (progress?.children.length) fresh.querySelector("#bulk-progress")?.replaceWith(progress);
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  document.dispatchEvent(new CustomEvent("list-renewed"));
  fresh.querySelector(".list-scroll").scrollTop = scrollTop;
  if (focused) document.getElementById(focused)?.querySelector(".row-link")?.focus({ preventScroll: true });
  markCurrent();
};

const takeList = (fresh) => {
  const old = list();
  if (!old || !fresh || old.dataset.view !== fresh.dataset.view) return;
  if (isSame(old, fresh)) return;
  // further pages were opened: replacing would take them away, so only what is there is brought up to date
  const opened = rows() && rows().querySelectorAll(".row").length > 51;
  if (!isBusy() && !opened) {
    put(fresh);
    return;
  }
  let count = 0;
  // the rest of a list that came cut, beside a ticket, is not news
  const shown = old.querySelector("[data-cut]") ? old.querySelectorAll(".row").length : undefined;
  for (const row of [...fresh.querySelectorAll(".row")].slice(0, shown)) {
    const mine = document.getElementById(row.id);
    if (!mine || !list().contains(mine)) count += 1;
    else if (!mine.contains(document.activeElement)) replace(mine, row.cloneNode(true));
  }
  markCurrent();
  held = fresh;
  offerNew(count);
};

// Some counts are dear, and kept for some seconds: a page that was shown such a one asks once more when they are over.
let recount;
const putViews = (fresh) => {
  const views = document.getElementById("views");
  if (!views?.matches(":popover-open")) replace(views, fresh);
  clearTimeout(recount);
  const { again, askedAt } = fresh?.dataset ?? {};
  if (again) recount = setTimeout(countAgain, again * 1000, askedAt);
};
const countAgain = async (askedAt) => {
  if (!list()?.dataset.src || document.hidden) return;
  const address = new URL(list().dataset.src, location.href);
  address.searchParams.set("counted_since", askedAt);
  try {
    putViews((await fetchPart(address, "views")).getElementById("views"));
  } catch {
    // the next change asks again
  }
};

let asking = false;
let again = false;
const refreshList = async () => {
  if (!list()?.dataset.src || document.hidden) {
    again = true;
    return;
  }
  if (asking || underway) {
    again = true;
    if (!asking) later(refreshList, 150);
    return;
  }
  asking = true;
  again = false;
  try {
    const [freshList, freshViews] = await Promise.all([fetchPart(list().dataset.src, "list"), fetchPart(list().dataset.src, "views")]);
    if (underway) {
      again = true;
      return;
    }
    takeList(freshList.getElementById("list"));
    const views = document.getElementById("views");
    if (!views?.matches(":popover-open, :has([data-keeping])")) replace(views, freshViews.getElementById("views"));
  } catch {
    // the next change, or the next connection, asks again
  } finally {
    asking = false;
    if (again) later(refreshList, 500);
  }
};

/** Where the focus goes on in the fresh part, when it is on a button that is there, too. */
const onSame = (old, fresh) => {
  const here = document.activeElement;
  if (!old.contains(here)) return null;
  const alike = here.matches("summary") ? "summary" : here.dataset.act && `[data-act="${CSS.escape(here.dataset.act)}"]`;
  return alike ? fresh.querySelectorAll(alike)[[...old.querySelectorAll(alike)].indexOf(here)] : null;
};

let looks = 0;
/** Whether something changed that is in use: it is shown once it no longer is. */
let isBehind = false;
const refreshTicket = async () => {
  const conversation = document.querySelector(".conversation");
  if (!conversation || document.hidden) return;
  if (underway) {
    later(refreshTicket, 150);
    return;
  }
  const look = (looks += 1);
  try {
    const fresh = await fetchPart(conversation.dataset.url, "changed");
    // the answer to a later question may be here already, and knows more
    if (!conversation.isConnected || look !== looks) return;
    if (underway) {
      later(refreshTicket, 150);
      return;
    }
    const scroll = document.querySelector("[data-thread-scroll]");
    const atEnd = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    const before = scroll?.scrollTop;
    const selecting = !document.getSelection()?.isCollapsed && document.getElementById("thread")?.contains(document.getSelection().anchorNode);
    if (!selecting && renew(document.getElementById("thread"), fresh.getElementById("thread"))) {
      scroll.scrollTop = atEnd ? scroll.scrollHeight : before;
    }
    // a menu, drawer or dialog in use is not pulled away
    isBehind = false;
    for (const id of ["header", "panel", "dialogs"]) {
      const [old, now] = [document.getElementById(id), fresh.getElementById(id)];
      if (!old || !now) continue;
      const isOpen = old.matches("[open], :popover-open") || old.querySelector("details[open], dialog[open]");
      const same = isOpen ? null : onSame(old, now);
      if (isOpen || (old.contains(document.activeElement) && !same)) isBehind ||= !isSame(old, now);
      else if (replace(old, now)) same?.focus({ preventScroll: true });
    }
  } catch {
    // as above
  }
};

for (const name of ["focusout", "toggle", "close"]) {
  document.addEventListener(name, () => isBehind && later(refreshTicket, 300), true);
}

const refreshBanners = async () => {
  const shown = document.getElementById("banners");
  if (!shown) return;
  try {
    replace(shown, (await fetchPart(shown.dataset.src, "banners")).getElementById("banners"));
  } catch {
    // as above
  }
};

const timers = new Map();
const later = (what, wait) => {
  if (timers.has(what)) return;
  timers.set(
    what,
    setTimeout(() => {
      timers.delete(what);
      what();
    }, wait),
  );
};

const refreshAll = () => {
  later(refreshBanners, 50);
  later(refreshList, 50);
  later(refreshTicket, 50);
};

// --- the connection: one a page, tried again by itself --------------------------------------------------------------
let source;
let wait = 1000;
const connect = () => {
  source?.close();
  // what changed since this page was asked for is told first
  source = new EventSource(`/live/?age=${Math.ceil(performance.now())}`);
  source.addEventListener("open", () => {
    wait = 1000;
    document.documentElement.dataset.live = "on";
  });
  for (const name of ["change", "missed"]) {
    source.addEventListener(name, (event) => {
      const changes = JSON.parse(event.data);
      document.dispatchEvent(new CustomEvent("live", { detail: { changes, isNews: name === "change" } }));
    });
  }
  source.addEventListener("anew", () => {
    refreshAll();
    document.dispatchEvent(new CustomEvent("live-anew"));
  });
  source.addEventListener("error", () => {
    document.documentElement.dataset.live = "away";
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => {
      connect();
      refreshAll();
    }, wait);
    wait = Math.min(wait * 2, 30_000);
  });
};

// a ticket that changed while it was on its way here is asked for once more
const changed = new Map();
let anewAt = 0;
document.addEventListener("live", (event) => {
  if (changed.size > 1000) changed.clear();
  for (const change of event.detail.changes) changed.set(String(change.ticket), performance.now());
});
document.addEventListener("live-anew", () => (anewAt = performance.now()));
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "reading" || !begun.has(event.detail.xhr)) return;
  if (Math.max(changed.get(openTicket()) ?? 0, anewAt) > begun.get(event.detail.xhr)) later(refreshTicket, 50);
});

document.addEventListener("live", (event) => {
  // who looks at what, and who is told of it, changes no ticket
  const changes = event.detail.changes.filter((change) => !/^(presence|notification)\./.test(change.verb));
  if (!changes.length) return;
  later(refreshList, 150);
  if (changes.some((change) => String(change.ticket) === openTicket())) later(refreshTicket, 100);
  if (changes.some((change) => change.verb.startsWith("inbox."))) later(refreshBanners, 100);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-list-new] button") || !held) return;
  put(held);
  list().querySelector(".list-scroll").scrollTop = 0;
});

document.addEventListener("pointerout", (event) => {
  if (held && event.target.closest?.("#list") && !event.relatedTarget?.closest?.("#list")) {
    setTimeout(() => held && !isBusy() && rows()?.querySelectorAll(".row").length <= 51 && put(held), 400);
  }
});

document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
window.addEventListener("pagehide", () => source?.close());
window.addEventListener("pageshow", (event) => event.persisted && (connect(), refreshAll()));

// an act of ours shows in the list at once, without waiting for the echo
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.requestConfig?.verb !== "get") later(refreshList, 50);
});

// a ticket page that came without its list fetches it
if (list()?.hasAttribute("data-later")) {
  (async () => {
    try {
      const [freshList, freshViews] = await Promise.all([fetchPart(list().dataset.src, "list"), fetchPart(list().dataset.src, "views")]);
      put(freshList.getElementById("list"));
      putViews(freshViews.getElementById("views"));
    } catch {
      // the link to the queue stays
    }
  })();
}

putViews(document.getElementById("views"));
connect();
