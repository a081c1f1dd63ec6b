"""A Bluesky account, over XRPC as the lexicons of atproto describe it (https://docs.bsky.app/docs/api, read in 2026).

We ask app.bsky.notification.listNotifications for mentions, replies and quotes. An answer is a record whose key is made
of ours, and it is looked for before it is written: so a repeat writes nothing twice. Nobody tells of deletions, and
posts are not edited there. An app password opens a session, which is kept in this process while it lasts.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock, fetching
from tickets.channels import calling
from tickets.channels.forms import ConnectionForm
from tickets.channels.protocol import (
    Account,
    Capabilities,
    Channel,
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
    TokenDead,
    Unreadable,
)

SERVER = "https://bsky.social"
POST = "app.bsky.feed.post"
#: the lexicon's limit of a picture
MOST_FILE = 1_000_000
#: what is older when we ask for the first time is history
FIRST = timedelta(days=1)
PAGE = 50
PAGES = 20
REASONS = ["mention", "reply", "quote"]
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]+)")
_LINK = re.compile(rb"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
#: keys of our answers are moments in two years that are over
_FROM = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_SPAN = 2 * 365 * 86_400 * 1_000_000
#: (server, handle, password's hash) -> (who we are, token)
_sessions: dict[tuple[str, str, str], tuple[str, str]] = {}
_lock = threading.Lock()


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
        help_text=gettext_lazy("Settings → Privacy and security → App passwords; not the account's own password."),
    )  # fmt: skip
    server = forms.URLField(
        label=gettext_lazy("Server"), assume_scheme="https", initial=SERVER, required=False,
        help_text=gettext_lazy("Leave it as it is, unless the account is on a data server of its own."),
    )  # fmt: skip


class Bluesky(Channel):
    """Posts that mention our account, answer it or quote it."""

    kind = "bluesky"
    name = "Bluesky"
    icon = "cloud"
    about = gettext_lazy("Posts that mention your account or answer it; everything said there is public.")
    docs = "channels.md"
    is_polled = True
    can = Capabilities(
        most_text=300, counts="graphemes", files=("image/",), most_files=4, files_a_message=4, most_file=MOST_FILE,
        is_public=True, is_idempotent=True,
    )  # fmt: skip

    def form(self) -> type[ConnectionForm]:
        return BlueskyForm

    def connected(self, account: Account) -> str:
        _forget(account)
        _session(account)
        return "@" + _handle(account)

    # --- in

    def poll(self, account: Account) -> Iterator[Fetched]:
        since = str(account.cursor.get("since") or (clock.now() - FIRST).isoformat())
        new: list[Mapping[str, Any]] = []
        more = ""
        for _page in range(PAGES):
            wanted = {"limit": PAGE, "reasons": REASONS, **({"cursor": more} if more else {})}
            found = _ask(account, "GET", "app.bsky.notification.listNotifications", params=wanted)
            page = found.get("notifications") or []
            fresh = [one for one in page if _moment(one.get("indexedAt")) >= _moment(since)]
            new += [one for one in fresh if one.get("reason") in REASONS]
            more = str(found.get("cursor") or "")
            if not more or len(fresh) < len(page) or not page:
                break
        if new:
            latest = max((str(one["indexedAt"]) for one in new), key=_moment)
            yield Fetched([Raw(json.dumps(one).encode(), _key(one)) for one in reversed(new)], {"since": latest})

    def parse(self, account: Account, content: bytes) -> Sequence[Happened]:
        try:
            told = json.loads(content)
            if told["reason"] not in REASONS:
                return []
            return [_said(told)]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise Unreadable(f"It is no notification of Bluesky: {error!r}") from None

    def fetch(self, account: Account, file: File) -> File:
        """A picture as the network shows it; its address is the network's to say."""
        uri, _hash, number = file.reference.rpartition("#")
        found = _ask(account, "GET", "app.bsky.feed.getPosts", params={"uris": [uri]})
        try:
            embed = found["posts"][0]["embed"]
            url = str((embed.get("media") or embed)["images"][int(number)]["fullsize"])
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Refused(_("The picture is no longer there.")) from None
        got = fetching.fetch(url, most=10 * 1024 * 1024, seconds=30)
        name = url.rpartition("/")[2].replace("@", ".")[-100:]
        return File(file.filename or name, got.content_type or file.content_type, got.content, file.reference)

    # --- out

    def deliver(self, account: Account, post: Post) -> Receipt:
        me = _session(account)[0]
        key = record_key(post.key)
        uri = f"at://{me}/{POST}/{key}"
        if not _record(account, uri):
            record: dict[str, Any] = {
                "$type": POST, "text": post.text, "createdAt": clock.now().isoformat().replace("+00:00", "Z"),
                "facets": links(post.text),
            }  # fmt: skip
            if reply := self._reply(account, post):
                record["reply"] = reply
            if post.files:
                images = [{"alt": one.filename, "image": self._upload(account, one.content_type, one.content)}
                          for one in post.files]  # fmt: skip
                record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
            told = {"repo": me, "collection": POST, "rkey": key, "record": record}
            uri = str(_ask(account, "POST", "com.atproto.repo.createRecord", json=told)["uri"])
        return Receipt(uri, _url(_handle(account), key))

    def _reply(self, account: Account, post: Post) -> dict[str, Any]:
        """What it answers, and the root of that: from the talk where it is known, else asked for."""
        root, last = post.facts.get("root"), post.facts.get("last")
        if not post.answers:
            return {"root": root, "parent": last} if root and last else {}
        if not (root and last and last.get("uri") == post.answers):
            found = _record(account, post.answers) if _session(account)[0] in post.answers else None
            if found is None:
                posts = _ask(account, "GET", "app.bsky.feed.getPosts", params={"uris": [post.answers]}).get("posts")
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
        return _ask(account, "POST", "com.atproto.repo.uploadBlob", content=content, headers=headers)["blob"]


