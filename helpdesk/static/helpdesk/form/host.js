/* On the site that shows a web form in a frame: makes the frame as tall as the form, so that it has no scroll bar of its
   own, and brings its top into view once something was sent. Without this script the frame keeps its height and scrolls. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script) return;
  const base = script.src.replace(/frame\.js.*$/, "");
  const { origin } = new URL(base);
  const frames = () => [...document.querySelectorAll("iframe")].filter((one) => one.src.startsWith(base));

  addEventListener("message", ({ origin: from, source, data }) => {
    if (from !== origin || data?.helpdesk !== "form") return;
    const frame = frames().find((one) => one.contentWindow === source);
    const height = Number(data.height);
    if (!frame || !(height > 0)) return;
    frame.style.height = `${Math.min(Math.ceil(height), 20000)}px`;
    if (data.isAnswer && frame.getBoundingClientRect().top < 0) frame.scrollIntoView({ block: "start" });
  });
  // a form that was there before this script is asked to say it again
  for (const frame of frames()) frame.contentWindow?.postMessage({ helpdesk: "form" }, origin);
})();
