// Customers' HTML stands in sandboxed frames without an origin. Such a frame may say two things: how tall it is, and
// that the reader is done in it. Whatever else it says is not heard.
const LEAST = 24;
const MOST = 20_000;

// heights are rules of a sheet of our own, so that frames keep theirs when the conversation is drawn anew
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
const heights = new Map();

const setHeight = (letter, height) => {
  if (heights.get(letter) === height) return;
  heights.set(letter, height);
  const rules = [...heights].map(([one, tall]) => `[data-letter="${one}"] { block-size: ${tall}px; }`);
  sheet.replaceSync(`@layer components { ${rules.join(" ")} }`);
};

window.addEventListener("message", (event) => {
  const frame = [...document.querySelectorAll("iframe[data-letter]")].find((one) => one.contentWindow === event.source);
  if (!frame || event.origin !== "null" || typeof event.data !== "object" || event.data === null) return;
  const { height, leave } = event.data;
  if (typeof height === "number" && height > 0 && /^\d+$/.test(frame.dataset.letter)) {
    setHeight(frame.dataset.letter, Math.min(Math.max(Math.ceil(height), LEAST), MOST));
  }
  // keys go to the frame while it has the focus; afterwards they are the page's again
  if (leave === true && document.activeElement === frame) {
    frame.blur();
    frame.closest("[data-thread-scroll]")?.focus({ preventScroll: true });
  }
});

// a letter that was there before this script spoke to nobody, so it is asked
for (const frame of document.querySelectorAll("iframe[data-letter]")) frame.contentWindow?.postMessage("height", "*");
