"""A calendar invitation as a message shows it: what, when and where, read from the file that came with it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from tickets.channels.email import invitations
from tickets.models import Attachment

#: larger calendars are files to save
MOST_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Card:
    """An invitation in words of the reader's language and zone."""

    title: str
    summary: str
    when: str
    where: str
    who: str


def card(attachments: list[Attachment]) -> Card | None:
    """The first invitation among a message's files; None where there is none that can be read."""
    for attachment in attachments:
        if attachment.content_type != "text/calendar" or attachment.file.size > MOST_BYTES:
            continue
        try:
            found = invitations.read(attachment.file.read())
        except OSError:
            continue
        if found is not None:
            return _card(found)
    return None


def _card(invitation: invitations.Invitation) -> Card:
    titles = {"CANCEL": _("Cancelled"), "REPLY": _("Answer to an invitation")}
    organiser = invitation.organiser
    return Card(
        title=titles.get(invitation.method, _("Invitation")),
        summary=invitation.summary or _("(no subject)"),
        when=_span(invitation.start, invitation.end),
        where=invitation.location,
        who=(organiser.name or organiser.address) if organiser else "",
    )


def _span(start: datetime | date | None, end: datetime | date | None) -> str:
    if start is None:
        return ""
    if not isinstance(start, datetime):
        return date_format(start, "DATE_FORMAT")
    begins = localtime(start)
    said = date_format(begins, "DATETIME_FORMAT")
    if not isinstance(end, datetime) or end <= start:
        return said
    ends = localtime(end)
    return f"{said} – {date_format(ends, 'TIME_FORMAT' if ends.date() == begins.date() else 'DATETIME_FORMAT')}"
