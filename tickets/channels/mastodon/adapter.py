"""A Mastodon account, over its REST API as documented for version 4.3 (https://docs.joinmastodon.org/client/intro/).

Read: methods/notifications, methods/statuses (context, Idempotency-Key), methods/media, methods/instance,
api/rate-limits, entities/Status, entities/MediaAttachment. We ask: mentions every few seconds; what our account wrote
elsewhere, and what was edited or deleted, once a minute. A key of ours is known there for an hour.

A talk is the thread and the person in it; what is said in private in the same thread is a talk of its own, so that
nobody answers it in public.
"""

import json
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock, fetching
from tickets.channels import calling
from tickets.channels.email import html_text
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Deleted,
    Edited,
    Fetched,
    File,
    Happened,
    Later,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Said,
    Unreadable,
)

MOST_FILE = 10 * 1024 * 1024
#: whatever a server says, no more than this is handed on
MOST_PICTURE, MOST_FILES = 20 * 1024 * 1024, 10
#: of a picture, a video or a recording that comes in
MOST_MEDIA = 40 * 1024 * 1024
#: what each server takes of pictures; some take more
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MEDIA = ("image/", "video/", "audio/")
#: a server without a limit of its own, and what the mention of the customer takes of it
MOST_TEXT = 500
MENTION = 35
#: what a server that says nothing of it takes a link for, however long it is
LINK = 23
#: what is older when we ask for the first time is history
FIRST = timedelta(days=1)
#: how often we look for edits and for what we wrote elsewhere
LOOK = timedelta(minutes=1)
#: how often we ask who we are and what the server takes
ASK_AGAIN = timedelta(days=1)
#: the latest mentions, which are looked at for edits and deletions; the server tells of so many at once
WATCHED = 20
#: how many of them are looked at on a server that tells of one at a time
ONE_BY_ONE = 5
PAGE = 40
PAGES = 10
PUBLIC = ("public", "unlisted")


class MastodonForm(ConnectionForm):
    """A server and a token of an application registered there."""

    secret = ("token",)

    server = forms.URLField(
        label=gettext_lazy("Server"), assume_scheme="https",
        help_text=gettext_lazy("Where your account is, such as https://mastodon.social"),
    )  # fmt: skip
    token = forms.CharField(
        label=gettext_lazy("Access token"), min_length=10, max_length=500,
        help_text=gettext_lazy("Preferences → Development → New application, with the scopes read and write."),
    )  # fmt: skip