# ---------------------------------------------------------------------- asking


def _ask(account: Account, method: str, name: str, **more: Any) -> dict[str, Any]:
    """One call with our session; a session that is over is opened anew, once."""
    given = more.pop("headers", {})
    for attempt in (1, 2):
        headers = {**given, "Authorization": f"Bearer {_session(account)[1]}"}
        try:
            return _call(account, method, name, headers=headers, **more)
        except TokenDead:
            _forget(account)
            if attempt == 2:
                raise
    raise AssertionError


def _call(account: Account, method: str, name: str, **more: Any) -> dict[str, Any]:
    answer = calling.call(method, f"{_server(account)}/xrpc/{name}", network="Bluesky", look=_look, **more)
    try:
        said = answer.json()
        if not isinstance(said, dict):
            raise ValueError
    except ValueError:
        raise Later(_("Bluesky's answer makes no sense.")) from None
    return said


class _Missing(Refused):
    """There is no such record."""


def _look(answer: httpx.Response) -> None:
    """Its errors have names; a limit names the second in which it ends."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    name = said.get("error") if isinstance(said, dict) else ""
    if name in ("ExpiredToken", "InvalidToken", "AccountTakedown", "AccountDeactivated"):
        raise TokenDead(_("Bluesky no longer accepts our session (%(why)s).") % {"why": name})
    if name in ("RecordNotFound", "RepoNotFound"):
        raise _Missing(_("There is no such post."))
    if name == "AuthFactorTokenRequired":
        raise TokenDead(_("Bluesky wants a code by mail for this password: give an app password."))
    until = answer.headers.get("ratelimit-reset", "")
    if answer.status_code == 429 and until.isdecimal() and len(until) < 12:
        left = timedelta(seconds=max(int(until) - clock.now().timestamp(), 1))
        raise Later(_("Bluesky wants to be left alone for a while."), after=min(left, calling.MOST_REST), rests=True)


def _session(account: Account) -> tuple[str, str]:
    """Who we are, and a token that says so."""
    key = _session_key(account)
    with _lock:
        if key in _sessions:
            return _sessions[key]
    told = {"identifier": _handle(account), "password": account.secrets.get("password", "")}
    opened = _call(account, "POST", "com.atproto.server.createSession", json=told)
    try:
        made = (str(opened["did"]), str(opened["accessJwt"]))
    except LookupError:
        raise Later(_("Bluesky's answer makes no sense.")) from None
    with _lock:
        _sessions[key] = made
    return made


def _forget(account: Account) -> None:
    with _lock:
        _sessions.pop(_session_key(account), None)


def _session_key(account: Account) -> tuple[str, str, str]:
    return _server(account), _handle(account), sha256(account.secrets.get("password", "").encode()).hexdigest()


def _server(account: Account) -> str:
    return str(account.config.get("server") or SERVER).rstrip("/")


def _handle(account: Account) -> str:
    return str(account.config.get("handle") or "").removeprefix("@").lower()


def _record(account: Account, uri: str) -> dict[str, Any] | None:
    """A record on our own server; None where there is none."""
    found = _URI.fullmatch(uri)
    if not found:
        return None
    wanted = {"repo": found[1], "collection": POST, "rkey": found[2]}
    try:
        return _ask(account, "GET", "com.atproto.repo.getRecord", params=wanted)
    except _Missing:
        return None


# ---------------------------------------------------------------------- what a post is


def record_key(key: str) -> str:
    """The name of our answer's record: a timestamp identifier, as the lexicon wants, made of our key alone."""
    number = int.from_bytes(sha256(key.encode()).digest()[:16])
    identifier = (_FROM + number % _SPAN) << 10 | (number >> 100) % 1024
    return "".join(_LETTERS[identifier >> shift & 31] for shift in range(60, -1, -5))


