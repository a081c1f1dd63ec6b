"""Meta's error codes in our five words.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes (WhatsApp),
https://developers.facebook.com/docs/messenger-platform/error-codes and /docs/graph-api/guides/error-handling (Graph),
read for Graph API v26.0.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tickets.channels import calling
from tickets.channels.protocol import Later, Refused, TokenDead, Trouble

#: how long a rate limit that names no time is waited for
REST = timedelta(seconds=30)
#: the token expired, was revoked, or belongs to a closed session; the business account is locked
_DEAD = {102, 190, 131031}
#: too many calls of the app, the page, the number, the account; too much that was marked as spam
_LIMITED = {4, 17, 32, 613, 80006, 80007, 130429, 131048, 133016}
#: too many messages to one person
_PAIR_LIMITED = {131056}
_AWAY = {1, 2, 131000, 131016, 131057, 133004}


def look(answer: httpx.Response) -> None:
    """Raise what a bad answer of the Graph API means, where its code says more than the status."""
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return
    if isinstance(error, Mapping) and (trouble := meaning(error, answer.headers)):
        raise trouble


def meaning(error: Mapping[str, Any], headers: Mapping[str, str]) -> Trouble | None:
    """The Trouble of an `error` object; None where its status says it all."""
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    said = words(error)
    if code in _DEAD:
        return TokenDead(_("Meta no longer accepts the token: %(why)s") % {"why": said})
    if code in _LIMITED:
        return Later(said, after=_regained(headers) or REST, rests=True)
    if code in _PAIR_LIMITED:
        return Later(said, after=REST)
    if code in _AWAY:
        return Later(said, after=calling.retry_after(headers))
    if (code, subcode) in _KNOWN or (code, 0) in _KNOWN or code >= 131000:
        return Refused(said)
    return None


def words(error: Mapping[str, Any]) -> str:
    """An error for people: ours where we know it, else Meta's own, with the code."""
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    known = _KNOWN.get((code, subcode)) or _KNOWN.get((code, 0))
    if known:
        return str(_(known))
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, Mapping) else ""
    said = details or error.get("error_user_msg") or error.get("message") or error.get("title") or ""
    return f"{str(said)[:300]} ({code})".strip()


_LATE = gettext_noop("More than 24 hours have passed since the customer last wrote: only a template can be sent.")
_GONE = gettext_noop("This person cannot be reached just now: they left, or blocked you.")
_KNOWN = {
    (131047, 0): _LATE,
    (10, 2018278): _LATE,
    (10, 2534022): _LATE,
    (131026, 0): gettext_noop("This number is not on WhatsApp, or takes no messages of yours."),
    (131021, 0): gettext_noop("Nobody writes to their own number."),
    (131030, 0): gettext_noop("A test number sends to the numbers on its list only."),
    (131042, 0): gettext_noop("WhatsApp wants a way to be paid: see the business account's settings at Meta."),
    (131049, 0): gettext_noop("WhatsApp held this back, so that this person gets not too much advertising."),
    (131050, 0): gettext_noop("This person asked for no more advertising."),
    (131051, 0): gettext_noop("WhatsApp does not carry this kind of message."),
    (131052, 0): gettext_noop("WhatsApp could not hand on the customer's file."),
    (131053, 0): gettext_noop("WhatsApp does not take this file."),
    (132000, 0): gettext_noop("The template wants another number of words in its places."),
    (132001, 0): gettext_noop("There is no such template in this language, or it is not approved."),
    (132015, 0): gettext_noop("The template is paused, because customers complained."),
    (132016, 0): gettext_noop("The template is switched off, because customers complained."),
    (551, 0): _GONE,
    (200, 1545041): _GONE,
    (100, 2018001): _GONE,
}


def _regained(headers: Mapping[str, str]) -> timedelta | None:
    """When calls are taken again, in minutes, as X-Business-Use-Case-Usage says; else Retry-After."""
    try:
        used = json.loads(headers.get("x-business-use-case-usage", ""))
        minutes = max(int(one["estimated_time_to_regain_access"]) for many in used.values() for one in many)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return calling.retry_after(headers)
    return min(timedelta(minutes=minutes), calling.MOST_REST) if minutes > 0 else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
