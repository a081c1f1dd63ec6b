// Finding a setting by typing: whatever has no word of what was typed goes out of sight.
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("[data-find-settings]");
  if (form) find(form, event.target.value);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("[data-find-settings]");
  if (!form) return;
  event.preventDefault();
  form.parentElement.querySelector(".card:not([hidden]) a")?.click();
});

function find(form, typed) {
  const words = typed.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let any = false;
  for (const group of form.parentElement.querySelectorAll(".settings-group")) {
    const title = group.querySelector("h2").textContent;
    let some = false;
    for (const card of group.querySelectorAll(".card")) {
      const text = `${title} ${card.textContent} ${card.dataset.find}`.toLocaleLowerCase();
      card.hidden = !words.every((word) => text.includes(word));
      some ||= !card.hidden;
    }
    group.hidden = !some;
    any ||= some;
  }
  form.querySelector("[data-find-none]").hidden = any;
}

// on a phone the settings stand in one line: the page one is on is in sight there
const here = document.querySelector(".settings-side [aria-current]");
if (here) {
  // only the list itself is moved: scrollIntoView would move the page, too
  const side = here.closest(".settings-side");
  const [inner, outer] = [here.getBoundingClientRect(), side.getBoundingClientRect()];
  side.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2);
  side.scrollTop += Math.max(inner.bottom - outer.bottom + 8, 0);
}

// what is only to be taken elsewhere is copied by one press
document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copies]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copies);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.querySelector("[aria-live]").textContent = button.dataset.said;
  } catch { /* it is selected, to be copied by hand */ }
});

// tabs that do not all fit are pushed along: the one that is open is in sight
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
