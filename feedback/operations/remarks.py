"""What customers say about us, one row each: out of answers and complaints, or written down by an agent."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from feedback.models import Complaint, Department, Remark, Response, SurveyKind
from feedback.operations import topics
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import texts
from tickets.models import ChannelMessage, Customer, Inbox, Message, MessageKind, Ticket, workers_of
from tickets.operations.status import NotPossible, must_work_in

GOOD, NEITHER, BAD = 1, 0, -1
#: the lowest good score of each kind
_GOOD_FROM = {SurveyKind.CSAT: 4, SurveyKind.CES: 5, SurveyKind.NPS: 9}
MOST_TEXT = 5_000


def tone_of(response: Response) -> int:
    """Good, bad or neither, by the score; a question of one's own knows low answers only."""
    if response.is_low:
        return BAD
    good = _GOOD_FROM.get(SurveyKind(response.invitation.survey.kind))
    return GOOD if good is not None and response.score >= good else NEITHER


# ---------------------------------------------------------------------- from answers and complaints


@transaction.atomic
def hear_answer(invitation_id: int) -> Remark | None:
    """Make an answer a remark, or the remark what the answer now says."""
    answers = Response.objects.select_related("invitation__survey__sends_from", "invitation__ticket__inbox", "reason")
    response = answers.filter(invitation=invitation_id).first()
    if response is None or response.invitation.survey.is_anonymous:
        return None
    asked = response.invitation
    try:
        inbox = asked.inbox
    except Inbox.DoesNotExist:  # the inbox that asked is gone
        return None
    says = {
        "text": response.comment, "score": response.score, "tone": tone_of(response), "kind": asked.survey.kind,
        "language": asked.language,
    }  # fmt: skip
    its = {
        "source": Remark.Source.SURVEY, "inbox": inbox, "ticket": asked.ticket, "customer_id": asked.customer_id,
        "said_at": response.answered_at,
    }  # fmt: skip
    department = response.reason.department_id if response.reason else None
    return _say(Q(response=response), {"response": response, **its}, says, department)


@transaction.atomic
def hear_complaint(ticket_id: int) -> Remark | None:
    """Make a complaint a remark: in the words of the message by which it became one."""
    found = Complaint.objects.select_related("ticket", "reason")
    complaint = found.filter(ticket=ticket_id, withdrawn_at=None).first()
    if complaint is None:
        return None
    ticket = complaint.ticket
    said = Message.objects.filter(ticket=ticket, kind=MessageKind.INCOMING, is_automated=False)
    words = said.filter(created_at__lte=complaint.received_at).order_by("-created_at", "-pk").first()
    says = {"text": (words.text if words else ticket.subject)[:MOST_TEXT], "tone": BAD}
    its = {
        "source": Remark.Source.COMPLAINT, "inbox_id": ticket.inbox_id, "ticket": ticket,
        "customer_id": ticket.customer_id, "said_at": complaint.received_at,
    }  # fmt: skip
    department = complaint.reason.department_id if complaint.reason else None
    return _say(Q(complaint=complaint), {"complaint": complaint, **its}, says, department)


@transaction.atomic
def hear_review(message_id: int) -> Remark | None:
    """Make a review a remark, or the remark what the review now says. None for a message that gives no stars."""
    found = Message.objects.select_related("ticket").filter(pk=message_id, kind=MessageKind.INCOMING)
    message = found.filter(abroad__facts__has_key="stars").first()
    if message is None:
        return None
    facts = ChannelMessage.objects.filter(message=message, part=0).values_list("facts", flat=True).first() or {}
    stars, ticket = facts.get("stars"), message.ticket
    if not isinstance(stars, int):
        return None
    tone = BAD if stars <= 2 else GOOD if stars >= 4 else NEITHER
    says = {"text": message.text[:MOST_TEXT], "score": stars, "tone": tone, "kind": "stars"}
    its = {
        "source": Remark.Source.REVIEW, "inbox_id": ticket.inbox_id, "ticket": ticket,
        "customer_id": ticket.customer_id, "said_at": message.created_at,
    }  # fmt: skip
    return _say(Q(message=message), {"message": message, **its}, says, None)


def _say(which: Q, its: dict[str, Any], says: dict[str, Any], department: int | None) -> Remark:
    found = Remark.objects.select_for_update(of=("self",), no_key=True).filter(which).first()
    remark = found or Remark(**its)
    changed = [name for name, value in says.items() if found is None or getattr(found, name) != value]
    for name in changed:
        setattr(remark, name, says[name])
    if remark.department_id is None and department is not None:
        remark.department_id = department
        changed.append("department")
    if found is None:
        remark.save()
    elif changed:
        remark.save(update_fields=changed)
    if found is None or "text" in changed:
        _sort(remark)
    return remark


