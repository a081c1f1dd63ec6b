// The editor's buttons. They come when something is selected, next to it, and are the next stop of the Tab key.
import { word } from "./words.js";

const COMMANDS = {
  bold: (chain) => chain.toggleBold(),
  italic: (chain) => chain.toggleItalic(),
  bulletList: (chain) => chain.toggleBulletList(),
  orderedList: (chain) => chain.toggleOrderedList(),
  blockquote: (chain) => chain.toggleBlockquote(),
  code: (chain, editor) => {
    const { $from, $to } = editor.state.selection;
    return $from.sameParent($to) && !editor.isActive("codeBlock") ? chain.toggleCode() : chain.toggleCodeBlock();
  },
};

/** An address as people type it, made whole; "" for what is none. */
const addressOf = (typed) => {
  const given = typed.trim();
  if (!given) return "";
  if (/^(https?:\/\/|mailto:|tel:)/i.test(given)) return given;
  return /^[^\s@/]+@[^\s@/]+$/.test(given) ? `mailto:${given}` : `https://${given}`;
};

export const attachToolbar = (editor, frame) => {
  const template = document.getElementById("toolbar-template");
  if (!template) return;
  const bar = template.content.firstElementChild.cloneNode(true);
  bar.setAttribute("aria-label", word("formatting"));
  frame.append(bar);
  const asking = bar.querySelector("[data-link-ask]");
  const input = asking.querySelector("input");

  const place = () => {
    const box = frame.getBoundingClientRect();
    const at = editor.view.coordsAtPos(editor.state.selection.from);
    const top = Math.max(at.top - box.top, 0) - bar.offsetHeight - 6;
    const left = Math.min(Math.max(at.left - box.left - 12, 4), Math.max(box.width - bar.offsetWidth - 4, 4));
    bar.style.top = `${top}px`;
    bar.style.left = `${left}px`;
  };

  const update = () => {
    const wanted = !editor.state.selection.empty && !editor.state.selection.node && (editor.isFocused || bar.contains(document.activeElement));
    bar.hidden = !wanted && !bar.contains(document.activeElement);
    if (bar.hidden) {
      asking.hidden = true;
      return;
    }
    for (const button of bar.querySelectorAll("[data-format]")) {
      const name = button.dataset.format;
      button.setAttribute("aria-pressed", String(editor.isActive(name) || (name === "code" && editor.isActive("codeBlock"))));
    }
    place();
  };

  const ask = () => {
    if (editor.state.selection.empty && !editor.isActive("link")) editor.commands.selectParentNode();
    editor.commands.extendMarkRange("link");
    bar.hidden = false;
    asking.hidden = false;
    input.value = editor.getAttributes("link").href ?? "";
    place();
    input.focus();
    input.select();
  };

  const apply = () => {
    const href = addressOf(input.value);
    asking.hidden = true;
    // at once: the editor's own command waits for the next frame
    editor.view.focus();
    const chain = editor.chain().focus().extendMarkRange("link");
    (href ? chain.setLink({ href }) : chain.unsetLink()).run();
  };

  // the selection stays where it is
  bar.addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault());
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.format === "link") ask();
    else if (button.hasAttribute("data-link-apply")) apply();
    else COMMANDS[button.dataset.format](editor.chain().focus(), editor).run();
  });
  bar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      asking.hidden = true;
      editor.view.focus();
    } else if (event.key === "Enter" && event.target === input) {
      event.preventDefault();
      apply();
    }
  });
  bar.addEventListener("focusout", () => setTimeout(update));
  editor.view.dom.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      event.stopPropagation();
      ask();
    }
  });
  // while the focus is on its way from the text to a button, it is nowhere
  editor.on("transaction", () => (editor.isFocused ? update() : setTimeout(update)));
  editor.on("focus", update);
  editor.on("blur", () => setTimeout(update));
  update();
};
