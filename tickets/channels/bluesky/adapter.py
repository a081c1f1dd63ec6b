"""A Bluesky account, over XRPC as the lexicons of atproto describe it (https://docs.bsky.app/docs/api, read in 2026).

We ask app.bsky.notification.listNotifications for mentions, replies and quotes, the log of private chats (`chats.py`),
and our own records for what the account wrote elsewhere. A public answer is a record whose key is made of ours, and it
is looked for before it is written: so a repeat writes nothing twice. Nobody tells of deletions, and posts are not
edited there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock, fetching
from tickets.channels.bluesky import chats, richtext, xrpc
from tickets.channels.bluesky.moments import key_of, moment, record_key
from tickets.channels.bluesky.xrpc import POST, SERVER, URI
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
    Fetched,
    File,
    Happened,
    Person,
    Post,
    Raw,
    Receipt,
    Refused,
    Said,
    Unreadable,
)

#: what its view makes pictures of; and the lexicon's limit of one
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MOST_FILE = 1_000_000
#: what is older when we ask for the first time is history
FIRST = timedelta(days=1)
#: how often we look for what the account wrote elsewhere
LOOK = timedelta(minutes=1)
PAGE = 50
PAGES = 20
#: how far up a thread of our own we look for whom it answers
HOPS = 10
REASONS = ["mention", "reply", "quote"]
#: a chat takes 1,000 graphemes and no files
CHAT = Capabilities(most_text=1000, counts="graphemes")


class BlueskyForm(ConnectionForm):
    """A handle and an app password."""

    secret = ("password",)

    handle = forms.RegexField(
        r"^@?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$", label=gettext_lazy("Handle"), max_length=253, strip=True,
        help_text=gettext_lazy("Such as shop.bsky.social, or a domain of yours."),
        error_messages={"invalid": gettext_lazy("That is no handle: it looks like a domain.")},
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("App password"), min_length=8, max_length=200,
        help_text=gettext_lazy(
            "Settings → Privacy and security → App passwords, with access to your direct messages; not the account's "
            "own password."
        ),
    )  # fmt: skip
    server = forms.URLField(
        label=gettext_lazy("Server"), assume_scheme="https", initial=SERVER, required=False,
        help_text=gettext_lazy("Leave it as it is, unless the account is on a data server of its own."),
    )  # fmt: skip


class Bluesky(Channel):
    """Posts that mention our account, answer it or quote it, and private chats with it."""

    kind = "bluesky"
    name = "Bluesky"
    icon = "cloud"
    about = gettext_lazy("Posts that mention your account or answer it, and private chats.")
    docs = "channels.md"
    is_polled = True
    can = Capabilities(
        most_text=300, counts="graphemes", files=PICTURES, most_files=4, files_a_message=4, most_file=MOST_FILE,
        is_public=True, is_idempotent=True, in_private=CHAT,
    )  # fmt: skip

    def form(self) -> type[ConnectionForm]:
        return BlueskyForm

    def connected(self, account: Account) -> str:
        xrpc.forget(account)
        xrpc.me(account)
        return "@" + xrpc.handle(account)

    # --- in

    def poll(self, account: Account) -> Iterator[Fetched]:
        cursor = dict(account.cursor)
        if raws := self._notifications(account, cursor):
            yield Fetched(raws, dict(cursor))
        if clock.now().timestamp() - float(cursor.get("looked") or 0) >= LOOK.total_seconds():
            raws = self._written_elsewhere(account, cursor)
            cursor["looked"] = clock.now().timestamp()
            yield Fetched(raws, dict(cursor))
        for raws in chats.poll(account, cursor):
            yield Fetched(raws, dict(cursor))

    def _notifications(self, account: Account, cursor: dict[str, Any]) -> list[Raw]:
        since = str(cursor.get("since") or (clock.now() - FIRST).isoformat())
        new: list[Mapping[str, Any]] = []
        more = ""
        for _page in range(PAGES):
            wanted = {"limit": PAGE, "reasons": REASONS, **({"cursor": more} if more else {})}
            found = xrpc.ask(account, "GET", "app.bsky.notification.listNotifications", params=wanted)
            page = found.get("notifications") or []
            fresh = [one for one in page if moment(one.get("indexedAt")) >= moment(since)]
            new += [one for one in fresh if one.get("reason") in REASONS]
            more = str(found.get("cursor") or "")
            if not more or len(fresh) < len(page) or not page:
                break
        if new:
            cursor["since"] = max((str(one["indexedAt"]) for one in new), key=moment)
        return [Raw(json.dumps(one).encode(), _key(one)) for one in reversed(new)]

    def _written_elsewhere(self, account: Account, cursor: dict[str, Any]) -> list[Raw]:
        """Answers of our account since: records are named by the moment in which they were made, ours by an old one."""
        since = str(cursor.get("own") or key_of(clock.now()))
        wanted = {
            "repo": xrpc.me(account), "collection": POST, "limit": PAGE, "cursor": since, "reverse": "true",
        }  # fmt: skip
        found = xrpc.ask(account, "GET", "com.atproto.repo.listRecords", params=wanted).get("records") or []
        cursor["own"] = max([since, *(str(one["uri"]).rpartition("/")[2] for one in found)])
        told = [{"own": one, "to": to} for one in found if (to := self._answered(account, one))]
        return [Raw(json.dumps(one).encode(), _key(one["own"])) for one in told]

    def _answered(self, account: Account, post: Mapping[str, Any]) -> str:
        """Whom a post of ours answers, if need be further up; "" for nobody."""
        me, above = xrpc.me(account), post
        for _hop in range(HOPS):
            uri = URI.fullmatch(str(((above["value"].get("reply") or {}).get("parent") or {}).get("uri") or ""))
            if uri is None or uri[1] != me:
                return uri[1] if uri else ""
            found = xrpc.record(account, uri[0])
            if found is None:
                return ""
            above = found
        return ""

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            told = json.loads(content)
            if "chat" in told:
                return chats.parse(told)
            if "own" in told:
                return [_ours(account, told["own"], str(told["to"]))]
            if told["reason"] not in REASONS or f"@{told['author']['handle']}".lower() == account.address:
                return []
            return [_said(told)]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"It is no notification of Bluesky: {error!r}") from None

    def fetch(self, account: Account, file: File) -> File:
        """A picture as the network shows it; its address is the network's to say."""
        uri, _hash, number = file.reference.rpartition("#")
        found = xrpc.ask(account, "GET", "app.bsky.feed.getPosts", params={"uris": [uri]})
        try:
            embed = found["posts"][0]["embed"]
            url = str((embed.get("media") or embed)["images"][int(number)]["fullsize"])
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Refused(_("The picture is no longer there.")) from None
        got = fetching.fetch(url, most=10 * 1024 * 1024, seconds=30)
        name = url.rpartition("/")[2].replace("@", ".")[-100:]
        return File(file.filename or name, got.content_type or file.content_type, got.content, file.reference)

    # --- out

    def repeats_safely(self, post: Post) -> bool:
        return post.is_public

    def deliver(self, account: Account, post: Post) -> Receipt:
        facets = richtext.facets(post.text, lambda handle: self._who(account, handle))
        if not post.is_public:
            return chats.deliver(account, post, facets)
        me, key = xrpc.me(account), record_key(post.key)
        uri = f"at://{me}/{POST}/{key}"
        if not xrpc.record(account, uri):
            record: dict[str, Any] = {
                "$type": POST, "text": post.text, "createdAt": clock.now().isoformat().replace("+00:00", "Z"),
                "facets": facets,
            }  # fmt: skip
            if reply := self._reply(account, post):
                record["reply"] = reply
            if post.files:
                images = [{"alt": one.filename, "image": self._upload(account, one.content_type, one.content)}
                          for one in post.files]  # fmt: skip
                record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
            told = {"repo": me, "collection": POST, "rkey": key, "record": record}
            uri = str(xrpc.ask(account, "POST", "com.atproto.repo.createRecord", json=told)["uri"])
        return Receipt(uri, _url(xrpc.handle(account), key))

    def _who(self, account: Account, handle: str) -> str:
        try:
            found = xrpc.ask(account, "GET", "com.atproto.identity.resolveHandle", params={"handle": handle})
        except Refused:
            return ""
        return str(found.get("did") or "")

    def _reply(self, account: Account, post: Post) -> dict[str, Any]:
        """What it answers, and the root of that: from the talk where it is known, else asked for."""
        root, last = post.facts.get("root"), post.facts.get("last")
        if not post.answers:
            return {"root": root, "parent": last} if root and last else {}
        if not (root and last and last.get("uri") == post.answers):
            found = xrpc.record(account, post.answers) if xrpc.me(account) in post.answers else None
            if found is None:
                posts = xrpc.ask(account, "GET", "app.bsky.feed.getPosts", params={"uris": [post.answers]}).get("posts")
                if not posts:
                    raise Refused(_("The post this answers is no longer there."))
                found = {"uri": post.answers, "cid": posts[0]["cid"], "value": posts[0]["record"]}
            last = {"uri": str(found["uri"]), "cid": str(found["cid"])}
            root = (found["value"].get("reply") or {}).get("root") or root or last
        return {"root": root, "parent": last}

    def _upload(self, account: Account, media_type: str, content: bytes) -> Any:
        if len(content) > MOST_FILE:
            raise Refused(_("Bluesky takes no picture of more than 1 MB."))
        headers = {"Content-Type": media_type}
        return xrpc.ask(account, "POST", "com.atproto.repo.uploadBlob", content=content, headers=headers)["blob"]


