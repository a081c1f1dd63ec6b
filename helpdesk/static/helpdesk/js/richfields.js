// Text fields outside the composer that take rich text: an editor in their place once somebody writes there.
const begin = async (field) => {
  const html = field.form?.elements[field.dataset.rich];
  if (!html || field.dataset.editing) return;
  field.dataset.editing = "yes";
  try {
    const { mount } = await import("./editor.js");
    if (field.dataset.html && field.value === field.defaultValue) html.value = field.dataset.html;
    mount(field, html);
  } catch {
    delete field.dataset.editing;
  }
};

document.addEventListener("focusin", (event) => event.target.matches?.("textarea[data-rich]") && begin(event.target));
// what says more than text is shown as it is
for (const field of document.querySelectorAll("textarea[data-rich][data-html]")) begin(field);
