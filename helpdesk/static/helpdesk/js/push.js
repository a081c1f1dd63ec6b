// Telling this device: asked for on the page of one's notifications, and nowhere else.
import { csrfHeaders } from "./pages.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const can = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && window.isSecureContext;

const start = (section) => {
  const button = section.querySelector("[data-push-on]");
  const cannot = section.querySelector("[data-push-cannot]");
  if (!can()) {
    cannot.hidden = false;
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") {
        section.querySelector("[data-push-denied]").hidden = false;
        return;
      }
      const worker = await navigator.serviceWorker.register(section.dataset.worker);
      await new Promise((resolve) => {
        const waiting = worker.installing ?? worker.waiting;
        if (worker.active || !waiting) resolve();
        else waiting.addEventListener("statechange", () => worker.active && resolve());
      });
      await (await worker.pushManager.getSubscription())?.unsubscribe();
      const made = (await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(section.dataset.key) })).toJSON();
      const body = new FormData();
      for (const [name, value] of Object.entries({ endpoint: made.endpoint, ...made.keys })) body.set(name, value);
      const answer = await fetch(section.dataset.url, { method: "POST", body, headers: csrfHeaders(), credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      location.reload();
    } catch {
      toast({ message: word("failed"), tone: "bad" });
    } finally {
      button.disabled = false;
    }
  });
};

const section = document.querySelector("[data-push]");
if (section) start(section);