def links(text: str) -> list[dict[str, Any]]:
    """The addresses in a text, as facets: places in bytes."""
    return [
        {
            "index": {"byteStart": found.start(), "byteEnd": found.end()},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": found[0].decode()}],
        }
        for found in _LINK.finditer(text.encode())
    ]


def _moment(told: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(told))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key(told: Mapping[str, Any]) -> str:
    return sha256(f"{told.get('uri')} {told.get('cid')}".encode()).hexdigest()


def _url(handle: str, key: str) -> str:
    return f"https://bsky.app/profile/{handle}/post/{key}"


def _ref(told: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": str(told["uri"]), "cid": str(told["cid"])}


def _said(told: Mapping[str, Any]) -> Said:
    """A post, in its thread with its author. Text that was shortened is followed by the addresses it leads to."""
    author, record = told["author"], told["record"]
    uri = _URI.fullmatch(told["uri"])
    if uri is None:
        raise ValueError("its uri is not of a post")
    reply = record.get("reply") or {}
    root = _ref(reply["root"]) if reply else _ref(told)
    text, embed = str(record.get("text") or ""), record.get("embed") or {}
    link = str((embed.get("external") or {}).get("uri") or "")
    images = (embed.get("media") or embed).get("images") or []
    languages = record.get("langs") or [""]
    return Said(
        identifier=told["uri"],
        thread=f"{root['uri']} {author['did']}",
        sender=Person(str(author["did"]), str(author.get("displayName") or ""), f"@{author['handle']}"),
        text="\n\n".join(part for part in (text, link if link not in text else "") if part),
        at=_moment(told.get("indexedAt")),
        files=tuple(File("", "", None, f"{told['uri']}#{n}") for n in range(min(len(images), 4))),
        answers=str(reply["parent"]["uri"]) if reply else "",
        is_public=True,
        language=str(languages[0]),
        url=_url(str(author["handle"]), uri[2]),
        facts={"talk": {"root": root, "last": _ref(told)}},
    )
