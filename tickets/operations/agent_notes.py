"""Answers of agents to what they were told by mail: a note of theirs on that ticket, or held back. Never an answer to
the customer.

The address a notification is answered at says which agent, which ticket and until when, and is signed for this purpose
alone. That is not enough: the mail must be the agent's own, by its sender and by its domain's word, and the agent must
still be here and may still see the ticket (T03).
"""

from dataclasses import dataclass
from typing import Any

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import minting, texts
from tickets.channels.email.naming import Names
from tickets.channels.email.parsing import ParsedMail
from tickets.models import OutgoingMail, RawMessage, RawState, Ticket
from tickets.operations import replying
from tickets.operations.enclosing import Upload
from tickets.operations.status import NotPossible

#: a word of RawMessage.reason_code
CODE = "agent_reply"


@dataclass(frozen=True, slots=True)
class Note:
    """A mail that is an agent's note."""

    raw: RawMessage
    mail: ParsedMail
    agent: Agent
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mail is no note, though it says so. A machine's is only noted. `agent` and `ticket` only where we made the
    address, so that nobody is told because of what a stranger wrote."""

    reason: str
    is_machine: bool = False
    agent: Agent | None = None
    ticket: Ticket | None = None


def judge(raw: RawMessage, mail: ParsedMail) -> Note | Refusal | None:
    """Whether a mail is an agent's note, why it is none though it says so, or None where it does not say so."""
    addresses = dict.fromkeys((*raw.envelope_to, *mail.recipients))
    claims = [claim for address in addresses if len(address) > 39 and (claim := minting.note_claim(address))]
    if not claims:
        return None
    claim = next((one for one in claims if one.is_ours), None)
    if claim is None:
        return Refusal("The address it was sent to is not one of ours: its signature is wrong.")
    ticket = Ticket.objects.select_related("inbox").filter(pk=claim.ticket, inbox=raw.inbox_id).first()
    agent = Agent.objects.filter(pk=claim.agent).first()
    if ticket is None or agent is None:
        return Refusal("The ticket or the agent it speaks of is not here.")
    if mail.is_auto_reply or mail.is_bounce or mail.is_list or mail.is_feedback_report or mail.is_disposition:
        return Refusal("A machine answered a notification.", is_machine=True)
    may_see = agent.is_active and Ticket.objects.visible_to(agent).filter(pk=ticket.pk).exists()
    told = agent if may_see else None
    if claim.until < clock.now():
        return Refusal(
            "The address it was sent to is too old: notifications can be answered for 30 days.", False, told, ticket
        )
    if raw.sender != agent.email.lower() or mail.sender_problem:
        return Refusal(
            "It answers a notification, but its sender is not the agent who was notified.", False, told, ticket
        )
    if mail.authentication != "pass":
        return Refusal("It speaks as an agent, but its domain does not vouch for it.", False, told, ticket)
    if not may_see:
        return Refusal("The agent who wrote it may not see this ticket.", False, None, ticket)
    return Note(raw, mail, agent, ticket)


def answers_a_notice(names: Names) -> Refusal | None:
    """A mail that would open a ticket and yet answers what we told an agent: to the wrong address, so for a person."""
    ours = [one.identifier for one in names.ids if minting.is_ours(one.identifier)]
    notices = OutgoingMail.objects.filter(message_id__in=ours, purpose=OutgoingMail.Purpose.NOTICE, ticket=None)
    if not ours or not notices.exists():
        return None
    return Refusal("It answers a notification, but not at the address for that.")


def take(note: Note) -> None:
    """Write it down as the agent's note. The same mail twice is one note."""
    raw, mail = note.raw, note.mail
    once = f"mail {bytes(raw.content_hash or raw.sha256).hex()[:40]} {raw.message_id}"[:80]
    if replying.done_before(note.agent, once):
        raw.state, raw.reason_code, raw.reason = RawState.DUPLICATE, "duplicate", "The same mail came before."
        return
    files = [Upload(texts.filename(p.filename), texts.line(p.content_type, 100), p.content) for p in mail.attachments]
    text = texts.clean(mail.new_text) or texts.clean(mail.text)
    try:
        said = replying.add_note(note.ticket, text=text, actor=note.agent, once=once, files=files)
    except NotPossible as why:
        withhold(raw, Refusal(str(why), False, note.agent, note.ticket))
        return
    raw.state, raw.reason_code, raw.reason, raw.said = RawState.DONE, "", "", said


def withhold(raw: RawMessage, refusal: Refusal) -> None:
    """Keep it where people see it, with the reason, and tell the agent it speaks as. Nothing is sent."""
    raw.reason_code, raw.reason = CODE, refusal.reason
    if refusal.is_machine:
        raw.state = RawState.RECORDED
        return
    raw.state, raw.belongs_to = RawState.QUARANTINED, refusal.ticket
    facts: dict[str, Any] = {"agent": refusal.agent.pk} if refusal.agent else {}
    if refusal.ticket:
        facts["ticket"] = refusal.ticket.number
    record("mail.withheld", refusal.ticket or raw.inbox, actor=None, raw=raw.pk, reason=refusal.reason, **facts)
