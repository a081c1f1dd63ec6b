// Runs before the first paint, so that a chosen theme does not flash. Not a module for that reason.
// It also notes when a key was last pressed before the other scripts came (early.js).
// The account's choice leads and is in the page already; the device only remembers it for the pages before signing in.
(() => {
  const root = document.documentElement;
  const ofAccount = root.dataset.accountTheme;
  const read = () => {
    if (ofAccount) return root.dataset.accountTheme;
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto";
    }
  };
  const remember = (theme) => {
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // a browser that keeps nothing still shows the account's theme
    }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
    }
  };
  addEventListener("keydown", (event) => (window.typedAt = event.timeStamp), true);
  apply(read());
  if (ofAccount) remember(ofAccount);
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
    apply(read());
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-choice]");
    if (!button) return;
    const choice = button.dataset.themeChoice;
    event.preventDefault();
    const form = button.form;
    const sent = new FormData(form);
    sent.set("theme", choice);
    fetch(form.action, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual" }).catch(() => {});
    if (ofAccount) root.dataset.accountTheme = choice;
    remember(choice);
    apply(choice);
  });
})();
