"""Asking a data server of Bluesky over XRPC (https://atproto.com/specs/xrpc), with a session of an app password.

A session is kept in this process while it lasts. What a limit, a dead session or a missing record is called there is
said in our five words.
"""

import re
import threading
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
from django.utils.translation import gettext as _

from helpdesk import clock
from tickets.channels import calling
from tickets.channels.protocol import Account, Later, Refused, TokenDead, Unknowable

SERVER = "https://bsky.social"
POST = "app.bsky.feed.post"
URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]+)")
#: (server, handle, password's hash) -> (who we are, token, where our account is)
_sessions: dict[tuple[str, str, str], tuple[str, str, str]] = {}
_lock = threading.Lock()


class Missing(Refused):
    """There is no such record."""


class NoChats(Refused):
    """This password may not read chats."""


def ask(account: Account, method: str, name: str, **more: Any) -> dict[str, Any]:
    """One call with our session; a session that is over is opened anew, once. Raises Trouble."""
    given = more.pop("headers", {})
    for attempt in (1, 2):
        _me, token, where = _session(account)
        headers = {**given, "Authorization": f"Bearer {token}"}
        try:
            return _call(where, method, name, headers=headers, **more)
        except TokenDead:
            forget(account)
            if attempt == 2:
                raise
    raise AssertionError


def record(account: Account, uri: str) -> dict[str, Any] | None:
    """A record on our own server; None where there is none."""
    found = URI.fullmatch(uri)
    if not found:
        return None
    wanted = {"repo": found[1], "collection": POST, "rkey": found[2]}
    try:
        return ask(account, "GET", "com.atproto.repo.getRecord", params=wanted)
    except Missing:
        return None


def me(account: Account) -> str:
    """Our own identifier, for ever the same."""
    return _session(account)[0]


def handle(account: Account) -> str:
    return str(account.config.get("handle") or "").removeprefix("@").lower()


def forget(account: Account) -> None:
    """Open a new session the next time."""
    with _lock:
        _sessions.pop(_key(account), None)


def _session(account: Account) -> tuple[str, str, str]:
    """Who we are, a token that says so, and where."""
    key = _key(account)
    with _lock:
        if key in _sessions:
            return _sessions[key]
    told = {"identifier": handle(account), "password": account.secrets.get("password", "")}
    opened = _call(_server(account), "POST", "com.atproto.server.createSession", json=told)
    try:
        made = (str(opened["did"]), str(opened["accessJwt"]), _where(account, opened))
    except LookupError:
        raise Later(_("Bluesky's answer makes no sense.")) from None
    with _lock:
        _sessions[key] = made
    return made


def _where(account: Account, opened: dict[str, Any]) -> str:
    """bsky.social is a door with many servers behind it; the account's own is named in its document."""
    if _server(account) == SERVER:
        document = opened.get("didDoc")
        services = document.get("service") if isinstance(document, dict) else None
        for one in services if isinstance(services, list) else []:
            if isinstance(one, dict) and str(one.get("id", "")).endswith("#atproto_pds"):
                named = str(one.get("serviceEndpoint", ""))
                if named.startswith("https://"):
                    return named.rstrip("/")
    return _server(account)


def _key(account: Account) -> tuple[str, str, str]:
    return _server(account), handle(account), sha256(account.secrets.get("password", "").encode()).hexdigest()


def _server(account: Account) -> str:
    return str(account.config.get("server") or SERVER).rstrip("/")


def _call(server: str, method: str, name: str, *, is_sending: bool = False, **more: Any) -> dict[str, Any]:
    answer = calling.call(
        method, f"{server}/xrpc/{name}", network="Bluesky", look=_look, is_sending=is_sending, **more
    )  # fmt: skip
    try:
        said = answer.json() if answer.content else {}
        if not isinstance(said, dict):
            raise ValueError
    except ValueError:
        words = _("Bluesky's answer makes no sense.")
        raise (Unknowable(words) if is_sending else Later(words)) from None
    return said


def _look(answer: httpx.Response) -> None:
    """Its errors have names; a limit names the second in which it ends."""
    try:
        said = answer.json()
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    name, words = str(said.get("error") or ""), str(said.get("message") or "")[:300]
    if name == "InvalidToken" and words.startswith("Bad token"):
        raise NoChats(_("This app password may not read chats: give one that allows access to direct messages."))
    if name in ("ExpiredToken", "InvalidToken", "AccountTakedown", "AccountDeactivated"):
        raise TokenDead(_("Bluesky no longer accepts our session (%(why)s).") % {"why": name})
    if name in ("RecordNotFound", "RepoNotFound"):
        raise Missing(_("There is no such post."))
    if name == "AuthFactorTokenRequired":
        raise TokenDead(_("Bluesky wants a code by mail for this password: give an app password."))
    until = answer.headers.get("ratelimit-reset", "")
    if answer.status_code == 429 and until.isdecimal() and len(until) < 12:
        left = timedelta(seconds=max(int(until) - clock.now().timestamp(), 1))
        raise Later(_("Bluesky wants to be left alone for a while."), after=min(left, calling.MOST_REST), rests=True)
    if answer.status_code in (400, 403, 404, 413, 501) and words:
        raise Refused(_("Bluesky does not take this: %(why)s") % {"why": words})
