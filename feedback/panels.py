"""What tickets show of feedback: a low score on the row, the answer beside the conversation, sentences between."""

from typing import Any

from django.utils.translation import gettext as _

from feedback.models import SCALES, Invitation, InvitationState, Reason, ReasonCode, Response, SurveyKind
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
        title=_("The customer gave a low rating: %(score)s.") % score,
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
        .select_related("invitation__survey", "agent", "reason")
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
            "tone": "" if response is None else response.tone,
            "dots": [response is not None and score <= response.score for score in sorted(scale)],
            "most": max(scale, default=0),
            "reasons": list(ReasonCode.objects.filter(is_active=True).select_related("department"))
            if response and response.is_low and agent.may_reply
            else [],
            "state": "" if response and response.invitation_id == invitation.pk else _state(invitation, response),
        },
    )


def _state(invitation: Invitation, response: Response | None) -> str:
    """How the latest asking stands; beside an answer to an earlier one, that this is about a later one."""
    said = state_in_words(invitation)
    if response is None:
        return said
    return _("After that, once more: %(what)s") % {"what": said}


@registry.customer_panel
@registry.only_where("EXISTS (SELECT FROM feedback_invitation i WHERE i.customer_id = t.customer_id)")
def scores(customer: Customer, agent: Agent) -> Panel | None:
    """The last scores, on a line, and when they were last asked: of what the agent may see."""
    seen = Invitation.objects.visible_to(agent).filter(customer=customer)
    answers = list(
        Response.objects.filter(invitation__in=seen)
        .select_related("invitation__survey")
        .order_by("-answered_at", "-pk")[:8]
    )
    last = seen.select_related("survey").order_by("-pk").first()
    if last is None:
        return None
    dots = [
        {
            "score": one.score, "most": max(one.invitation.survey.scale, default=one.score), "tone": one.tone,
            "at": one.answered_at, "ticket": one.invitation.ticket_id, "survey": one.invitation.survey.name,
        }
        for one in answers
    ]  # fmt: skip
    asked = seen.filter(sent_at__isnull=False).select_related("survey").order_by("-sent_at").first()
    context = {
        "dots": dots, "asked": asked, "last": last, "state": state_in_words(last), "customer": customer.pk,
    }  # fmt: skip
    return Panel(title=_("Surveys"), template="feedback/_scores.html", context=context)


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
    if invitation.state == InvitationState.SENT and invitation.survey.is_anonymous:
        return _("The customer was asked anonymously: whether they answered, nobody can tell.")
    if invitation.state == InvitationState.SENT and invitation.reminded_at:
        return _("The customer was asked, reminded once, and has not answered yet.")
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


@registry.activity("survey.left_to_mail")
def _left_to_mail(facts: dict[str, Any]) -> str:
    return _("The visitor left before they saw the question: it goes by mail")


@registry.activity("survey.bounced")
def _bounced(facts: dict[str, Any]) -> str:
    return _("The survey could not be delivered")


@registry.activity("survey.reminded")
def _reminded(facts: dict[str, Any]) -> str:
    return _("The customer was reminded of the survey")


@registry.activity("survey.answered")
def _answered(facts: dict[str, Any]) -> str:
    kind = facts.get("kind", SurveyKind.CSAT)
    score = {"score": facts.get("score"), "most": max(SCALES.get(kind, ()), default="")}
    if facts.get("doubtful"):
        return _("Several scores came in a moment, as from a machine; the last was %(score)s") % score
    if not score["most"]:
        if facts.get("changed"):
            return _("The customer changed their rating to %(score)s") % score
        return _("The customer answered the survey: %(score)s") % score
    if facts.get("changed"):
        return _("The customer changed their rating to %(score)s of %(most)s") % score
    return _("The customer rated the help %(score)s of %(most)s") % score


@registry.activity("survey.explained")
def _explained(facts: dict[str, Any]) -> str:
    known = facts.get("reason")
    reason = ReasonCode.objects.filter(pk=known).first() if known is not None else None
    return _("Reason for the rating: %(reason)s") % {"reason": reason} if reason else _("The reason was taken back")


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
