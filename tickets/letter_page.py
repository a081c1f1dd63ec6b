"""A message's HTML as a page of its own, for the frame that shows it: one script of ours, and nothing of anybody's.

The policy names the script and the style by their digests, so whatever got past the sanitiser would still not run. The
sandbox gives the page no origin: it sees no cookies, no storage and nothing of the page around it. What it may do is
say how tall it is, and let links open elsewhere. Why: docs/decisions/0004-customer-html-in-a-frame.md
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from django.http import HttpRequest, HttpResponse

from helpdesk import content
from helpdesk.models import Agent
from tickets import safe_html, texts
from tickets.models import Message

#: the parent listens in letters.js, and believes a number only
SCRIPT = """
const letter = document.querySelector("main");
const say = (said) => parent.postMessage(said, "*");
const measure = () => say({ height: Math.ceil(letter.getBoundingClientRect().height) });
new ResizeObserver(measure).observe(letter);
addEventListener("load", measure);
addEventListener("message", (event) => event.source === parent && measure());
addEventListener("keydown", (event) => event.key === "Escape" && say({ leave: true }));
addEventListener("click", (event) => event.detail && getSelection().isCollapsed && say({ leave: true }));
"""
STYLE = """
:root {
  color-scheme: light; background: #fff; color: #24201c;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
body { margin: 0; }
main { padding: 12px 16px; overflow-x: auto; overflow-wrap: anywhere; }
main > :first-child { margin-block-start: 0; }
main > :last-child { margin-block-end: 0; }
img { max-inline-size: 100%; block-size: auto; }
table { max-inline-size: 100%; overflow-wrap: normal; }
blockquote { margin: 0.75em 0; padding-inline-start: 12px; border-inline-start: 2px solid #d9d5cf; }
pre { white-space: pre-wrap; }
a { color: #0b5f73; }
a:focus-visible, main:focus-visible { outline: 2px solid #0b5f73; outline-offset: -2px; }
"""
SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox"


def policy(request: HttpRequest) -> str:
    """What the page may do, whoever opens it and wherever."""
    return (
        f"sandbox {SANDBOX}; default-src 'none'; script-src {content.digest(SCRIPT)}; "
        f"style-src-elem {content.digest(STYLE)}; style-src-attr 'unsafe-inline'; "
        f"img-src {content.origin(request)}{content.PATH}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {content.ancestors()}"
    )


def render(request: HttpRequest, message: Message, reader: Agent, *, with_pictures: bool) -> HttpResponse:
    """The page. Pictures from elsewhere are there only where asked for, and then by our hand."""
    images = {
        one.content_id: content.address("content_file", one.pk, reader.pk)
        for one in message.attachments.all()
        if one.content_id
    }

    def picture(url: str) -> str:
        return content.address("content_picture", message.pk, reader.pk, packed(url))

    body = safe_html.clean(message.html, images, picture if with_pictures else None)
    body = body or texts.paragraphs(message.full_text or message.text)
    page = (
        f'<!doctype html><html><head><meta charset="utf-8"><title>#{message.ticket_id}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f'<body><main dir="auto" tabindex="0">{body}</main><script>{SCRIPT}</script></body></html>'
    )
    response = HttpResponse(page)
    response["Cache-Control"] = "no-store"
    return content.guard(response, policy(request))


def packed(url: str) -> str:
    """An address from a mail, fit to stand in one of ours."""
    return urlsafe_b64encode(url.encode()).decode().rstrip("=")


def unpacked(word: str) -> str:
    """What was packed; "" for what was not."""
    try:
        url = urlsafe_b64decode(word + "=" * (-len(word) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return f"https:{url}" if url.startswith("//") else url