def _sort(remark: Remark) -> None:
    """Find its topics, and whose matter they are."""
    topics.look_at_remark(remark)
    if remark.department_id is None:
        owner = remark.topics.filter(department__is_active=True).order_by("pk").first()
        if owner is not None:
            remark.department_id = owner.department_id
            remark.save(update_fields=["department"])


def follow_merge(source: int, target: int) -> None:
    """Two customers were made one, or two again: let each remark be of whom its ticket is."""
    both = Remark.objects.filter(customer__in=[source, target], ticket__isnull=False)
    both.update(customer=Subquery(Ticket.objects.filter(pk=OuterRef("ticket")).values("customer")[:1]))


# ---------------------------------------------------------------------- by hand


@transaction.atomic
def note(
    *, text: str, inbox: Inbox, actor: Agent, tone: int = NEITHER, ticket: Ticket | None = None,
    customer: Customer | None = None, said_at: datetime | None = None,
) -> Remark:  # fmt: skip
    """Write down what a customer said, on the phone or at a fair. Raises NotPossible where it says nothing."""
    inbox_id = ticket.inbox_id if ticket else inbox.pk
    must_work_in(actor, inbox_id)
    text = texts.clean(text).strip()[:MOST_TEXT]
    if not text:
        raise NotPossible(_("A remark needs words."))
    now = clock.now()
    if said_at is not None and said_at > now:
        raise NotPossible(_("Nobody has said that yet: the time lies ahead."))
    remark = Remark.objects.create(
        source=Remark.Source.NOTED, inbox_id=inbox_id, ticket=ticket, text=text, tone=max(BAD, min(tone, GOOD)),
        customer_id=ticket.customer_id if ticket else customer.pk if customer else None, said_at=said_at or now,
        noted_by=actor,
    )  # fmt: skip
    record("remark.noted", remark, actor=actor, remark=remark.pk, inbox=inbox_id, tone=remark.tone)
    _sort(remark)
    return remark


def may_work(remark: Remark, actor: Agent) -> bool:
    """Who works in its inbox, and the members of its department, light collaborators too."""
    if workers_of(remark.inbox_id).filter(pk=actor.pk).exists():
        return True
    return remark.department_id is not None and actor.departments.filter(pk=remark.department_id).exists()


@transaction.atomic
def assign(
    remark: Remark, *, actor: Agent, department: Department | None = None, assignee: Agent | None = None
) -> Remark:
    """Say whose matter it is: a department, a person of it or of its inbox, both, or nobody."""
    remark = _locked(remark, actor)
    if assignee is not None and not (
        workers_of(remark.inbox_id).filter(pk=assignee.pk).exists()
        or (department and assignee.departments.filter(pk=department.pk).exists())
    ):
        raise NotPossible(_("%(name)s would not see it: choose their department too.") % {"name": assignee.name})
    was = (remark.department_id, remark.assignee_id)
    remark.department, remark.assignee = department, assignee
    if was == (remark.department_id, remark.assignee_id):
        return remark
    remark.save(update_fields=["department", "assignee"])
    record(
        "remark.assigned", remark, actor=actor, remark=remark.pk, department=remark.department_id,
        assignee=remark.assignee_id, was_department=was[0], was_assignee=was[1],
    )  # fmt: skip
    return remark


@transaction.atomic
def settle(remark: Remark, *, actor: Agent) -> Remark:
    """Say that nothing is left to do about it."""
    remark = _locked(remark, actor)
    if remark.settled_at is None:
        remark.settled_at = clock.now()
        remark.save(update_fields=["settled_at"])
        record("remark.settled", remark, actor=actor, remark=remark.pk)
    return remark


@transaction.atomic
def unsettle(remark: Remark, *, actor: Agent) -> Remark:
    """There is something to do after all."""
    remark = _locked(remark, actor)
    if remark.settled_at is not None:
        was, remark.settled_at = remark.settled_at, None
        remark.save(update_fields=["settled_at"])
        record("remark.unsettled", remark, actor=actor, remark=remark.pk, was=was.isoformat())
    return remark


def _locked(remark: Remark, actor: Agent) -> Remark:
    remark = Remark.objects.select_for_update(of=("self",), no_key=True).get(pk=remark.pk)
    if not may_work(remark, actor):
        raise NotPossible(_("This remark is not of your inboxes or departments."))
    return remark