class Mastodon(Channel):
    """Posts that mention our account, and what is written to it directly."""

    kind = "mastodon"
    name = "Mastodon"
    icon = "at-sign"
    about = gettext_lazy("Posts that mention your account and direct messages to it; also servers with the same API.")
    docs = "channels.md"
    is_polled = True
    can = Capabilities(
        most_text=MOST_TEXT - MENTION, counts="graphemes", link=LINK, files=PICTURES, most_files=4,
        files_a_message=4, most_file=MOST_FILE,
        tells_edits=True, tells_deletions=True, is_idempotent=True,
    )  # fmt: skip

    def capabilities(self, account: Account) -> Capabilities:
        most, link = account.cursor.get("most"), account.cursor.get("link")
        can = replace(self.can, link=link) if isinstance(link, int) and 0 < link < MOST_TEXT else self.can
        picture, pictures = account.cursor.get("picture"), account.cursor.get("pictures")
        if isinstance(picture, int) and picture > 0:
            can = replace(can, most_file=min(picture, MOST_PICTURE))
        if isinstance(pictures, int) and pictures > 0:
            can = replace(can, most_files=min(pictures, MOST_FILES), files_a_message=min(pictures, MOST_FILES))
        if not isinstance(most, int) or most <= 2 * MENTION:
            return can
        return replace(can, most_text=most - MENTION)

    def form(self) -> type[ConnectionForm]:
        return MastodonForm

    def connected(self, account: Account) -> str:
        me = self._ask(account, "GET", "/api/v1/accounts/verify_credentials")
        domain = str(self._instance(account).get("domain") or urlsplit(_server(account)).netloc)
        return f"@{me['username']}@{domain}"

    def probe(self, account: Account) -> None:
        self._ask(account, "GET", "/api/v1/accounts/verify_credentials")

    # --- in

    def poll(self, account: Account) -> Iterator[Fetched]:
        cursor = dict(account.cursor)
        if not cursor.get("me") or _is_over(cursor.get("asked"), ASK_AGAIN):
            me = self._ask(account, "GET", "/api/v1/accounts/verify_credentials")
            told = self._instance(account)
            cursor |= {
                "me": str(me["id"]), "asked": clock.now().timestamp(),
                "most": _number_of(told, "statuses", "max_characters", MOST_TEXT),
                "link": _number_of(told, "statuses", "characters_reserved_per_url", LINK),
                "pictures": _number_of(told, "statuses", "max_media_attachments", 4),
                "picture": _number_of(told, "media_attachments", "image_size_limit", MOST_FILE),
            }  # fmt: skip
        for page in self._mentions(account, cursor):
            cursor["since"] = str(page[-1]["id"])
            statuses = [one["status"] for one in page if one.get("status")]
            raws = [self._raw(account, "said", status) for status in statuses]
            watched = {**cursor.get("watched", {}), **{str(s["id"]): s.get("edited_at") or "" for s in statuses}}
            cursor["watched"] = dict(list(watched.items())[-WATCHED:])
            yield Fetched(raws, dict(cursor))
        if _is_over(cursor.get("looked"), LOOK):
            raws = [*self._changes(account, cursor), *self._written_elsewhere(account, cursor)]
            cursor["looked"] = clock.now().timestamp()
            yield Fetched(raws, dict(cursor))

    def _mentions(self, account: Account, cursor: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """The mentions after the last one, the oldest first. The first time: those of the last day."""
        since = cursor.get("since")
        for _page in range(PAGES):
            wanted: dict[str, Any] = {"types[]": "mention", "limit": PAGE, **({"min_id": since} if since else {})}
            found = self._ask(account, "GET", "/api/v1/notifications", params=wanted)
            page = [one for one in reversed(found) if since or not _is_over(_timestamp(one.get("created_at")), FIRST)]
            if page:
                yield page
            if not since or len(found) < PAGE:
                return
            since = str(found[0]["id"])

    def _changes(self, account: Account, cursor: dict[str, Any]) -> Iterator[Raw]:
        """Those of the latest mentions that were edited or deleted since."""
        watched: dict[str, str] = dict(cursor.get("watched") or {})
        if not watched:
            return
        try:
            found = self._ask(account, "GET", "/api/v1/statuses", params={"id[]": list(watched)})
            asked = list(watched)
        except Refused:  # servers before 4.3 tell of one at a time
            asked = list(watched)[-ONE_BY_ONE:]
            found = [one for number in asked if (one := self._status(account, number))]
        for status in found:
            number, edited = str(status["id"]), status.get("edited_at") or ""
            if edited and watched.get(number) != edited:
                watched[number] = edited
                yield self._raw(account, "edited", status)
        for number in set(asked) - {str(status["id"]) for status in found}:
            if self._status(account, number) is None:
                del watched[number]
                told = {"what": "deleted", "root": "", "status": {"id": number}}
                yield Raw(json.dumps(told).encode(), f"deleted {number}")
        cursor["watched"] = watched

    def _status(self, account: Account, number: str) -> dict[str, Any] | None:
        """A status; None for one that is not there any more, or no longer for us to see."""
        try:
            found = self._ask(account, "GET", f"/api/v1/statuses/{quote(number, safe='')}")
        except _Gone:
            return None
        return dict(found)

    def _written_elsewhere(self, account: Account, cursor: dict[str, Any]) -> Iterator[Raw]:
        """Answers our account gave, not through us."""
        own = cursor.get("own")
        wanted = {"exclude_reblogs": "true", **({"min_id": own, "limit": PAGE} if own else {"limit": 1})}
        found = self._ask(account, "GET", f"/api/v1/accounts/{quote(str(cursor['me']))}/statuses", params=wanted)
        cursor["own"] = str(found[0]["id"]) if found else own or "0"
        if own:
            for status in reversed(found):
                if status.get("in_reply_to_account_id") not in (None, cursor["me"]):
                    yield self._raw(account, "ours", status)

    def _raw(self, account: Account, what: str, status: Mapping[str, Any]) -> Raw:
        """A status, with what it is to us and the root of its thread."""
        root = str(status["id"])
        if status.get("in_reply_to_id"):
            try:
                context = self._ask(account, "GET", f"/api/v1/statuses/{quote(root)}/context")
                root = str(context["ancestors"][0]["id"])
            except (Refused, LookupError, TypeError):
                root = str(status["in_reply_to_id"])
        key = f"{what} {status['id']} {status.get('edited_at') or ''}".strip()
        return Raw(json.dumps({"what": what, "root": root, "status": status}).encode(), key)

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            told = json.loads(content)
            what, status, root = told["what"], told["status"], str(told["root"])
            if what == "deleted":
                return [Deleted(str(status["id"]), root)]
            if what == "ours":
                return _ours(account, status, root)
            said = _said(account, status, root)
            return [Edited(said)] if what == "edited" else [said]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise Unreadable(f"It is no status of Mastodon's API: {error!r}") from None

    def fetch(self, account: Account, file: File) -> File:
        """A picture, a video or a recording; whatever else is behind the address is left there."""
        got = fetching.fetch(file.reference, most=MOST_MEDIA, seconds=60)
        told = got.content_type if got.content_type != "application/octet-stream" else ""
        media_type = told or file.content_type
        if not media_type.startswith(MEDIA):
            raise Refused(_("It is no picture, no video and no recording."))
        return File(file.filename, media_type, got.content, file.reference)

    # --- out

    def deliver(self, account: Account, post: Post) -> Receipt:
        media = [self._upload(account, one.filename, one.content_type, one.content) for one in post.files]
        told: dict[str, Any] = {
            "status": f"@{post.to} {post.text}".strip(), "visibility": _visibility(post), "media_ids": media,
            **({"in_reply_to_id": post.answers} if post.answers else {}),
        }  # fmt: skip
        sent = self._ask(account, "POST", "/api/v1/statuses", json=told, headers={"Idempotency-Key": post.key})
        try:
            return Receipt(str(sent["id"]), str(sent.get("url") or ""))
        except (LookupError, TypeError, AttributeError):
            raise Later(_("Mastodon's answer makes no sense.")) from None

    def _upload(self, account: Account, name: str, media_type: str, content: bytes) -> str:
        files = {"file": (name, content, media_type)}
        return str(self._ask(account, "POST", "/api/v2/media", files=files, data={"description": name[:1500]})["id"])

    def _instance(self, account: Account) -> Mapping[str, Any]:
        """What the server says of itself; servers with the same API may say nothing."""
        try:
            said = self._ask(account, "GET", "/api/v2/instance")
        except Refused:
            return {}
        return said if isinstance(said, Mapping) else {}

    def _ask(self, account: Account, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {account.secrets.get('token', '')}", **more.pop("headers", {})}
        answer = calling.call(
            method, _server(account) + path, network="Mastodon", headers=headers, look=_look, **more
        )  # fmt: skip
        try:
            return answer.json()
        except ValueError:
            raise Later(_("Mastodon's answer makes no sense.")) from None


class _Gone(Refused):
    """There is no such thing."""


def _look(answer: httpx.Response) -> None:
    """A limit names the moment it ends, in a header of its own; a post that is gone cannot be answered."""
    if answer.status_code == 429 and (until := _timestamp(answer.headers.get("x-ratelimit-reset"))):
        left = timedelta(seconds=max(until - clock.now().timestamp(), 1))
        raise Later(_("Mastodon wants to be left alone for a while."), after=min(left, calling.MOST_REST), rests=True)
    if answer.status_code == 404 and answer.request.method == "POST":
        raise Refused(_("The post this answers is no longer there."))
    if answer.status_code in (404, 410):
        raise _Gone(_("It is no longer there."))


def _visibility(post: Post) -> str:
    """As the customer's. What their followers alone saw is answered to them alone: our followers are others."""
    if not post.is_public:
        return "direct"
    seen = post.facts.get("visibility")
    return seen if seen in PUBLIC else "unlisted"


def _server(account: Account) -> str:
    return str(account.config.get("server") or "").rstrip("/")


def _number_of(instance: Mapping[str, Any], what: str, name: str, otherwise: int) -> int:
    """What a server says in numbers of what it takes."""
    try:
        return int(instance["configuration"][what][name])
    except (LookupError, TypeError, ValueError):
        return otherwise


def _timestamp(told: Any) -> float:
    """A moment as the API writes it; 0.0 for none."""
    moment = _moment(told)
    return moment.timestamp() if moment else 0.0


def _moment(told: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_over(since: Any, span: timedelta) -> bool:
    return not isinstance(since, int | float) or clock.now().timestamp() - since >= span.total_seconds()


def _address(account: Account, acct: str) -> str:
    """Who somebody is everywhere: those of our own server are named without it."""
    ours = account.address.rpartition("@")[2]
    return (acct if "@" in acct else f"{acct}@{ours}").lower()


def _thread(root: str, address: str, status: Mapping[str, Any]) -> str:
    return f"{root} {address}" + ("" if status["visibility"] in PUBLIC else " in private")


def _said(account: Account, status: Mapping[str, Any], root: str) -> Said:
    sender = status["account"]
    address = _address(account, str(sender["acct"]))
    is_public = status["visibility"] in PUBLIC
    talk = {"visibility": status["visibility"]} if is_public else {}
    return Said(
        identifier=str(status["id"]),
        thread=_thread(root, address, status),
        sender=Person(address, str(sender.get("display_name") or sender["username"]), f"@{address}"),
        text=_text(account, status),
        at=_moment(status.get("created_at")),
        files=tuple(_files(status)),
        answers=str(status.get("in_reply_to_id") or ""),
        is_public=is_public,
        is_automated=bool(sender.get("bot")),
        language=str(status.get("language") or ""),
        url=str(status.get("url") or ""),
        facts={"talk": talk} if talk else {},
    )


def _ours(account: Account, status: Mapping[str, Any], root: str) -> list[Happened]:
    """What our account answered: said to who is answered, which the post names."""
    to = [one for one in status["mentions"] if str(one["id"]) == str(status["in_reply_to_account_id"])]
    if not to:
        return []
    address = _address(account, str(to[0]["acct"]))
    return [
        Said(
            identifier=str(status["id"]), thread=_thread(root, address, status), sender=Person(address),
            text=_text(account, status), at=_moment(status.get("created_at")), files=tuple(_files(status)),
            answers=str(status.get("in_reply_to_id") or ""), is_public=status["visibility"] in PUBLIC, is_ours=True,
            url=str(status.get("url") or ""),
        )
    ]  # fmt: skip


def _text(account: Account, status: Mapping[str, Any]) -> str:
    """The words, without the mentions before them that only say to whom; a warning the sender put before them stays."""
    text = html_text.convert(str(status.get("content") or "")).text
    names = {str(one["username"]).lower() for one in status.get("mentions") or []} | {
        account.address.removeprefix("@").partition("@")[0].lower()
    }
    while (found := re.match(r"@([\w.-]+)(?:@[\w.:-]+)?\s*", text)) and found[1].lower() in names:
        text = text[found.end() :]
    warning = str(status.get("spoiler_text") or "")
    options = [f"– {one['title']}" for one in (status.get("poll") or {}).get("options", [])]
    return "\n\n".join(part for part in (warning, text.strip(), "\n".join(options)) if part)


def _files(status: Mapping[str, Any]) -> Iterator[File]:
    for one in status.get("media_attachments") or []:
        if url := str(one.get("url") or one.get("remote_url") or ""):
            name = url.partition("?")[0].rpartition("/")[2][-200:]
            yield File(name, mimetypes.guess_type(name)[0] or "", None, url)
