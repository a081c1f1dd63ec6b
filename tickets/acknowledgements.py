"""What an acknowledgement says: in which language, by when we answer, and nothing of the sender's to a stranger.

Used for the mail and for its preview alike, so that the preview cannot promise anything else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk.calendars import BusinessCalendar
from tickets import brands, languages, texts
from tickets.models import AcknowledgementText, Inbox

#: what a text may name between two pairs of braces
FIELDS = tuple("ticket.number inbox.name expected".split())
_FIELD = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
#: a time we promise is rounded up to one people say
_STEP = 5 * 60

#: where Django has another name for a language we guess
_DJANGOS = {"zh": "zh-hans"}

#: why none went out, by the word the event keeps
REASONS: dict[str, str | Promise] = {
    "agent": gettext_lazy("an agent opened the ticket"),
    "old": gettext_lazy("the message is more than a day old"),
    "automated": gettext_lazy("a machine wrote it"),
    "list": gettext_lazy("it came through a mailing list or a bulk sender"),
    "echo": gettext_lazy("it is a mail of ours that came back"),
    "unauthenticated": gettext_lazy("the sender's domain does not vouch for it"),
    "anonymous": gettext_lazy("anybody could have typed that address"),
    "no_address": gettext_lazy("there is no mail address"),
    "no_way": gettext_lazy("nothing is sent there by itself"),
    "public": gettext_lazy("everybody could read it there"),
    "closed": gettext_lazy("nothing can be sent there now"),
    "told": gettext_lazy("this conversation was told so within 24 hours"),
    "too_long": gettext_lazy("its words are too long for one message there"),
    "robot": gettext_lazy("nobody reads mail at that address"),
    "ours": gettext_lazy("the address is one of ours"),
    "bouncing": gettext_lazy("the address does not take mail"),
    "spent": gettext_lazy("this address had its mail from us within 24 hours"),
    "flood": gettext_lazy("too many new tickets come from there"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """An acknowledgement ready to be put in the queue."""

    language: str
    subject: str
    text: str
    html: str
    is_in_hours: bool


@dataclass(frozen=True, slots=True)
class About:
    """What an acknowledgement speaks of. `subject` is the sender's own and goes only to whom a domain vouches for."""

    number: int
    since: datetime
    subject: str = ""
    is_vouched: bool = False
    #: it is said in a conversation, where mail has nothing to do with it
    is_talk: bool = False


def reason(word: str) -> str:
    """Why none went out, in the reader's language."""
    return str(REASONS.get(word, word))


def language_for(spoken: str, text: str, prepared: Mapping[str, AcknowledgementText]) -> str:
    """The language to write in: the customer's, else their mail's, else the house's; always one we have words for."""
    for wanted in (spoken, languages.guess(text)):
        if found := _known(wanted, prepared):
            return found
    return settings.LANGUAGE_CODE


def _known(wanted: str, prepared: Mapping[str, AcknowledgementText]) -> str:
    wanted = wanted.lower()
    for code in dict.fromkeys((wanted, wanted.partition("-")[0])):
        if code and (code in prepared or has_catalogue(code)):
            return code
    return ""


def has_catalogue(language: str) -> bool:
    """Whether our own words are translated into this language."""
    return language in dict(settings.LANGUAGES)


def write(
    inbox: Inbox, about: About, language: str, prepared: Mapping[str, AcknowledgementText], *, at: datetime
) -> Written:
    """The acknowledgement of a message, as it is sent at `at`."""
    is_in_hours = inbox.calendar is None or inbox.calendar.business.is_open(at)
    own = prepared.get(language)
    words = ""
    if own:
        words = (not is_in_hours and own.text_out_of_hours.strip()) or own.text
    if words and not has_catalogue(language) and not expected(inbox, since=about.since, at=at):
        # there is a promise in it that we can neither make nor take out: our own words then
        words, language = "", settings.LANGUAGE_CODE
    with translation.override(_DJANGOS.get(language, language)):
        promise = expected(inbox, since=about.since, at=at) or _("as soon as we can")
        if words:
            values = dict(zip(FIELDS, (str(about.number), inbox.name, promise), strict=True))
            text = texts.clean(fill(words, values))
        else:
            text = texts.clean(_neutral(inbox, about, promise, is_in_hours, at))
        brand = brands.look_of(inbox.brand)
        context = {"language": language, "is_rtl": _is_rtl(language), "body": texts.paragraphs(text), "brand": brand}
        html = render_to_string("tickets/mail/acknowledgement.html", context)
        if brand and brand.footer and not about.is_talk:
            text = f"{text}\n\n{texts.line(brand.footer)}"
        return Written(language, _subject(inbox, about, language), text, html, is_in_hours)


