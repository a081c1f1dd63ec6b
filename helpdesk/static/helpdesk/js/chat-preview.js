// The chat at the corner of its own settings shows what is chosen there, before it is kept.
const form = document.querySelector("#chat-line")?.closest("main, body").querySelector("form [name=colour]")?.form;

function show() {
  const value = (name) => form.elements[name]?.value ?? "";
  const look = { colour: value("colour"), position: value("position"), theme: value("theme") };
  const words = {};
  for (const name of ["title", "greeting"]) if (value(name)) words[name] = value(name);
  const asks = {
    name: value("asks_name"), email: value("asks_email"), page: form.elements.asks_page.checked,
    questions: value("questions").split("\n").map((line) => line.trim()).filter(Boolean).slice(0, 5),
  };
  window.helpdesk?.preview({ look, words, asks, peeks: form.elements.peeks.checked });
}

form?.addEventListener("input", show);
