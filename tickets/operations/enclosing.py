"""The files of a draft and of the message it becomes: put there at once, within limits, gone with a click."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent, File
from tickets import minting, rich_text, texts
from tickets.models import Attachment, Draft, DraftFile, Message, Ticket
from tickets.operations import drafting
from tickets.operations.status import NotPossible

MOST_FILES = 20
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PLACE = re.compile(r"^\[image: ([^\[\]\n]{1,200})\]$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send along."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that is kept already, on its way into a message."""

    file: File
    filename: str
    content_type: str
    is_inline: bool = False


def most_bytes() -> int:
    """How large the files of one message may be together: in a mail they grow by a third."""
    return settings.MAIL_MAX_MB * 1024 * 1024 // 2


def check(sizes: Sequence[int]) -> None:
    """Raise NotPossible when these are too many or too large for one mail."""
    if len(sizes) > MOST_FILES:
        raise NotPossible(_("At most %(most)s files can go with one message.") % {"most": MOST_FILES})
    if sum(sizes) > most_bytes():
        most = most_bytes() // (1024 * 1024)
        raise NotPossible(_("These files are too large for mail: at most %(most)s MB.") % {"most": most})


@transaction.atomic
def attach(
    ticket: Ticket, *, actor: Agent, kind: str, uploads: Sequence[Upload], is_inline: bool = False, once: str = ""
) -> tuple[Draft, list[DraftFile]]:
    """Put files on the agent's draft, which is begun if need be. Raises NotPossible beyond the limits.

    A name that is taken gets a number, since the text may speak of it.
    """
    ticket = Ticket.objects.locked(ticket.pk)
    draft = drafting.begun(ticket, actor=actor, kind=kind, once=once)
    present = list(draft.files.select_related("file"))
    check([*(one.file.size for one in present), *(len(upload.content) for upload in uploads)])
    taken = {one.filename.lower() for one in present}
    stored = File.objects.store_many([upload.content for upload in uploads])
    added = []
    for upload, file in zip(uploads, stored, strict=True):
        content_type = texts.media_type(upload.content_type)
        added.append(
            DraftFile.objects.create(
                draft=draft,
                file=file,
                filename=free_name(texts.filename(upload.filename), taken),
                content_type=content_type,
                is_inline=is_inline and content_type in PICTURES,
            )
        )
    Draft.objects.filter(pk=draft.pk).update(updated_at=clock.now())
    return draft, added


def free_name(name: str, taken: set[str]) -> str:
    """A name nobody has yet: image.png, image-2.png. Brackets would end the place of a picture in the text."""
    name = name.replace("[", "(").replace("]", ")")
    path, number, free = PurePath(name), 1, name
    while free.lower() in taken:
        number += 1
        free = f"{path.stem}-{number}{path.suffix}"
    taken.add(free.lower())
    return free


@transaction.atomic
def detach(file: DraftFile, *, actor: Agent) -> None:
    """Take a file off the agent's own draft. Raises NotPossible while the draft waits for its time."""
    Ticket.objects.locked(file.draft.ticket_id)
    draft = Draft.objects.filter(pk=file.draft_id, author=actor).first()
    if draft is None or draft.send_at:
        raise NotPossible(_("Your answer waits for its time. Change it there, or cancel it."))
    DraftFile.objects.filter(pk=file.pk, draft=draft).delete()
    Draft.objects.filter(pk=draft.pk).update(updated_at=clock.now())


@transaction.atomic
def choose(draft: Draft, *, attachments: Sequence[Attachment], out_of: Sequence[Attachment]) -> None:
    """Let a forward's draft carry these attachments of the message it passes on, and no others of it."""
    wanted = {(a.file_id, a.filename) for a in attachments}
    offered = {(a.file_id, a.filename) for a in out_of}
    present = {(one.file_id, one.filename): one for one in draft.files.all()}
    for key in (offered - wanted) & present.keys():
        present[key].delete()
    for attachment in attachments:
        if (attachment.file_id, attachment.filename) not in present:
            DraftFile.objects.create(
                draft=draft, file=attachment.file, filename=attachment.filename, content_type=attachment.content_type
            )


def of(draft: Draft | None, only: Iterable[int] | None = None) -> list[Enclosure]:
    """A draft's files as they go into a message; `only` those a page showed."""
    if draft is None:
        return []
    files = draft.files.select_related("file")
    files = files.filter(pk__in=list(only)) if only is not None else files
    return [Enclosure(one.file, one.filename, one.content_type, one.is_inline) for one in files]


def put_on(message: Message, uploads: Sequence[Upload], enclosures: Sequence[Enclosure] = (), html: str = "") -> None:
    """Give a message its files. A picture whose place in what is said is gone goes along as a file like others."""
    check([*(len(upload.content) for upload in uploads), *(one.file.size for one in enclosures)])
    stored = File.objects.store_many([upload.content for upload in uploads])
    fresh = [
        Enclosure(file, texts.filename(upload.filename), texts.media_type(upload.content_type))
        for upload, file in zip(uploads, stored, strict=True)
    ]
    places = set(_PLACE.findall(message.text)) | rich_text.pictures(html)
    domain = message.ticket.inbox.address.rpartition("@")[2]
    Attachment.objects.bulk_create(
        [
            Attachment(
                message=message,
                file=one.file,
                filename=one.filename,
                content_type=one.content_type,
                is_inline=(shown := one.is_inline and one.filename in places),
                content_id=minting.message_id(domain) if shown else "",
            )
            for one in [*fresh, *enclosures]
        ]
    )


def put_back(draft: Draft, message: Message) -> None:
    """Give a draft the files of a message that was taken back."""
    present = {(one.file_id, one.filename) for one in draft.files.all()}
    for attachment in message.attachments.all():
        if (attachment.file_id, attachment.filename) not in present:
            DraftFile.objects.create(
                draft=draft,
                file=attachment.file,
                filename=attachment.filename,
                content_type=attachment.content_type,
                is_inline=attachment.is_inline,
            )