def _is_rtl(language: str) -> bool:
    try:
        return bool(translation.get_language_info(language)["bidi"])
    except KeyError:
        return False


def _subject(inbox: Inbox, about: About, language: str) -> str:
    subject = texts.line(about.subject) if about.is_vouched else ""
    if subject:
        return subject if subject.lower().startswith("re:") else f"Re: {subject}"[:300]
    if has_catalogue(language):
        return _("We received your message [#%(number)s]") % {"number": about.number}
    return f"{texts.line(inbox.sender_name or inbox.name)} [#{about.number}]"


def _neutral(inbox: Inbox, about: About, promise: str, is_in_hours: bool, at: datetime) -> str:
    """Our own words, where the inbox has none in this language."""
    hours = inbox.calendar.business if inbox.calendar else None
    opens = None if is_in_hours or hours is None else hours.opens_next(at)
    return render_to_string(
        "tickets/mail/acknowledgement.txt",
        {
            "number": about.number,
            "promise": promise,
            "is_in_hours": is_in_hours,
            "opens": _moment(opens, hours, at) if opens and hours else "",
            "is_vouched": about.is_vouched,
            "is_talk": about.is_talk,
            "sender": inbox.sender_name or inbox.name,
        },
    )


def expected(inbox: Inbox, *, since: datetime, at: datetime) -> str:
    """By when we answer what came at `since`, said at `at` in the active language; "" where no time can be promised.

    Languages we have no catalogue of get the bare moment or length of time.
    """
    is_ours = has_catalogue(translation.get_language() or "")
    seconds = inbox.response_target_minutes * 60
    if inbox.calendar is None:
        if since + timedelta(seconds=seconds) <= at:
            return ""
        return _span(inbox.response_target_minutes) if is_ours else _bare_span(inbox.response_target_minutes)
    hours = inbox.calendar.business
    try:
        due = hours.due(since, seconds)
    except ValueError:  # it never opens that long again
        return ""
    if due <= at:
        return ""
    moment = _moment(due, hours, at)
    return _("by %(moment)s") % {"moment": moment} if is_ours else moment


def _span(minutes: int) -> str:
    if minutes < 60:
        return ngettext("within %(n)d minute", "within %(n)d minutes", minutes) % {"n": minutes}
    hours = -(-minutes // 60)
    if hours < 48:
        return ngettext("within %(n)d hour", "within %(n)d hours", hours) % {"n": hours}
    days = -(-hours // 24)
    return ngettext("within %(n)d day", "within %(n)d days", days) % {"n": days}


def _bare_span(minutes: int) -> str:
    return f"{minutes} min" if minutes < 60 else f"{-(-minutes // 60)} h"


def _moment(instant: datetime, hours: BusinessCalendar, at: datetime) -> str:
    """ "Tuesday, 10:00 (CET)" within a week, with the date beyond; in the zone of the business hours."""
    late = -int(instant.timestamp()) % _STEP
    with timezone.override(hours.zone):
        local = timezone.localtime(instant + timedelta(seconds=late))
        day = date_format(local, "l")
        if local.date() - timezone.localtime(at).date() >= timedelta(days=7):
            day = f"{day}, {date_format(local, 'DATE_FORMAT')}"
        zone = local.tzname() or ""
        if not zone.isalpha():  # +03 is nobody's name for a zone
            zone = f"UTC{zone}"
        return _("%(day)s, %(time)s (%(zone)s)") % {"day": day, "time": f"{local:%H:%M}", "zone": zone}


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its fields filled in. There is no logic in it, and what is no field stays as it stands."""
    return _FIELD.sub(lambda match: values.get(match[1], match[0]), text)


def unknown_fields(text: str) -> list[str]:
    """What stands between braces and is no field."""
    return [name for name in dict.fromkeys(_FIELD.findall(text)) if name not in FIELDS]
