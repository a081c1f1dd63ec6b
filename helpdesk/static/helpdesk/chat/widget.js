/* The chat on a site: one script, a custom element with a shadow root of its own, no cookies, nothing inline.
   What a browser keeps is in `store`; what it shows comes from `boot` and `messages`; `live` says when to look again. */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.helpdesk) return;
  const base = script.src.replace(/widget\.js.*$/, "");
  const key = `helpdesk ${base}`;
  const isPreview = script.hasAttribute("data-preview");
  let identity = script.dataset.identity || "";

  // ------------------------------------------------------------------ what this browser keeps

  let memory = "{}";
  const store = {
    all() {
      try {
        return JSON.parse(localStorage.getItem(key) || "{}");
      } catch {
        return JSON.parse(memory);
      }
    },
    set(change) {
      memory = JSON.stringify({ ...store.all(), ...change });
      try {
        localStorage.setItem(key, memory);
      } catch { /* a browser that keeps nothing forgets the talk with the page */ }
    },
  };
  const isReturning = Boolean(store.all().been);

  let told = null; // what boot said
  let locale;
  let latest = 0;
  let seen = 0;
  let isOpen = false;
  let isOffline = !navigator.onLine;
  let typingUntil = 0;
  let typist = "";
  const messages = new Map();
  const files = new Map(); // of messages not sent yet: they do not outlive the page
  const nodes = new Map();
  const troubles = new Map();
  let chosen = [];

  // a name keeps its own direction in a sentence that runs from right to left
  const word = (name, facts = {}) => (told.words[name] || "").replace(/\{(\w+)\}/g, (_all, fact) =>
    (told.direction === "rtl" ? `\u2068${facts[fact] ?? ""}\u2069` : facts[fact] ?? ""));
  /** So many minutes or hours, in the form a language has for that many. */
  const many = (name, n) => {
    const form = `${name}_${new Intl.PluralRules(told.language).select(n)}`;
    return word(told.words[form] ? form : name, { n });
  };
  const soon = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const token = () => store.all().token || "";

  const post = (what, body, more) => fetch(base + what, {
    method: "POST", body, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", ...more,
  });

  async function ask(what, said = {}, sent = []) {
    const body = JSON.stringify({ token: token(), ...said });
    let content = body;
    if (sent.length) {
      content = new FormData();
      content.append("body", body);
      sent.forEach((one) => content.append("file", one, one.name));
    }
    const answer = await post(what, content);
    const text = await answer.text();
    let found = {};
    try {
      found = text ? JSON.parse(text) : {};
    } catch { /* a proxy's own page */ }
    return { status: answer.status, ...found };
  }

  // ------------------------------------------------------------------ elements

  function h(tag, facts = {}, ...inside) {
    const made = tag === "svg" || tag === "path"
      ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(facts)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...inside.filter((one) => one != null));
    return made;
  }
  const icon = (name) => h("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: name }, h("path", { d: ICONS[name] }));
  const ICONS = {
    chat: "M21 11.5a8.4 8.4 0 0 1-12 7.6L3 21l1.9-6a8.4 8.4 0 1 1 16.100-3.500z",
    close: "M6 6l12 12M18 6L6 18",
    more: "M12 5h.01M12 12h.01M12 19h.01",
    down: "M6 9l6 6 6-6",
    clip: "M21 11l-9 9a6 6 0 0 1-8-8l9-9a4 4 0 0 1 6 6l-9 9a2 2 0 0 1-3-3l8-8",
    send: "M4 12l16-8-6 16-3-7z",
  };
  const button = (name, label, facts = {}) => h("button", { type: "button", "aria-label": label, ...facts }, icon(name));

  const CSS = `
:host{all:initial!important;position:fixed!important;inset:auto!important;z-index:2147483000!important;display:block!important}
*,*::before,*::after{box-sizing:border-box}[hidden]{display:none!important}
.root{--bg:#fff;--ink:#1c1917;--soft:#57534e;--line:#78716c;--hair:#e7e5e4;--bubble:#f5f5f4;--bad:#b42318;
font:400 15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);text-align:start}
.root[data-theme=dark]{--bg:#1f1d1b;--ink:#f5f5f4;--soft:#bdb8b3;--line:#8f8a85;--hair:#3a3734;--bubble:#2d2a28;--bad:#ff9b8f;color-scheme:dark}
@media(prefers-color-scheme:dark){.root[data-theme=auto]{--bg:#1f1d1b;--ink:#f5f5f4;--soft:#bdb8b3;--line:#8f8a85;--hair:#3a3734;--bubble:#2d2a28;--bad:#ff9b8f;color-scheme:dark}}
button,input,textarea{font:inherit;color:inherit}
button{cursor:pointer;border:0;background:none;padding:0;border-radius:6px}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;display:block}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px;box-shadow:0 0 0 5px var(--bg)}
input:focus-visible,textarea:focus-visible{outline-offset:-1px;box-shadow:none}
::placeholder{color:var(--soft);opacity:1}
.launch{position:fixed;bottom:20px;inset-inline-end:20px;width:56px;height:56px;border-radius:50%;background:var(--accent);color:var(--on);display:grid;place-items:center;box-shadow:0 0 0 1px #ffffff80,0 4px 16px #0004}
.launch svg{width:26px;height:26px}.launch .down,.open .launch .chat{display:none}.open .launch .down{display:block}.more{stroke-width:4}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-width:22px;height:22px;border-radius:11px;padding:0 6px;background:#b42318;color:#fff;font-size:13px;font-weight:600;line-height:22px;text-align:center}
.panel{position:fixed;bottom:88px;inset-inline-end:20px;width:380px;max-width:calc(100vw - 40px);height:min(620px,calc(100vh - 108px));display:flex;flex-direction:column;background:var(--bg);border-radius:10px;box-shadow:0 0 0 1px var(--hair),0 12px 40px #0003;overflow:hidden;overflow:clip}
.start .launch,.start .panel,.start .invite{inset-inline:20px auto}
header{display:flex;gap:4px;align-items:flex-start;padding-block:12px;padding-inline:16px 8px;flex:none;background:var(--accent);color:var(--on)}
header div{flex:1;min-width:0}h2{font-size:17px;font-weight:600;margin:0;line-height:1.4}header p{margin:0;font-size:13px}
header button{width:44px;height:44px;display:grid;place-items:center}
header :focus-visible{outline-color:var(--on);box-shadow:none;outline-offset:-4px}
.menu{border-bottom:1px solid var(--hair);padding:8px 16px;font-size:14px;flex:none}
.menu label,.check{display:flex;gap:8px;align-items:center;min-height:36px}.menu button{min-height:36px;text-decoration:underline}
input[type=checkbox]{width:20px;height:20px;accent-color:var(--accent);flex:none}
.log{position:relative;flex:1 0 64px;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:16px;display:flex;flex-direction:column;gap:10px}
.log:focus-visible{outline-offset:-3px;box-shadow:none}
.hello,.over{margin:0 0 8px;color:var(--soft)}.over{font-size:13px;text-align:center}
.one{max-width:85%;align-self:flex-start;display:flex;flex-direction:column;align-items:flex-start}.one.mine{align-self:flex-end;align-items:flex-end}
.who,.how{margin:0;font-size:12px;color:var(--soft)}.how.bad{color:var(--bad)}.how button{text-decoration:underline;min-height:24px;margin-inline:4px}
.text{margin:0;max-width:100%;padding:8px 12px;border-radius:10px;background:var(--bubble);white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}
.mine .text{background:var(--accent);color:var(--on)}
.text a,.file{color:inherit;text-decoration:underline}.file{display:block;padding:4px 0;font-size:14px;overflow-wrap:anywhere}
.mine .file{text-align:end}canvas{display:block;width:240px;max-width:100%;aspect-ratio:3/2;border:1px solid var(--hair);border-radius:10px;background:var(--bubble)}
.ask{max-width:100%;align-self:stretch;flex:none;padding:10px 12px;border:1px solid var(--line);border-radius:10px}
.ask fieldset{border:0;margin:0 0 8px;padding:0;min-width:0}.ask legend{padding:0;font-weight:600}.ask p{margin:0;font-size:13px;min-height:20px}.ask a{color:inherit}
.ask textarea{width:100%;margin-bottom:8px}.ask input{width:20px;height:20px;accent-color:var(--accent);flex:none}.ask .go{min-height:44px;padding:0 14px;margin-bottom:8px}
.stars label{position:relative;display:inline-block;cursor:pointer;width:44px;height:44px;text-align:center;font-size:30px;line-height:44px;color:var(--soft)}.stars .on{color:var(--ink)}.stars :focus-visible+span{outline:2px solid;outline-offset:-4px;border-radius:6px}
.peek{margin:0 0 4px;font-size:12px;color:var(--soft)}
.note{margin:0;padding:0 16px 6px;font-size:13px;color:var(--soft);min-height:0}.note:empty{display:none}
form{margin:0;padding:10px 12px;border-top:1px solid var(--hair);display:flex;flex-direction:column;min-height:0;flex:0 1 auto}form>*{flex:none}
.fields,.chosen{flex:0 1 auto!important;min-height:0;overflow:auto}.fields{scroll-padding:8px}
.field{display:block;margin-bottom:8px;font-size:13px}.field small{color:var(--soft)}
.field input,.leave input{display:block;width:100%;min-height:44px;padding:8px 10px;border:1px solid var(--line);border-radius:6px;background:var(--bg);font-size:16px}
.field .bad{display:block;color:var(--bad)}[aria-invalid=true]{border-color:var(--bad)!important}
.row{display:flex;gap:6px;align-items:flex-end}
textarea{flex:1;min-width:0;min-height:44px;max-height:140px;resize:none;padding:9px 10px;border:1px solid var(--line);border-radius:6px;background:var(--bg);font-size:16px;line-height:1.5}
.row>button{width:44px;height:44px;display:grid;place-items:center;flex:none}.go{background:var(--accent);color:var(--on)}
[dir=rtl] .go svg{transform:scaleX(-1)}
[dir=rtl] :is(h2,.field,.say,.file,.check),[dir=rtl]:lang(en) :is(p:not(.text,.ask p),.bad,small){unicode-bidi:plaintext;text-align:right}[dir=rtl] .one p.how,[dir=rtl] .mine .file{text-align:left}[dir=rtl] .log p.over{text-align:center}
.leave{border:1px solid var(--hair);border-radius:10px;flex:none;margin-top:4px}.leave p{margin:0 0 6px;font-size:13px;flex:1}.leave .row{align-items:stretch}.leave .do{width:auto;padding:0 14px}.leave .no{width:32px;height:32px;margin:-6px;display:grid;place-items:center;flex:none}.leave .no svg{width:16px;height:16px}
.bad{color:var(--bad)}
.chosen{list-style:none;margin:0 0 6px;padding:0;font-size:13px}.chosen li{display:flex;align-items:center;gap:6px}.chosen span{flex:1;overflow-wrap:anywhere}.chosen button{width:32px;height:32px;display:grid;place-items:center}.chosen svg{width:16px;height:16px}
.invite{position:fixed;bottom:88px;inset-inline-end:20px;max-width:280px;background:var(--bg);border-radius:10px;box-shadow:0 0 0 1px var(--hair),0 6px 24px #0003;display:flex;align-items:flex-start}
.invite .say{padding:12px 16px;padding-inline-end:0;text-align:start}.invite .no{width:44px;height:44px;display:grid;place-items:center;flex:none}
.aside{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-height:600px){.panel{inset-block:8px;height:auto}.open .launch{display:none}}
@media(max-width:640px){[data-preview] .launch{bottom:76px}}
@media(max-width:480px){.panel{inset:0!important;width:100vw;max-width:none;height:100vh;height:100dvh;border-radius:0}.open .launch{display:none}}
@media(prefers-reduced-motion:no-preference){.panel,.invite{animation:in .15s ease-out}@keyframes in{from{opacity:0;transform:translateY(8px)}}}
@media(forced-colors:active){.launch,.go,.text,.panel{border:1px solid}}
`;

  let shadow, root, launch, badge, panel, log, note, write, area, leave, over, fields, menu, invite, news, list, wait, chooser;

  function build() {
    const host = h("helpdesk-chat");
    shadow = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    shadow.adoptedStyleSheets = [sheet];
    draw();
    document.body.append(host);
  }

  /** White or black, whichever can be read better on a colour. */
  function readable(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
  }

  function draw() {
    const { look, asks } = told;
    const colour = /^#[0-9a-f]{6}$/i.test(look.colour || "") ? look.colour : "#1f5f5b";
    badge = h("span", { class: "badge", hidden: true, "aria-hidden": "true" });
    launch = button("chat", word("open"), { class: "launch", "aria-expanded": "false", "aria-controls": "panel", onclick: () => (isOpen ? close() : open()) });
    launch.append(icon("down"), badge);
    wait = h("p");
    log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": word("log"), tabindex: "0" });
    note = h("p", { class: "note", role: "status" });
    news = h("p", { class: "aside", role: "status" });
    menu = h("div", { class: "menu", id: "menu", hidden: true });
    fields = h("div", { class: "fields" });
    list = h("ul", { class: "chosen" });
    area = h("textarea", { rows: "1", "aria-label": word("write"), placeholder: word("write"), maxlength: told.most.text, oninput: typed, onkeydown: (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    } });
    area.value = store.all().draft || "";
    chooser = h("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", onchange: choose });
    write = h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); submit(); } },
      fields, list, told.peeks ? h("p", { class: "peek" }, word("peek")) : null,
      h("div", { class: "row" }, chooser, button("clip", word("attach"), { onclick: () => chooser.click() }), area,
        button("send", word("send"), { type: "submit", class: "go" })));
    over = h("p", { class: "over" });
    leave = h("form", { class: "leave", novalidate: true, hidden: true, onsubmit: leaveAddress });
    panel = h("section", { class: "panel", id: "panel", role: "dialog", "aria-label": word("title"), hidden: true },
      h("header", {}, h("div", {}, h("h2", {}, word("title")), wait),
        button("more", word("menu"), { "aria-expanded": "false", "aria-controls": "menu", onclick: () => unfold(menu.hidden) }),
        button("close", word("close"), { onclick: close })),
      menu, log, note, write);
    invite = h("div", { class: "invite", hidden: true });
    const before = root;
    const isMirrored = pageDirection() !== told.direction;
    root = h("div", { class: `root ${(look.position === "start") !== isMirrored ? "start" : ""}`, "data-preview": isPreview, "data-theme": look.theme || "auto", dir: told.direction, lang: told.language, onkeydown: pressed }, news, invite, panel, launch);
    root.style.setProperty("--accent", colour);
    root.style.setProperty("--on", readable(colour));
    if (before) before.replaceWith(root);
    else shadow.append(root);
    nodes.clear();
    drawMenu(asks);
    drawFields(asks);
    drawWait();
    drawLog();
    drawLeave();
    if (isOpen) show(true);
  }

  /** Which way the page runs that we stand on. */
  const pageDirection = () => getComputedStyle(document.documentElement).direction;

  function unfold(is) {
    menu.hidden = !is;
    panel.querySelector("[aria-controls=menu]").setAttribute("aria-expanded", String(is));
  }

  function check(name, label) {
    return h("label", { class: "check" }, h("input", { type: "checkbox", name, onchange: (event) => {
      store.set({ [name]: event.target.checked });
      shadow.querySelectorAll(`[name=${name}]`).forEach((one) => { one.checked = event.target.checked; });
      if (name === "page") tellPage();
    } }), label);
  }

  function drawMenu(asks) {
    menu.replaceChildren(check("sound", word("sound")), ...(asks.page ? [check("page", word("page"))] : []));
    if (told.can_mail) menu.append(h("button", { type: "button", onclick: mailTranscript }, word("transcript")));
    menu.querySelectorAll("input").forEach((one) => { one.checked = store.all()[one.name] ?? one.name === "sound"; });
  }

  /** What is asked before the first message. */
  function drawFields(asks) {
    if (latest || store.all().queue?.length) return fields.replaceChildren();
    const known = told.visitor || {};
    const field = (name, label, type, isNeeded) => {
      const input = h("input", { name, type, required: isNeeded, autocomplete: type === "email" ? "email" : name === "name" ? "name" : "off", maxlength: "320" });
      input.value = known[name] || store.all()[name] || "";
      return h("label", { class: "field" }, label, isNeeded ? "" : h("small", {}, ` (${word("optional")})`), input);
    };
    fields.replaceChildren(
      ...["name", "email"].filter((name) => !told.visitor?.is_signed && asks[name] !== "no").map((name) =>
        field(name, word(name), name === "email" ? "email" : "text", asks[name] === "required")),
      ...asks.questions.map((one) => field(`q:${one.replace(/[ *]+$/, "")}`, one.replace(/[ *]+$/, ""), "text", one.endsWith("*"))),
      ...(asks.page ? [check("page", word("page"))] : []));
    fields.querySelectorAll("[type=checkbox]").forEach((one) => { one.checked = Boolean(store.all().page); });
  }

  function drawWait() {
    const { wait: expected } = told;
    if (!expected.open) {
      const opens = expected.opens && new Date(expected.opens);
      const isFar = opens - Date.now() > 5e8; // a weekday alone would be taken for the next one
      const when = opens && new Intl.DateTimeFormat(locale, { weekday: "long", hour: "numeric", minute: "2-digit", ...(isFar && { day: "numeric", month: "long" }) }).format(opens);
      wait.textContent = told.away || [when ? word("closed", { when }).replace(/\.\.$/, ".") : word("closed_now"), told.can_mail && word("closed_mail")].filter(Boolean).join(" ");
    } else if (expected.seconds == null) {
      wait.textContent = word("soon");
    } else {
      const minutes = Math.max(1, Math.ceil(expected.seconds / 60));
      const hours = Math.ceil(minutes / 60);
      const time = minutes === 1 ? word("minute") : minutes <= 90 ? many("minutes", minutes) : many("hours", hours);
      wait.textContent = word("wait", { time });
    }
  }

  // ------------------------------------------------------------------ the talk

  function words(text) {
    const parts = text.split(/(https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?])/);
    return parts.map((part, at) => (at % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part));
  }

  const clock = (at) => new Date(at).toLocaleTimeString(locale, { hour: "numeric", minute: "2-digit" });

  /** A question of ours: its scale, whether it was solved, room for words; or what was answered. */
  function question(one) {
    const { asks } = one;
    if (asks.answer || asks.is_over) return h("div", { class: "one", lang: asks.language, hidden: !asks.answer }, h("p", { class: "text", role: "status" }, asks.answer));
    const said = h("p", { "aria-hidden": "true" });
    const trouble = h("p", { class: "bad", role: "alert" });
    const pick = (name) => ([value, words]) => h("label", { class: "check" }, h("input", { type: "radio", name, value }), words);
    const star = ([value, words]) => h("label", { title: words }, h("input", { type: "radio", name: "score", value, class: "aside" }), h("span", { "aria-hidden": "true" }, "☆"), h("span", { class: "aside" }, words));
    const scale = h("div", { class: asks.is_stars ? "stars" : "", onchange: (event) => {
      if (!asks.is_stars) return;
      for (const label of scale.children) {
        const isOn = +label.firstChild.value <= +event.target.value;
        label.classList.toggle("on", isOn);
        label.children[1].textContent = isOn ? "★" : "☆";
        if (label.contains(event.target)) said.textContent = label.title;
      }
    } }, ...asks.choices.map(asks.is_stars ? star : pick("score")));
    const words = h("textarea", { rows: "2", maxlength: "5000", dir: "auto", "aria-label": asks.comment, placeholder: `${asks.comment} ${asks.optional}` });
    const form = h("form", { class: "ask", lang: asks.language, dir: "auto", novalidate: true, onsubmit: async (event) => {
      event.preventDefault();
      const value = (name) => form.querySelector(`[name=${name}]:checked`)?.value;
      const found = await ask("answer", { asking: asks.token, score: value("score"), is_solved: value("solved"), comment: words.value }).catch(() => ({}));
      if (!found.asks) {
        trouble.textContent = found.words || word(found.status === 429 ? "busy" : "offline");
        return;
      }
      one.asks = found.asks;
      const fresh = message(one);
      form.replaceWith(fresh);
      nodes.set(one.seq, fresh);
      area.focus();
    } }, h("fieldset", {}, h("legend", {}, asks.question), scale, asks.is_stars ? said : null),
      asks.solved ? h("fieldset", {}, h("legend", {}, asks.solved[0], h("small", {}, ` ${asks.optional}`)), ...asks.solved.slice(1).map(pick("solved"))) : null,
      words, trouble, h("button", { class: "go" }, asks.send), h("p", {}, asks.note, " ", h("a", { href: asks.stop[1], target: "_blank", rel: "noopener noreferrer" }, asks.stop[0])));
    return form;
  }

  const sight = new IntersectionObserver((all) => all.forEach(({ isIntersecting, target }) => isIntersecting && paint(target)));

  /** A picture, small, once it is in sight. It is fetched and drawn, so that the page's policy need not allow pictures. */
  async function paint(canvas) {
    sight.unobserve(canvas);
    try {
      const answer = await post("picture", JSON.stringify({ token: token(), of: canvas.file }));
      const bitmap = await createImageBitmap(await answer.blob());
      const { width, height } = canvas;
      const scale = Math.min(2, Math.max(width / bitmap.width, height / bitmap.height));
      const [w, t] = [bitmap.width * scale, bitmap.height * scale];
      canvas.getContext("2d").drawImage(bitmap, (width - w) / 2, (height - t) / 2, w, t);
    } catch { /* its name leads to it all the same */ }
  }

  function picture(file) {
    const canvas = h("canvas", { width: 480, height: 320, role: "img", "aria-label": file.name });
    canvas.file = file.picture;
    sight.observe(canvas);
    return canvas;
  }

  function message(one) {
    if (one.asks) return question(one);
    if (one.note) return h("p", { class: "hello" }, one.text);
    const size = (bytes) => new Intl.NumberFormat(locale, { style: "unit", unit: bytes < 1e6 ? "kilobyte" : "megabyte", maximumFractionDigits: bytes < 1e6 ? 0 : 1 }).format(bytes < 1e6 ? Math.ceil(bytes / 1e3) : bytes / 1e6);
    return h("div", { class: one.ours ? "one" : "one mine" },
      one.ours ? h("p", { class: "who" }, h("bdi", {}, one.from || word("team")), ` · ${clock(one.at)}`) : h("p", { class: "aside" }, word("you")),
      one.text ? h("p", { class: "text" }, ...words(one.text)) : null,
      ...one.files.map((file) => (file.url
        ? h("a", { class: "file", href: file.url, target: "_blank", rel: "noopener noreferrer" }, file.picture ? picture(file) : null, h("span", { "aria-hidden": file.picture && "true" }, file.name), ` (${size(file.size)})`)
        : h("span", { class: "file" }, file.name))),
      one.ours ? null : h("p", { class: "how" }, `${one.mail ? word("by_mail") : word("received")} · ${clock(one.at)}`));
  }

  /** A message that is not sent yet, with how that goes. */
  function pending(one) {
    const trouble = troubles.get(one.id);
    const how = h("p", { class: trouble ? "how bad" : "how" }, trouble ? word("failed", { why: trouble }) : isOffline ? word("kept") : word("sending"));
    const act = (name, then) => h("button", { type: "button", onclick: () => { troubles.delete(one.id); then?.(); drawLog(); area.focus(); flush(); } }, word(name));
    if (trouble) {
      how.append(act("again"), act("discard", () => {
        store.set({ queue: (store.all().queue || []).filter((other) => other.id !== one.id) });
        if (!area.value) area.value = one.text;
        grow();
      }));
    }
    return h("div", { class: "one mine" }, h("p", { class: "aside" }, word("you")), one.text ? h("p", { class: "text" }, one.text) : null,
      ...(files.get(one.id) || []).map((file) => h("span", { class: "file" }, file.name)), how);
  }

  const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 60;

  function drawLog() {
    const isAtEnd = atEnd();
    if (!nodes.size) log.replaceChildren(h("p", { class: "hello" }, word("greeting")), over, leave);
    let newest;
    for (const seq of [...messages.keys()].sort((a, b) => a - b)) {
      if (nodes.has(seq)) continue;
      const made = message(messages.get(seq));
      const after = [...nodes.keys()].filter((other) => other > seq).sort((a, b) => a - b)[0];
      log.insertBefore(made, after ? nodes.get(after) : log.querySelector(".waiting") || over);
      nodes.set(seq, made);
      newest = made;
    }
    log.querySelectorAll(".waiting").forEach((one) => one.remove());
    for (const one of store.all().queue || []) {
      const made = pending(one);
      made.classList.add("waiting");
      over.before(made);
    }
    const ended = told.ended && !store.all().queue?.length ? word("ended") : "";
    if (over.textContent !== ended) over.textContent = ended;
    over.hidden = !ended;
    if (isAtEnd) log.scrollTop = newest?.matches(".ask") ? newest.offsetTop - 12 : log.scrollHeight;
    if (latest || store.all().queue?.length) fields.replaceChildren();
    drawSeen();
  }

  /** Under the last they wrote, until it is answered: that the team has seen it. */
  function drawSeen() {
    log.querySelectorAll(".seen").forEach((one) => one.remove());
    const mine = Math.max(0, ...[...messages.values()].filter((one) => !one.ours).map((one) => one.seq));
    const isAnswered = [...messages.values()].some((one) => one.ours && !one.auto && !one.note && one.seq > mine);
    if (mine && told.read >= mine && !isAnswered) nodes.get(mine)?.lastChild.append(h("span", { class: "seen" }, ` · ${word("seen")}`));
  }

  function drawLeave() {
    const email = told.visitor?.email;
    const isAsked = told.can_mail && told.visitor && latest && !email && !told.ended && told.asks.email !== "no" && !told.kept;
    if (!isAsked) {
      leave.hidden = true;
    } else if (leave.hidden) {
      const isAtEnd = atEnd();
      leave.hidden = false;
      leave.replaceChildren(h("div", { class: "row" }, h("p", { id: "why" }, word("leave")), button("close", word("dismiss"), { class: "no", onclick: () => {
        told.kept = true;
        drawLeave();
        area.focus();
      } })),
        h("div", { class: "row" }, h("input", { type: "email", autocomplete: "email", "aria-label": word("email"), placeholder: word("email"), "aria-describedby": "why", maxlength: "320" }), h("button", { class: "do go" }, word("leave_do"))));
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    }
  }

  function say(text) {
    const isAtEnd = atEnd();
    note.textContent = text;
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  function drawNote() {
    const isTyping = Date.now() < typingUntil;
    say(isTyping ? word("typing", { name: typist || word("team") }) : isOffline ? word("offline") : "");
  }

  function unread() {
    return [...messages.values()].filter((one) => one.ours && !one.note && one.seq > seen).length;
  }

  function drawBadge() {
    const n = isOpen ? 0 : unread();
    badge.hidden = !n;
    badge.textContent = n > 9 ? "9+" : n;
    launch.setAttribute("aria-label", n ? `${word("open")}. ${word("new", { n })}` : word(isOpen ? "close" : "open"));
  }

  // ------------------------------------------------------------------ hearing

  let pulling = null;
  let isMore = false;

  /** Fetch what is new; asked again meanwhile, once more after that. */
  function pull() {
    isMore = true;
    pulling ||= (async () => {
      while (isMore) {
        isMore = false;
        const found = await ask("messages", { after: latest });
        if (found.status === 404 && found.error === "unknown" && messages.size) afresh(); // another tab signed out
        if (found.status !== 200) break;
        learn(found);
        if (found.is_more) isMore = true;
      }
    })().catch(() => {}).finally(() => { pulling = null; });
    return pulling;
  }

  /** What this page has of the talk is good no more. */
  function afresh() {
    messages.clear();
    nodes.clear();
    latest = seen = 0;
    told.visitor = null;
    told.era = "";
    drawLog();
    drawFields(told.asks);
    drawLeave();
    drawBadge();
  }

  function learn(found) {
    if (told.era && found.era !== told.era) {
      afresh();
      isMore = true;
      return;
    }
    told.era = found.era;
    told.read = found.read;
    const isFirst = !messages.size;
    const fresh = found.messages.filter((one) => !messages.has(one.seq));
    for (const one of fresh) messages.set(one.seq, one);
    latest = Math.max(latest, ...found.messages.map((one) => one.seq));
    told.visitor = found.visitor || told.visitor;
    told.ended = found.ended;
    seen = Math.max(seen, found.seen || 0);
    if (fresh.length) {
      const ids = new Set(fresh.map((one) => one.id).filter(Boolean));
      store.set({ queue: (store.all().queue || []).filter((one) => !ids.has(one.id)) });
      if (nodes.size || !isFirst) typingUntil = 0;
    }
    drawLog();
    drawLeave();
    const heard = fresh.filter((one) => one.ours && !one.note && one.seq > seen);
    if (heard.length) {
      const last = heard[heard.length - 1];
      typist = last.from;
      if (!isFirst) ring();
      if (!isOpen) news.textContent = word("new_message", { name: last.from || word("team"), text: last.asks?.question || last.text });
    }
    typingUntil = found.typing > 0 ? Date.now() + found.typing * 1000 : 0;
    if (found.typing > 0) setTimeout(() => { drawNote(); pull(); }, found.typing * 1000 + 100);
    drawNote();
    look();
  }

  /** Say what was looked at, if it was. */
  function look() {
    drawBadge();
    const last = Math.max(0, ...[...messages.values()].filter((one) => one.ours).map((one) => one.seq));
    if (isOpen && document.visibilityState === "visible" && last > seen) {
      seen = last;
      ask("seen", { upto: last }).catch(() => {});
      drawBadge();
    } else if (last > seen && last > (told.got || 0)) {
      told.got = last;
      if (!isPreview) ask("messages", { after: latest }).catch(() => {}); // it has arrived
    }
  }

  function ring() {
    if (store.all().sound === false || (isOpen && document.hasFocus())) return;
    try {
      const audio = new AudioContext();
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      volume.gain.setValueAtTime(0.08, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.3);
      tone.frequency.value = 660;
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + 0.3);
      tone.onended = () => audio.close();
    } catch { /* silence does no harm */ }
  }

  // ------------------------------------------------------------------ the stream

  const tabs = "BroadcastChannel" in window ? new BroadcastChannel(key) : null;
  let isListening = false;
  let line = null;

  /** One tab of a browser listens and tells the others: connections to one address are few. */
  function listen() {
    if (isListening || isPreview) return;
    isListening = true;
    if (navigator.locks && tabs) navigator.locks.request(key, hang).catch(() => {});
    else hang();
  }

  async function hang() {
    let pause = 1000;
    for (;;) {
      const began = Date.now();
      let answer;
      try {
        answer = await hear();
      } catch { /* cut off: again */ }
      if (answer === 401 || answer === 404 || answer === 403) {
        if (!store.all().token) return;
        pause = 60000;
      }
      pause = Date.now() - began > 30000 ? 1000 : Math.min(pause * 2, 30000);
      await soon(pause / 2 + Math.random() * pause / 2);
    }
  }

  async function hear() {
    line = new AbortController();
    let alive = Date.now();
    const watch = setInterval(() => Date.now() - alive > 50000 && line.abort(), 5000);
    try {
      const answer = await post("live", JSON.stringify({ token: token(), after: latest }), { signal: line.signal });
      if (!answer.ok) return answer.status;
      online(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return 0;
        alive = Date.now();
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          if (/^event: (?!hello)/m.test(event)) {
            pull();
            tabs?.postMessage(1);
          }
        }
      }
    } finally {
      clearInterval(watch);
    }
  }

  function online(is) {
    if (isOffline === is) {
      isOffline = !is;
      drawLog();
      drawNote();
    }
    if (is) flush();
  }

  // ------------------------------------------------------------------ saying

  function name16() {
    return [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("");
  }

  function submit() {
    const text = area.value.trim();
    const bad = [...fields.querySelectorAll("input:not([type=checkbox])")].filter((one) => {
      const value = one.value.trim();
      const why = one.required && !value ? word("required") : one.type === "email" && value && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(value) ? word("bad_email") : "";
      mark(one, why);
      return why;
    });
    if (bad.length) return bad[0].focus();
    if (!text && !chosen.length) return area.focus();
    const said = { id: name16(), text };
    const answers = {};
    for (const one of fields.querySelectorAll("input:not([type=checkbox])")) {
      const value = one.value.trim();
      if (one.name.startsWith("q:")) answers[one.name.slice(2)] = value;
      else if (value) {
        said[one.name] = value;
        store.set({ [one.name]: value });
      }
    }
    if (Object.keys(answers).length) said.answers = answers;
    if (chosen.length) files.set(said.id, chosen);
    store.set({ queue: [...(store.all().queue || []), said], draft: "", been: true });
    chosen = [];
    area.value = "";
    grow();
    drawChosen();
    drawLog();
    log.scrollTop = log.scrollHeight;
    area.focus();
    flush();
  }

  function mark(input, why) {
    input.parentNode.querySelector(".bad")?.remove();
    input.setAttribute("aria-invalid", String(Boolean(why)));
    if (why) {
      const id = `bad-${name16()}`;
      input.setAttribute("aria-describedby", id);
      input.after(h("span", { class: "bad", id, role: "alert" }, why));
    }
  }

  let flushing = false;

  /** Send what waits, in its order, until all is sent or nobody can be reached. */
  async function flush() {
    if (flushing || isPreview) return;
    flushing = true;
    let pause = 1000;
    try {
      for (;;) {
        const one = (store.all().queue || []).find((other) => !troubles.has(other.id));
        if (!one) return;
        let found;
        try {
          found = await ask("send", { ...one, language: told.language, page: pageSaid(), work: one.id === work.id ? work.done : undefined }, files.get(one.id) || []);
        } catch {
          isOffline = true;
          drawLog();
          drawNote();
          await soon(pause);
          pause = Math.min(pause * 2, 30000);
          continue;
        }
        if (found.status === 200 && found.message) {
          if (isOffline) { isOffline = false; drawNote(); }
          told.ended = false;
          pause = 1000;
          files.delete(one.id);
          told.visitor ||= { name: one.name || "", email: one.email || "" };
          store.set({ queue: (store.all().queue || []).filter((other) => other.id !== one.id) });
          const isNew = !latest;
          if (isNew) await pull();
          if (!messages.has(found.message.seq)) messages.set(found.message.seq, found.message);
          drawLog();
          drawLeave();
          listen();
        } else if (found.error === "work") {
          say(word("working"));
          work.done = await solve(found.work);
          work.id = one.id;
          drawNote();
        } else if (found.status === 429 || found.status >= 500) {
          if (found.status === 429) say(word("busy"));
          await soon((found.after || 5) * 1000);
          drawNote();
        } else if (found.status === 401 && !work.tried) {
          work.tried = true;
          store.set({ token: "" });
          await boot();
        } else if (found.status === 422) {
          store.set({ queue: (store.all().queue || []).filter((other) => other.id !== one.id), draft: one.text });
          area.value ||= one.text;
          chosen = files.get(one.id) || [];
          drawChosen();
          drawLog();
          drawFields(told.asks);
          for (const input of fields.querySelectorAll("input")) {
            if ((found.fields || []).some((other) => `q:${other.replace(/[ *]+$/, "")}` === input.name || other === input.name)) mark(input, word(input.name === "email" ? "bad_email" : "required"));
          }
          fields.querySelector("[aria-invalid=true]")?.focus();
        } else {
          troubles.set(one.id, found.words || word(`why_${found.error}`) || word("why"));
          drawLog();
        }
      }
    } finally {
      flushing = false;
    }
  }

  const work = { id: "", done: null, tried: false };

  /** Find a number whose SHA-256 with the task begins with so many zero bits. */
  async function solve({ task, bits }) {
    const first = sha256();
    for (let n = 0; ; n += 1) {
      if (first(`${task}:${n}`) >>> (32 - bits) === 0) return { task, n };
      if (n % 2000 === 1999) await soon(0);
    }
  }

  /** Gives the first 32 bits of the SHA-256 of a text of plain letters; crypto.subtle is not there on http. */
  function sha256() {
    const K = [];
    const H = [];
    const fraction = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
    for (let p = 2; K.length < 64; p += 1) {
      let isPrime = true;
      for (let d = 2; d * d <= p; d += 1) isPrime &&= p % d !== 0;
      if (isPrime) {
        if (H.length < 8) H.push(fraction(p ** 0.5));
        K.push(fraction(p ** (1 / 3)));
      }
    }
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    const W = new Int32Array(64);
    return (text) => {
      const blocks = Math.ceil((text.length + 9) / 64);
      const M = new Int32Array(blocks * 16);
      for (let i = 0; i < text.length; i += 1) M[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
      M[text.length >> 2] |= 128 << (24 - (text.length % 4) * 8);
      M[M.length - 1] = text.length * 8;
      let S = H;
      for (let at = 0; at < M.length; at += 16) {
        let [a, b, c, d, e, f, g, k] = S;
        for (let i = 0; i < 64; i += 1) {
          if (i < 16) W[i] = M[at + i];
          else {
            const x = W[i - 15];
            const y = W[i - 2];
            W[i] = W[i - 16] + W[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
          }
          const t = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
          const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
          [k, g, f, e, d, c, b, a] = [g, f, e, (d + t) | 0, c, b, a, (t + u) | 0];
        }
        S = [a, b, c, d, e, f, g, k].map((one, i) => (one + S[i]) | 0);
      }
      return S[0];
    };
  }

  function choose() {
    const most = told.most;
    for (const file of chooser.files) {
      if (file.size > most.file) say(word("file_large", { name: file.name, most: Math.floor(most.file / 1048576) }));
      else if (chosen.length >= most.files) say(word("files_many", { n: most.files }));
      else chosen = [...chosen, file];
    }
    chooser.value = "";
    drawChosen();
    area.focus();
  }

  function drawChosen() {
    list.replaceChildren(...chosen.map((file) => h("li", {}, h("span", {}, file.name), button("close", word("remove", { name: file.name }), { onclick: () => {
      chosen = chosen.filter((one) => one !== file);
      drawChosen();
      area.focus();
    } }))));
  }

  function grow() {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, 140)}px`;
  }

  let typedAt = 0;
  let stops = 0;

  function typed() {
    grow();
    store.set({ draft: area.value });
    if (!told.visitor || !latest) return;
    clearTimeout(stops);
    const tellTyping = () => {
      typedAt = Date.now();
      ask("typing", { text: told.peeks ? area.value : area.value && "…" }).catch(() => {});
    };
    if (Date.now() - typedAt > 2000 || !area.value) tellTyping();
    else stops = setTimeout(tellTyping, 2000);
  }

  function pageSaid() {
    return told.asks.page && store.all().page ? { url: location.href, title: document.title } : undefined;
  }

  function tellPage() {
    const page = pageSaid();
    if (page && told.visitor) ask("page", { page }).catch(() => {});
  }

  async function leaveAddress(event) {
    event.preventDefault();
    const input = leave.querySelector("input");
    const email = input.value.trim();
    const found = await ask("email", { email }).catch(() => ({}));
    if (found.status !== 200) return mark(input, word(found.status ? "bad_email" : "offline"));
    told.visitor.email = found.email;
    drawLeave();
    say(word("left", { email: found.email }));
    area.focus();
  }

  async function mailTranscript() {
    const found = await ask("transcript").catch(() => ({}));
    say(found.sent ? word("transcript_sent", { email: found.email }) : word("transcript_not"));
  }

  // ------------------------------------------------------------------ opening and closing

  const whole = matchMedia("(max-width:480px)");
  whole.addEventListener("change", () => panel?.setAttribute("aria-modal", String(whole.matches)));

  function show(is) {
    isOpen = is;
    panel.hidden = !is;
    root.classList.toggle("open", is);
    launch.setAttribute("aria-expanded", String(is));
    if (is) {
      invite.hidden = true;
      panel.setAttribute("aria-modal", String(whole.matches));
      log.scrollTop = log.scrollHeight;
      grow();
    }
    drawNote();
    look();
  }

  function open() {
    show(true);
    news.textContent = "";
    store.set({ open: true, been: true });
    (fields.querySelector("input:not([type=checkbox])") || area).focus();
    if (told.visitor) listen();
    // who is there may have changed since the page was loaded
    if (!isPreview && Date.now() - told.at > 300000) boot().then((is) => is && drawWait(), () => {});
  }

  function close() {
    show(false);
    store.set({ open: false });
    launch.focus();
  }

  function pressed(event) {
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      if (menu.hidden) return close();
      unfold(false);
      return panel.querySelector("[aria-controls=menu]").focus();
    }
    if (event.key === "Tab" && isOpen && panel.getAttribute("aria-modal") === "true") {
      const all = [...panel.querySelectorAll("button,input,textarea,a[href],[tabindex='0']")].filter((one) => one.offsetParent && one.tabIndex >= 0);
      const [first, last] = [all[0], all[all.length - 1]];
      const here = shadow.activeElement;
      if ((event.shiftKey && here === first) || (!event.shiftKey && here === last)) {
        event.preventDefault();
        (event.shiftKey ? last : first).focus();
      }
    }
  }

  /** Speak first, where the inbox wants that, once a day at most. */
  function maybeInvite() {
    const { text, after, on, returning } = told.invites;
    const day = new Date().toDateString();
    if (!text || told.visitor || isOpen || store.all().invited === day || (returning && !isReturning) || !location.pathname.startsWith(on || "")) return;
    setTimeout(() => {
      if (isOpen || told.visitor) return;
      invite.replaceChildren(h("button", { type: "button", class: "say", onclick: open }, text),
        button("close", word("dismiss"), { class: "no", onclick: () => { invite.hidden = true; store.set({ invited: day }); launch.focus(); } }));
      invite.hidden = false;
      news.textContent = text;
      store.set({ invited: day });
    }, after * 1000);
  }

  // ------------------------------------------------------------------ beginning

  async function boot() {
    const said = { language: script.dataset.language || document.documentElement.lang || navigator.language, direction: pageDirection(), identity: identity || undefined };
    const found = await ask("boot", said);
    if (found.status !== 200) {
      if (found.status < 500) console.warn(`helpdesk: the chat does not run here (${found.error || found.status}).`);
      return found.status >= 500 ? null : false;
    }
    if (found.identity === "refused") console.warn("helpdesk: data-identity is not signed with this inbox's secret, or has run out; the visitor is anonymous.");
    if (found.token !== token()) {
      store.set({ token: found.token, queue: token() && !found.is_carried ? [] : store.all().queue });
      if (told) told.era = "";
      messages.clear();
      latest = 0;
      seen = 0;
    }
    told = { ...told, ...found, at: Date.now() };
    // of the visitor's own kinds of this language the first: 2:05 pm, 14:05
    locale = navigator.languages.find((one) => one.toLowerCase().split("-")[0] === told.language) || told.language;
    seen = Math.max(seen, found.seen || 0);
    return true;
  }

  async function begin() {
    let pause = 2000;
    for (;;) {
      const is = await boot().catch(() => null);
      if (is === false) return;
      if (is) break;
      await soon(pause);
      pause = Math.min(pause * 2, 60000);
    }
    build();
    if (told.visitor) {
      await pull();
      listen();
      tellPage();
    }
    if (store.all().open && innerWidth > 480) show(true);
    flush();
    maybeInvite();
    store.set({ been: true });
    tabs?.addEventListener("message", () => pull().then(() => told.visitor && listen()));
    addEventListener("online", () => online(true));
    addEventListener("offline", () => online(false));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
    addEventListener("pageshow", (event) => { if (event.persisted) pull(); });
    addEventListener("pagehide", () => line?.abort());
  }

  window.helpdesk = {
    open: () => told && open(),
    close: () => told && close(),
    /** The visitor signed out of the site. */
    async forget() {
      const before = token();
      store.set({ token: "", queue: [], draft: "", name: "", email: "", open: false });
      identity = "";
      line?.abort();
      if (before) await ask("goodbye", { token: before }).catch(() => {});
      await boot();
      draw();
      tabs?.postMessage(1);
    },
    /** The visitor signed in: what the site's server signed. */
    async identify(signed) {
      identity = signed;
      await boot();
      draw();
      if (told.visitor) {
        await pull();
        listen();
        line?.abort();
      }
      tabs?.postMessage(1);
    },
    /** For the page that sets it up: how it would look. */
    preview(change) {
      if (!isPreview || !told) return;
      told = { ...told, ...change, words: { ...told.words, ...change.words }, look: { ...told.look, ...change.look } };
      draw();
      show(true);
    },
  };
  const start = () => (window.requestIdleCallback || setTimeout)(() => begin());
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
