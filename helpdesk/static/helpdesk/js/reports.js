// Reports on paper: the tables behind the charts are opened, and closed again afterwards.
let opened = [];

window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(".figure details:not([open])")];
  for (const details of opened) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of opened) details.open = false;
  opened = [];
});
