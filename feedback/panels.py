"""What tickets show of feedback: a low score on the row, the answer beside the conversation, sentences between."""

from typing import Any

from django.utils.translation import gettext as _

from feedback.models import Invitation, InvitationState, Reason, Response
from helpdesk import measures
from helpdesk.models import Agent
from tickets import registry
from tickets.models import Customer, Ticket
from tickets.registry import Badge, Panel


@registry.row_badge
def low_score(ticket: Ticket) -> Badge | None:
    """The customer was dissatisfied."""
    if ticket.low_score is None:
        return None
    score = {"score": ticket.low_score}
    return Badge(
        text=_("Rated %(score)s") % score,
        tone="bad",
        title=_("The customer rated the help %(score)s of 5: dissatisfied.") % score,
    )


@registry.ticket_panel
@registry.only_where("EXISTS (SELECT FROM feedback_invitation WHERE ticket_id = t.number)")
def satisfaction(ticket: Ticket, agent: Agent) -> Panel | None:
    """The latest answer, and how the latest asking stands."""
    invitation = Invitation.objects.filter(ticket=ticket).select_related("survey").order_by("-pk").first()
    if invitation is None:
        return None
    response = (
        Response.objects.filter(invitation__ticket=ticket)
        .select_related("invitation__survey", "agent")
        .order_by("-answered_at", "-pk")
        .first()
    )
    scale = response.invitation.survey.scale if response else {}
    return Panel(
        title=_("Satisfaction"),
        template="feedback/_panel.html",
        context={
            "invitation": invitation,
            "response": response,
            "tone": "" if response is None else "bad" if response.is_low else "good" if response.score > 3 else "",
            "dots": [response is not None and score <= response.score for score in sorted(scale)],
            "most": max(scale, default=0),
            "state": "" if response and response.invitation_id == invitation.pk else state_in_words(invitation),
        },
    )


@registry.customer_panel
@registry.only_where(
    "EXISTS (SELECT FROM tickets_ticket o JOIN feedback_invitation i ON i.ticket_id = o.number"
    " JOIN feedback_response r ON r.invitation_id = i.id WHERE o.customer_id = t.customer_id)"
)
def scores(customer: Customer, agent: Agent) -> Panel | None:
    """The last scores, on a line, of tickets the agent may see."""
    answers = list(
        Response.objects.filter(invitation__ticket__in=Ticket.objects.visible_to(agent).filter(customer=customer))
        .select_related("invitation__survey")
        .order_by("-answered_at", "-pk")[:8]
    )
    if not answers:
        return None
    dots = [
        {
            "score": one.score, "most": max(one.invitation.survey.scale, default=one.score),
            "tone": "bad" if one.is_low else "good" if one.score > 3 else "", "at": one.answered_at,
            "ticket": one.invitation.ticket_id,
        }
        for one in answers
    ]  # fmt: skip
    return Panel(title=_("Last scores"), template="feedback/_scores.html", context={"dots": dots})


def state_in_words(invitation: Invitation) -> str:
    """How an asking stands, as a sentence."""
    words = {
        InvitationState.WAITING: _("The customer will be asked."),
        InvitationState.QUEUED: _("The survey is being sent."),
        InvitationState.SENT: _("The customer was asked and has not answered yet."),
        InvitationState.ANSWERED: _("The customer answered."),
        InvitationState.SUPPRESSED: _("The customer was not asked: %(reason)s."),
        InvitationState.CANCELLED: _("The survey was taken back before it was sent: %(reason)s."),
        InvitationState.EXPIRED: _("The customer did not answer in time."),
        InvitationState.FAILED: _("The survey could not be delivered: %(reason)s."),
    }[InvitationState(invitation.state)]
    if invitation.state == InvitationState.QUEUED and invitation.reason == Reason.UNCERTAIN:
        return _("The survey may not have arrived: nobody can know.")
    return words % {"reason": invitation.get_reason_display()} if "%(reason)s" in words else words


def _reason(facts: dict[str, Any]) -> str:
    reason = facts.get("reason", "")
    return str(Reason(reason).label) if reason in Reason.values else str(reason)


@registry.activity("survey.invited")
def _invited(facts: dict[str, Any]) -> str:
    return _("The customer will be asked how it was")


@registry.activity("survey.suppressed")
def _suppressed(facts: dict[str, Any]) -> str:
    return _("The customer is not asked how it was: %(reason)s") % {"reason": _reason(facts)}


@registry.activity("survey.cancelled")
def _cancelled(facts: dict[str, Any]) -> str:
    return _("The survey was taken back: %(reason)s") % {"reason": _reason(facts)}


@registry.activity("survey.sent")
def _sent(facts: dict[str, Any]) -> str:
    return _("The customer was asked how it was")


@registry.activity("survey.bounced")
def _bounced(facts: dict[str, Any]) -> str:
    return _("The survey could not be delivered")


@registry.activity("survey.answered")
def _answered(facts: dict[str, Any]) -> str:
    score = {"score": facts.get("score")}
    if facts.get("changed"):
        return _("The customer changed their rating to %(score)s of 5") % score
    return _("The customer rated the help %(score)s of 5") % score


@registry.activity("survey.commented")
def _commented(facts: dict[str, Any]) -> str:
    if facts.get("has_comment", True):
        return _("The customer commented on their rating")
    return _("The customer took back the comment on their rating")


@registry.activity("survey.expired")
def _expired(facts: dict[str, Any]) -> str:
    return _("The customer did not answer the survey in time")


@registry.activity("survey.opted_out")
def _opted_out(facts: dict[str, Any]) -> str:
    return _("The customer wants no more surveys")


measures.gauge(
    "invitations_waiting", "Surveys waiting to be sent",
    Invitation.objects.filter(state=InvitationState.WAITING).count,
)  # fmt: skip
