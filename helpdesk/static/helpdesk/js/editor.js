// The editor in place of a composer's text field: ProseMirror, as django-prose-editor ships it. It is fetched when
// somebody begins to write, and takes over what stands in the field, caret and all. The field stays: it holds the same
// in plain text, and the hidden one beside it the HTML, so that everything else deals with a form as ever.
import {
  Blockquote,
  Bold,
  BulletList,
  Code,
  CodeBlock,
  Document,
  Dropcursor,
  Editor,
  Gapcursor,
  HardBreak,
  History,
  Italic,
  Link,
  ListItem,
  Node,
  OrderedList,
  Paragraph,
  Placeholder,
  Strike,
  Text,
  TrailingNode,
} from "../../django_prose_editor/editor.js";
import { attachToolbar } from "./toolbar.js";

/** A picture that goes along: named, at an address of ours. Others are not taken. */
const Picture = Node.create({
  name: "picture",
  group: "block",
  atom: true,
  draggable: true,
  addAttributes: () => ({ src: { default: "" }, alt: { default: "" } }),
  parseHTML: () => [{ tag: "img[alt]", getAttrs: (img) => (/^\/tickets\/\d+\/draft-files\/\d+$/.test(img.getAttribute("src") ?? "") ? null : false) }],
  renderHTML: ({ HTMLAttributes }) => ["img", HTMLAttributes],
  renderText: ({ node }) => `[image: ${node.attrs.alt}]`,
});

const EXTENSIONS = [
  Document,
  Paragraph,
  Text,
  Bold,
  Italic,
  Strike,
  Code,
  CodeBlock,
  Blockquote,
  BulletList,
  OrderedList,
  ListItem,
  Picture,
  History,
  Dropcursor,
  Gapcursor,
  TrailingNode,
  // Ctrl-Enter sends
  HardBreak.extend({ addKeyboardShortcuts: () => ({}) }).extend({
    addKeyboardShortcuts() {
      return { "Shift-Enter": () => this.editor.commands.setHardBreak() };
    },
  }),
  // Ctrl-K asks for the address in the toolbar
  Link.extend({ addKeyboardShortcuts: () => ({}) }).configure({ autolink: true, linkOnPaste: true, openOnClick: false, enableTarget: false, defaultProtocol: "https" }),
];

/** Plain text as the editor's document: an empty line begins a paragraph. Positions are those in the text, plus one. */
const documentOf = (text) => ({
  type: "doc",
  content: text.split("\n\n").map((part) => ({
    type: "paragraph",
    content: part.split("\n").flatMap((row, index) => [...(index ? [{ type: "hardBreak" }] : []), ...(row ? [{ type: "text", text: row }] : [])]),
  })),
});

const contentOf = ({ text, html }) => html || documentOf(text);
const PARSING = { preserveWhitespace: true };

/** Put an editor in the place of a text field. Gives what others may do with it. */
export const mount = (field, htmlField) => {
  const frame = document.createElement("div");
  frame.className = "composer-rich";
  field.after(frame);
  const label = field.getAttribute("aria-label");
  const held = document.activeElement === field ? { start: field.selectionStart, end: field.selectionEnd } : null;

  const editor = new Editor({
    element: frame,
    injectCSS: false,
    extensions: [...EXTENSIONS, Placeholder.configure({ placeholder: field.placeholder })],
    content: contentOf({ text: field.value, html: htmlField.value }),
    parseOptions: PARSING,
    editorProps: {
      attributes: {
        class: "composer-editor letter",
        role: "textbox",
        "aria-multiline": "true",
        "aria-label": label,
        "aria-placeholder": field.placeholder,
        dir: "auto",
        "data-kind": field.dataset.kind,
      },
      // Esc leaves the field, which is the page's to do (keyboard.js)
      handleDOMEvents: { keydown: (_view, event) => event.key === "Escape" },
      // what is sent with Ctrl and Enter is no new line
      handleKeyDown: (_view, event) => event.key === "Enter" && (event.ctrlKey || event.metaKey),
      // files are put on the draft (attachments.js); words win over the picture of them
      handlePaste: (_view, event) => Boolean(event.clipboardData?.files.length && !event.clipboardData.types.includes("text/plain")),
      handleDrop: (view, event) => {
        if (!event.dataTransfer?.files.length) return false;
        const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
        if (at) editor.commands.setTextSelection(at.pos);
        return true;
      },
      transformPastedHTML: (html) => html.replace(/\sstyle=("[^"]*"|'[^']*')/gi, ""),
    },
    onUpdate: () => {
      tell();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });

  const tell = () => {
    field.value = editor.isEmpty ? "" : editor.getText({ blockSeparator: "\n\n" });
    htmlField.value = editor.isEmpty ? "" : editor.getHTML();
  };

  field.hidden = true;
  field.removeAttribute("aria-label");
  attachToolbar(editor, frame);
  const size = () => editor.state.doc.content.size;
  const rich = {
    element: editor.view.dom,
    focus: () => editor.view.focus(),
    // at once: the editor's own command waits for the next frame, and a key pressed until then would be written
    blur: () => {
      editor.view.dom.blur();
      document.getSelection()?.removeAllRanges();
    },
    set: (words) => {
      editor.commands.setContent(contentOf(words), { emitUpdate: false, parseOptions: PARSING });
      tell();
    },
    caret: () => ({ start: editor.state.selection.from - 1, end: editor.state.selection.to - 1 }),
    select: ({ start, end }) => editor.commands.setTextSelection({ from: Math.min(start + 1, size()), to: Math.min(end + 1, size()) }),
    /** What stands before the caret in its row. */
    before: () => {
      const { $from, empty } = editor.state.selection;
      return empty ? $from.parent.textBetween(0, $from.parentOffset, "\n", "\n").split("\n").pop() : "";
    },
    /** Put something in the place of the last so many letters before the caret. */
    replace: (count, { text = "", html = "" }) => {
      const { from } = editor.state.selection;
      const plain = !html && !text.includes("\n");
      const chain = editor.chain().focus().deleteRange({ from: from - count, to: from });
      if (plain) chain.insertContent({ type: "text", text: text || " " }).run();
      else chain.insertContent(html || documentOf(text).content, { parseOptions: PARSING }).run();
    },
    erase: (count) => {
      const { from } = editor.state.selection;
      editor.chain().focus().deleteRange({ from: from - count, to: from }).run();
    },
    place: () => editor.view.coordsAtPos(editor.state.selection.from),
    insertPictures: (pictures) =>
      editor
        .chain()
        .insertContent(pictures.map(({ name, url }) => ({ type: "picture", attrs: { src: url, alt: name } })))
        .run(),
    onChange: (what) => editor.on("transaction", what),
    destroy: () => editor.destroy(),
  };
  if (held) {
    rich.focus();
    rich.select(held);
  }
  return rich;
};
