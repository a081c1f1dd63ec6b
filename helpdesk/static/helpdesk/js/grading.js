// Grades by key: 1 to 4 grade the first thing that has none yet, or the one the focus is in, and go on to the next.
const form = document.querySelector("[data-grading]");

document.addEventListener("keydown", (event) => {
  if (!form || !/^[1-4]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("textarea, input:not([type=radio]), select")) return;
  const grades = [...form.querySelectorAll(".grade")];
  const current = event.target.closest(".grade") ?? grades.find((grade) => !grade.querySelector(":checked"));
  const chosen = current?.querySelector(`input[value="${event.key}"]`);
  if (!chosen) return;
  event.preventDefault();
  event.stopPropagation();
  chosen.checked = true;
  const next = grades[grades.indexOf(current) + 1];
  const goal = next ? (next.querySelector(":checked") ?? next.querySelector("input")) : form.querySelector("textarea");
  goal.focus();
}, true);
