// Times that pass: every half minute each says how long it has been.
import { lengthOfTime } from "./words.js";

const update = () => {
  for (const time of document.querySelectorAll("time[data-since]")) {
    const seconds = (Date.now() - new Date(time.dateTime).getTime()) / 1000;
    const said = lengthOfTime(seconds);
    if (time.textContent !== said) time.textContent = said;
    const target = Number(time.dataset.target);
    if (target) time.parentElement.dataset.tone = seconds >= target * 60 ? "red" : seconds >= target * 30 ? "amber" : "";
  }
};

setInterval(() => document.hidden || update(), 30_000);
document.addEventListener("visibilitychange", () => document.hidden || update());