# ---------------------------------------------------------------------- what a post is


def _key(told: Mapping[str, Any]) -> str:
    return sha256(f"{told.get('uri')} {told.get('cid')}".encode()).hexdigest()


def _url(handle: str, key: str) -> str:
    return f"https://bsky.app/profile/{handle}/post/{key}"


def _ref(told: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": str(told["uri"]), "cid": str(told["cid"])}


def _said(told: Mapping[str, Any]) -> Said:
    """A post, in its thread with its author. Text that was shortened is followed by the addresses it leads to."""
    author, record = told["author"], told["record"]
    uri = URI.fullmatch(told["uri"])
    if uri is None:
        raise ValueError("its uri is not of a post")
    reply, embed = record.get("reply") or {}, record.get("embed") or {}
    root = _ref(reply["root"]) if reply else _ref(told)
    images = (embed.get("media") or embed).get("images") or []
    languages = record.get("langs") or [""]
    return Said(
        identifier=told["uri"],
        thread=f"{root['uri']} {author['did']}",
        sender=Person(str(author["did"]), str(author.get("displayName") or ""), f"@{author['handle']}"),
        text=_text(record),
        at=moment(told.get("indexedAt")),
        files=tuple(File("", "", None, f"{told['uri']}#{n}") for n in range(min(len(images), 4))),
        answers=str(reply["parent"]["uri"]) if reply else "",
        is_public=True,
        language=str(languages[0]),
        url=_url(str(author["handle"]), uri[2]),
        facts={"talk": {"root": root, "last": _ref(told)}},
    )


def _text(record: Mapping[str, Any]) -> str:
    """The words, and where they lead as far as they do not say so."""
    text, card = str(record.get("text") or ""), ((record.get("embed") or {}).get("external") or {}).get("uri")
    beside = richtext.addresses(text, record.get("facets"))
    if card and str(card) not in text and str(card) not in beside:
        beside.append(str(card))
    return "\n\n".join(part for part in (text, *beside) if part)


def _ours(account: Account, post: Mapping[str, Any], to: str) -> Said:
    """What our account answered, not through us: the server gives no picture of it, but its address."""
    record, uri = post["value"], URI.fullmatch(post["uri"])
    if uri is None:
        raise ValueError("its uri is not of a post")
    reply = record["reply"]
    return Said(
        identifier=uri[0], thread=f"{reply['root']['uri']} {to}", sender=Person(to), text=_text(record),
        at=moment(record.get("createdAt")), answers=str(reply["parent"]["uri"]), is_public=True, is_ours=True,
        url=_url(xrpc.handle(account) or uri[1], uri[2]),
    )  # fmt: skip
