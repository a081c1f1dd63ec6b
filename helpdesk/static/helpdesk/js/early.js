// Keys pressed before the page was ready are nobody's command: who types while a slow page loads means something else,
// and the browser hands over late, once the scripts are through, what was typed meanwhile.

/** How long nobody may have typed before keys act, where somebody began too early. */
const PAUSE_MS = 600;

let readyAt = Infinity;
// theme.js stands in the head and sees keys from the start
let early = window.typedAt ?? -Infinity;

/** From now on keys may act. */
export const ready = () => {
  readyAt = performance.now();
};

/** Whether a key was pressed before the page was ready, or goes on with what was begun then. */
export const isEarly = (event) => {
  if (event.timeStamp >= readyAt && event.timeStamp - early > PAUSE_MS) return false;
  early = Math.max(early, event.timeStamp);
  return true;
};
