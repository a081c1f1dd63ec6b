// Splitting messages out: what both tickets will be called, and how much each has, while one chooses.
const show = (form) => {
  const boxes = [...form.querySelectorAll("input[name=message]")];
  const going = boxes.filter((box) => box.checked);
  const say = (place, count) => {
    place.textContent = count === 1 ? place.dataset.one : place.dataset.many.replace("%s", count);
  };
  say(form.querySelector("[data-split-goes]"), going.length);
  say(form.querySelector("[data-split-stays]"), boxes.length - going.length);
  const subject = form.elements.subject;
  subject.dataset.hint ??= subject.placeholder;
  subject.placeholder = going[0]?.dataset.subject || subject.dataset.hint;
  form.querySelector(".primary").disabled = !going.length || going.length === boxes.length;
};

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-split]");
  if (form) show(form);
});
const showAll = () => document.querySelectorAll("[data-split]").forEach(show);
document.addEventListener("htmx:afterSettle", (event) => event.target.querySelector?.("[data-split]") && showAll());
showAll();
