// The web form in a frame of a site of ours or others: tells that site how tall it is (`host.js`), and nothing else.
// Which sites may show it, the policy of the page says.
const page = document.documentElement;
/** What the server answered to what was sent: its top is to be seen. */
let isAnswer = page.hasAttribute("data-answer");

function tell() {
  parent.postMessage({ helpdesk: "form", height: page.getBoundingClientRect().height, isAnswer }, "*");
}

new ResizeObserver(() => {
  tell();
  isAnswer = false;
}).observe(page);
addEventListener("message", ({ source, data }) => {
  if (source === parent && data?.helpdesk === "form") tell();
});
// browsers do not do it by themselves in a frame of another site
if (isAnswer) document.querySelector("[data-focus]")?.focus({ preventScroll: true });
