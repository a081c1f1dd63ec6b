// Files go to the server as soon as they are chosen, pasted or dropped, and survive whatever happens to the page.
import { csrfHeaders } from "./pages.js";
import { contentOf, editorOf, kindOf, state, textOf } from "./sheets.js";
import { inLine, learn, saveSoon } from "./drafts.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const PICTURES = /^image\/(png|jpeg|gif|webp)$/;
const filesUrl = (form, kind) => `${form.querySelector(`[name=kind][value="${kind}"]`).dataset.draftUrl}files`;

const put = (form, kind, html) => {
  const list = form.querySelector(`[data-files="${kind}"]`);
  list.innerHTML = html;
  list.dispatchEvent(new Event("files-changed", { bubbles: true }));
};

const insert = (text, pictures) => {
  const editor = editorOf(text);
  if (editor) {
    editor.insertPictures(pictures);
    return;
  }
  const names = pictures.map(({ name }) => name);
  const lines = names.map((name) => `[image: ${name}]`).join("\n");
  const { selectionStart: start, selectionEnd: end, value } = text;
  const before = value.slice(0, start);
  const after = value.slice(end);
  const words = `${before && !before.endsWith("\n") ? "\n" : ""}${lines}${after.startsWith("\n") ? "" : "\n"}`;
  text.setRangeText(words, start, end, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
};

const upload = (form, kind, files, { inline = false } = {}) => {
  if (!files.length) return;
  inLine(form, async () => {
    state(form, word("uploading", files.map((file) => file.name).join(", ")));
    const data = contentOf(form);
    for (const file of files) data.append("files", file);
    if (inline) data.append("inline", "1");
    try {
      const answer = await fetch(filesUrl(form, kind), { method: "POST", body: data, headers: csrfHeaders(), credentials: "same-origin", redirect: "error" });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.words);
      learn(form, kind, said);
      put(form, kind, said.html);
      state(form, word("saved"));
      const text = textOf(form, kind);
      if (said.pictures.length && text) insert(text, said.pictures);
      else saveSoon(form, kind, 0);
    } catch (problem) {
      state(form, "");
      toast({ message: problem instanceof TypeError || problem instanceof SyntaxError ? word("notUploaded") : problem.message, tone: "bad" });
    }
  });
};

document.addEventListener("change", (event) => {
  const form = event.target.closest("form.composer");
  if (!form || event.target.type !== "file") return;
  upload(form, kindOf(form), [...event.target.files]);
  event.target.value = "";
});

document.addEventListener("paste", (event) => {
  const form = event.target.closest?.("form.composer");
  const files = [...(event.clipboardData?.files ?? [])];
  // words win over the picture of them that came with the same copy
  if (!form || !files.length || event.clipboardData.types.includes("text/plain")) return;
  event.preventDefault();
  sort(form, files, isText(event.target));
});

const isText = (element) => Boolean((element.nodeType === 1 ? element : element.parentElement)?.closest(".composer-text, .composer-editor"));

const sort = (form, files, inText) => {
  const kind = kindOf(form);
  const pictures = inText ? files.filter((file) => PICTURES.test(file.type)) : [];
  upload(form, kind, pictures, { inline: true });
  upload(
    form,
    kind,
    files.filter((file) => !pictures.includes(file)),
  );
};

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  const form = event.target.closest?.("form.composer");
  if (!form || !carriesFiles(event)) return;
  event.preventDefault();
  form.dataset.dropping = "";
});

for (const name of ["dragleave", "dragend", "drop"]) {
  document.addEventListener(name, (event) => {
    const form = document.querySelector("form.composer[data-dropping]");
    if (form && !(name === "dragleave" && form.contains(event.relatedTarget))) delete form.dataset.dropping;
  });
}

document.addEventListener("drop", (event) => {
  const form = event.target.closest?.("form.composer");
  if (!form || !carriesFiles(event)) return;
  event.preventDefault();
  sort(form, [...event.dataTransfer.files], isText(event.target));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-remove-file]");
  if (!button) return;
  event.preventDefault();
  const form = button.closest("form.composer");
  const kind = button.closest("[data-files]").dataset.files;
  inLine(form, async () => {
    try {
      const answer = await fetch(button.getAttribute("formaction"), { method: "DELETE", headers: csrfHeaders(), credentials: "same-origin", redirect: "error" });
      const said = await answer.json();
      if (answer.ok) put(form, kind, said.html);
      else toast({ message: said.words, tone: "bad" });
      form.querySelector(".composer-attach input").focus();
    } catch {
      toast({ message: word("failed"), tone: "bad" });
    }
  });
});
