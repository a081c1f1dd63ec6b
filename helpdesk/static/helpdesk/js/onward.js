// After sending and resolving one goes on, as the agent likes it: to the next ticket, to the list, or nowhere.
import { openTicket } from "./pages.js";

let wanted = null;
document.addEventListener("onward", (event) => (wanted = event.detail));

// what had the focus went with the ticket that was left: it begins anew at the next one's heading
let isGoing = false;
document.addEventListener("htmx:afterSettle", (event) => {
  if (!isGoing || event.target.id !== "reading") return;
  isGoing = false;
  if (document.activeElement && document.activeElement !== document.body) return;
  const heading = document.querySelector("#reading .ticket-subject");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
});

/** Go to a ticket beside its list, or to another page. */
export const goOn = (url) => {
  isGoing = true;
  const row = [...document.querySelectorAll("#list .row-link")].find((link) => link.getAttribute("href") === url);
  // a focus that stood in the list goes along, so that the next key starts from there
  if (row && document.activeElement?.closest("#list .row")) row.focus();
  if (row) row.click();
  else if (url.startsWith("/tickets/")) {
    window.htmx.ajax("GET", `${url}?part=reading`, { target: "#reading", select: "#reading", swap: "outerHTML" }).then(() => history.pushState({}, "", url));
  } else location.assign(url);
};

/** Go where the last answer leads, if it is about the ticket that is open. True if it leads anywhere. */
export const leadOn = () => {
  const where = wanted;
  wanted = null;
  if (!where || String(where.ticket) !== openTicket()) return false;
  goOn(where.url);
  return true;
};

// the composer goes on by itself, once it has put away what was sent
document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches?.("form.composer")) leadOn();
});
