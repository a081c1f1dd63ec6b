"""Reviews of any source, in our own signed JSON. The format is ours and is written down in docs/channels.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets.channels import signed
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Deleted,
    Edited,
    Happened,
    Person,
    Raw,
    Request,
    Said,
    Unreadable,
)

MOST_STARS = 5
#: what names a review: the source's own name of it means nothing elsewhere
NAMED = ("source", "id")


class ReviewsForm(ConnectionForm):
    """The secret a source signs with."""

    secret = ("signing_secret",)

    name_there = forms.SlugField(
        label=gettext_lazy("Name of the source"), max_length=60,
        help_text=gettext_lazy("Such as “shop-reviews”. It tells this connection from others."),
    )  # fmt: skip
    signing_secret = forms.CharField(
        label=gettext_lazy("Signing secret"), min_length=16, max_length=200,
        help_text=gettext_lazy("At least 16 characters. Who posts reviews to our address signs with it."),
    )  # fmt: skip


class Reviews(Channel):
    """What is written about us, with its stars."""

    kind = "reviews"
    name = pgettext_lazy("channel", "Reviews")
    icon = "star"
    about = gettext_lazy("What customers write about you elsewhere: from a CSV file, by our API or a signed webhook.")
    docs = "channels.md"
    has_webhook = True
    read_only_words = gettext_lazy("Reviews are answered where they stand. Answer it there, then say so here.")
    can = Capabilities(
        most_text=None, is_public=True, tells_edits=True, tells_deletions=True, carries_links=False, is_read_only=True
    )

    def form(self) -> type[ConnectionForm]:
        return ReviewsForm

    def connected(self, account: Account) -> str:
        return str(account.config["name_there"])

    def verify(self, account: Account, request: Request) -> Sequence[Raw]:
        return signed.verify(account, request, named=NAMED)

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        event = signed.read(content)
        match event.get("type"):
            case "review":
                return [_said(event)]
            case "edited":
                return [Edited(_said(event))]
            case "answer":
                return [_said(event, is_ours=True)]
            case "deleted":
                return [Deleted(_name(event), _thread(event))]
            case other:
                raise Unreadable(f"Its type is {other!r}; review, edited, answer and deleted are known.")


def _name(event: Mapping[str, Any]) -> str:
    return f"{signed.text(event, 'source', 60).strip()} {signed.text(event, 'id', 190).strip()}"


def _thread(event: Mapping[str, Any]) -> str:
    """Each review is a talk of its own, but for what says to which one it belongs."""
    first = signed.text(event, "review", 190, is_needed=False).strip()
    return f"{signed.text(event, 'source', 60).strip()} {first}" if first else _name(event)


def _said(event: Mapping[str, Any], *, is_ours: bool = False) -> Said:
    source, name = signed.text(event, "source", 60).strip(), _name(event)
    author = signed.text(event, "author", 200, is_needed=False).strip()
    # names are not unique over there: who bears no id is known by the review alone
    who = signed.text(event, "author_id", 190, is_needed=False).strip()
    text = signed.text(event, "text", 200_000, is_needed=False)
    stars = _stars(event)
    title = signed.text(event, "title", 300, is_needed=False).strip()
    if not (text.strip() or title or stars):
        raise Unreadable("It has neither stars nor words.")
    email = event.get("email")
    return Said(
        identifier=name, thread=_thread(event),
        sender=Person(
            address=f"{source} {who or _thread(event)}"[:320], name=author,
            claimed={"email": email[:320]} if isinstance(email, str) and "@" in email else {},
        ),
        text=text or title or _drawn(stars or 0), subject=title, at=signed.at(event.get("at")), is_public=True,
        is_ours=is_ours,
        language=signed.text(event, "language", 10, is_needed=False).strip().lower(),
        url=_link(event), facts={"source": source, **({"stars": stars} if stars else {})},
    )  # fmt: skip


def _link(event: Mapping[str, Any]) -> str:
    link = signed.text(event, "link", 500, is_needed=False).strip()
    if link and not link.startswith(("https://", "http://")):
        raise Unreadable("“link” is no web address.")
    return link


def _drawn(stars: int) -> str:
    return "★" * stars + "☆" * (MOST_STARS - stars)


def _stars(event: Mapping[str, Any]) -> int | None:
    """From 1 to 5; halves are rounded up as people read them."""
    value = event.get("stars")
    if value is None or value == "":
        return None
    try:
        stars = float(str(value)[:20].replace(",", "."))
    except ValueError:
        stars = 0.0
    if not 0.5 <= stars <= MOST_STARS:
        raise Unreadable("“stars” is no number from 1 to 5.")
    return int(stars + 0.5)
