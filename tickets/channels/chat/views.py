"""What the widget asks: how it looks and who is there, and the visitor's own talk. See docs/chat.md."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from helpdesk import clock, rates
from helpdesk import content as signed
from tickets import registry
from tickets.channels.chat import content, identity, presence, tokens, waiting, words, work
from tickets.channels.chat.adapter import MOST_FILE, MOST_FILES
from tickets.channels.chat.gate import Answer, Said, endpoint, text, whole
from tickets.channels.protocol import File
from tickets.models import ChannelAccount, Visitor
from tickets.operations import carrying, chatting, leaving
from tickets.operations.chatting import Spoken
from tickets.operations.status import NotPossible
from tickets.views.content import handed_out

MOST_TEXT = 10_000
#: messages of one visitor, in a minute
MOST_SAID = 20
#: new talks of one inbox in a minute, and of one address in ten minutes, before browsers must work for one; and at most
WORK_ABOVE, WORK_ABOVE_EACH = 30, 5
MOST_NEW, MOST_NEW_EACH = 600, 60
_ID = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")


def _digest(account: ChannelAccount, said: Said) -> str:
    """The digest of the token somebody shows. 401 for what is none of ours, whatever it is."""
    if digest := tokens.digest(account.key, said.get("token")):
        return digest
    raise Answer(401, "token")


def _visitor(account: ChannelAccount, said: Said) -> Visitor:
    """The visitor of the token. 404 for one that has said nothing yet, or was ended."""
    visitor = chatting.known(account.inbox, _digest(account, said))
    if visitor is None:
        raise Answer(404, "unknown")
    return visitor


@endpoint
def boot(request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """All that a page needs at first. An identity the site did not sign is refused, and the visitor is anybody."""
    given = said.get("identity")
    who = identity.read(account.secrets.get("identity_secret", ""), given, at=clock.now()) if given else None
    digest = tokens.digest(account.key, said.get("token"))
    token = said.get("token") if digest else ""
    visitor = chatting.known(account.inbox, digest)
    is_carried = False
    if who is not None:
        before, shown = visitor, digest
        if not digest or (visitor is not None and visitor.user_id != who.id):
            token = tokens.mint(account.key)  # somebody else sat here before
        digest = tokens.digest(account.key, token)
        try:
            visitor = chatting.recognise(account.inbox, digest, who)
        except NotPossible:  # it was signed out of
            token = tokens.mint(account.key)
            visitor = chatting.recognise(account.inbox, tokens.digest(account.key, token), who)
        if before is not None and visitor is not None and not before.user_id:
            is_carried = carrying.carry_over(before, visitor, digest=shown)
            if is_carried:
                visitor = chatting.known(account.inbox, tokens.digest(account.key, token))
    elif visitor is not None and visitor.user_id:
        visitor, token = None, ""  # signed out of the site: what they said is theirs alone
    answer = {
        "token": token or tokens.mint(account.key),
        "is_carried": is_carried,
        "identity": "known" if who else "refused" if given else "none",
        "wait": waiting.expected(account.inbox),
        **_look(account, said),
        **_state(visitor),
    }
    return JsonResponse(answer)


def _look(account: ChannelAccount, said: Said) -> dict[str, Any]:
    config = account.config
    own = config.get("texts") or {}
    asked, fixed = text(said, "language", 35), config.get("language", "auto")
    language = words.language_of(asked, own, fixed)
    spoken = words.of(language, own)
    spoken |= {name: config[name] for name in ("title", "greeting") if config.get(name)}
    return {
        "language": language,
        "direction": _direction(said, language, asked if fixed == "auto" else ""), "words": spoken,
        "away": config.get("away", ""), "peeks": bool(config.get("peeks", True)),
        "can_mail": account.inbox.mailing is not None,
        "look": {name: config.get(name) for name in ("colour", "position", "theme")},
        "asks": {
            "name": config.get("asks_name", "optional"), "email": config.get("asks_email", "optional"),
            "page": bool(config.get("asks_page")), "questions": config.get("questions", []),
        },
        "invites": {
            "text": config.get("invites", ""), "after": config.get("invites_after", 30),
            "on": config.get("invites_on", ""), "returning": bool(config.get("invites_returning")),
        },
        "most": {"file": MOST_FILE, "files": MOST_FILES, "text": MOST_TEXT},
    }  # fmt: skip


def _direction(said: Said, language: str, asked: str) -> str:
    """Of the language; of the page where we have no words of its language: the visitor writes as they read."""
    page = said.get("direction")
    is_theirs = words.is_of(language, asked)
    return words.direction(language) if is_theirs or page not in ("ltr", "rtl") else page


def _state(visitor: Visitor | None) -> dict[str, Any]:
    """Who the visitor is to us and how far their talk has come."""
    if visitor is None:
        return {"visitor": None, "latest": 0, "unseen": 0}
    unseen = chatting.shown(visitor.talk).filter(pk__gt=visitor.seen_to, message__kind="reply").count()
    return {
        "visitor": _known(visitor),
        "latest": chatting.latest(visitor.talk_id), "seen": visitor.seen_to, "unseen": unseen,
    }  # fmt: skip


def _known(visitor: Visitor) -> dict[str, Any]:
    return {"name": visitor.name, "email": visitor.email, "is_signed": bool(visitor.user_id)}


@endpoint
def send(request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """A message, with its files; the same `id` again is the same message. 429 asks for patience, or for work."""
    digest, name = _digest(account, said), said.get("id")
    if not isinstance(name, str) or not _ID.match(name):
        raise Answer(400, "id")
    if rates.count(f"chat-said {digest}", 60) > MOST_SAID:
        raise Answer(429, "busy", after=20)
    files = _files(request)
    words_said = text(said, "text", MOST_TEXT + 1)
    if len(words_said) > MOST_TEXT:
        raise Answer(413, "large")
    if not words_said and not files:
        raise Answer(400, "empty")
    visitor = chatting.known(account.inbox, digest)
    is_new = visitor is None or visitor.talk_id is None
    if is_new:
        _must_answer(account, said, visitor)
        _must_work(request, account, said)
    spoken = Spoken(
        name, words_said, files, text(said, "name", 200), _email(said), text(said, "language", 10),
        _answers(account, said) if is_new else (), *_page(account, said),
    )  # fmt: skip
    try:
        visitor, row = chatting.say(account.inbox, digest, spoken, visitor=visitor)
    except NotPossible as error:
        raise Answer(401, "token", words=str(error)) from None
    presence.type_(visitor, None)
    return JsonResponse({"message": content.of(row, visitor) if row.message else None})


def _files(request: HttpRequest) -> tuple[File, ...]:
    given = request.FILES.getlist("file")
    if len(given) > MOST_FILES or any((one.size or 0) > MOST_FILE for one in given):
        raise Answer(413, "files")
    return tuple(File(one.name or "", one.content_type or "", one.read()) for one in given)


def _email(said: Said) -> str:
    address = text(said, "email", 320)
    try:
        return leaving.must_be_reachable(address) if address else ""
    except NotPossible:
        raise Answer(422, "fields", fields=["email"]) from None


def _must_answer(account: ChannelAccount, said: Said, visitor: Visitor | None) -> None:
    """422 names what must be given before the first message and is not."""
    config, known = account.config, {"name": visitor.name, "email": visitor.email} if visitor else {}
    missing = [
        name
        for name in ("name", "email")
        if config.get(f"asks_{name}") == "required" and not known.get(name) and not text(said, name, 320)
    ]
    given = dict(_answers(account, said))
    missing += [one for one in config.get("questions", []) if one.endswith("*") and not given.get(one.rstrip(" *"))]
    if missing:
        raise Answer(422, "fields", fields=missing)


def _answers(account: ChannelAccount, said: Said) -> tuple[tuple[str, str], ...]:
    given = said.get("answers")
    if not isinstance(given, dict):
        return ()
    asked = [one.rstrip(" *") for one in account.config.get("questions", [])]
    return tuple((one, answer) for one in asked if (answer := text(given, one, 500)))


def _page(account: ChannelAccount, said: Said) -> tuple[str, str]:
    """The page they are on, where we ask and they agreed: without what follows its path, which may hold secrets."""
    page = said.get("page")
    if not account.config.get("asks_page") or not isinstance(page, dict):
        return "", ""
    url = text(page, "url", 500).partition("?")[0].partition("#")[0]
    return (url, text(page, "title", 200)) if url.startswith(("https://", "http://")) else ("", "")


def _must_work(request: HttpRequest, account: ChannelAccount, said: Said) -> None:
    """While many begin talks, each browser works a little for one; beyond all measure nobody begins one (T10)."""
    address = rates.address_of(request)
    here, each = rates.count(f"chat-new {account.pk}", 60), rates.count(f"chat-new {account.pk} {address}", 600)
    if here > MOST_NEW or each > MOST_NEW_EACH:
        raise Answer(429, "busy", after=60)
    if (here > WORK_ABOVE or each > WORK_ABOVE_EACH) and not work.is_done(account.key, said.get("work")):
        raise Answer(429, "work", work=work.task(account.key))


@endpoint
def messages(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """What came after a place in the talk. To ask from there says that all before has arrived."""
    visitor, after = _visitor(account, said), whole(said, "after")
    chatting.got(visitor, after)
    rows = content.rows_after(visitor, after)
    number = visitor.talk.ticket_id if visitor.talk else None
    return JsonResponse(
        {
            "messages": [content.of(row, visitor) for row in rows],
            "is_more": len(rows) == content.PAGE and after > 0,
            "typing": round(presence.agent_types(number), 1),
            "visitor": _known(visitor),
            "seen": visitor.seen_to,
            "ended": chatting.is_over(visitor),
            "read": content.read_to(visitor) if account.config.get("shows_seen", True) else 0,
            "era": content.era(visitor),
        }
    )


@endpoint
def picture(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """A picture of the visitor's talk, to be drawn small: fetched by the widget, so that the site's policy needs not
    allow pictures of ours."""
    visitor = _visitor(account, said)
    found = content.picture(visitor, whole(said, "of"))
    if found is None:
        raise Answer(404, "unknown")
    bytes_, media_type = found
    response = HttpResponse(bytes_, content_type=media_type)
    response["Content-Disposition"] = "attachment"
    return signed.guard(response, "sandbox; default-src 'none'")


@endpoint
def seen(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """The visitor looked at all up to there."""
    chatting.saw(_visitor(account, said), whole(said, "upto"))
    return HttpResponse(status=204)


@endpoint
def typing(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """What the visitor is typing; nothing says that they stopped."""
    visitor = _visitor(account, said)
    if rates.count(f"chat-typing {visitor.pk}", 10) <= 15:
        presence.type_(visitor, text(said, "text", presence.MOST_PEEK) or None)
    return HttpResponse(status=204)


@endpoint
def page(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """The visitor went to another page, and agreed that we see it."""
    visitor, (url, title) = _visitor(account, said), _page(account, said)
    chatting.show_page(visitor, url=url, title=title)
    presence.tell_agents(visitor)
    return HttpResponse(status=204)


@endpoint
def email(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """Where answers go once the visitor left."""
    visitor = _visitor(account, said)
    if rates.count(f"chat-email {visitor.pk}", 3600) > 5:
        raise Answer(429, "busy", after=600)
    try:
        leaving.leave_address(visitor, text(said, "email", 321))
    except NotPossible:
        raise Answer(422, "fields", fields=["email"]) from None
    return JsonResponse({"email": visitor.email})


@endpoint
def transcript(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """The talk by mail. Why it is not sent is not said: it would tell who else we write to."""
    visitor = _visitor(account, said)
    return JsonResponse({"sent": leaving.mail_transcript(visitor), "email": visitor.email})


@endpoint
def answer(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """The answer to what we asked in the visitor's talk; `asking` is the token of the question."""
    visitor = _visitor(account, said)
    if rates.count(f"chat-answer {visitor.pk}", 60) > 20:
        raise Answer(429, "busy", after=20)
    given = {name: said.get(name) for name in ("score", "comment", "is_solved")}
    status, shown = registry.chat_answer(text(said, "asking", 64), visitor.talk_id or 0, given)
    return JsonResponse(shown, status=status)


@endpoint
def goodbye(_request: HttpRequest, account: ChannelAccount, said: Said) -> HttpResponseBase:
    """The visitor signed out of the site: this browser's token ends."""
    chatting.sign_out(_digest(account, said))
    return HttpResponse(status=204)


@require_safe
def file(request: HttpRequest, token: str) -> HttpResponseBase:
    """A file of a visitor's talk, at an address that was made for them."""
    match signed.named_by("content_chat_file", token):
        case [pk, visitor_pk]:
            found = content.attachment_of(pk, visitor_pk)
            if found is not None and not found.file.held:
                return handed_out(found)
    return signed.refusal()
