"""What customers felt and said: surveys, answers, recoveries, reviews, remarks, and what became of their accounts."""

from feedback.models.account import KNOWN_KINDS, AccountEvent, AccountImport, Retention
from feedback.models.ballot import Ballot, digest_of, last_day_of, new_ballot_token, week_of
from feedback.models.department import Department, ReasonCode
from feedback.models.invitation import Invitation, InvitationState, Reason
from feedback.models.opt_out import OptOut
from feedback.models.quality import QualityPlan, QualityReview
from feedback.models.recovery import (
    NOT_OVER,
    Outcome,
    Recovery,
    RecoveryNote,
    RecoveryReview,
    RecoverySource,
    RecoveryState,
)
from feedback.models.response import LOW_SCORE, Hit, Response
from feedback.models.review_rule import ReviewRule
from feedback.models.survey import LOW, SCALES, AskedBy, Survey, SurveyKind
from feedback.models.voice import Complaint, Remark, RemarkTopic, Resorting, TicketTopic, Topic

__all__ = [
    "KNOWN_KINDS",
    "LOW",
    "LOW_SCORE",
    "NOT_OVER",
    "SCALES",
    "AccountEvent",
    "AccountImport",
    "AskedBy",
    "Ballot",
    "Complaint",
    "Department",
    "Hit",
    "Invitation",
    "InvitationState",
    "OptOut",
    "Outcome",
    "QualityPlan",
    "QualityReview",
    "Reason",
    "ReasonCode",
    "Recovery",
    "RecoveryNote",
    "RecoveryReview",
    "RecoverySource",
    "RecoveryState",
    "Remark",
    "RemarkTopic",
    "Resorting",
    "Response",
    "Retention",
    "ReviewRule",
    "Survey",
    "SurveyKind",
    "TicketTopic",
    "Topic",
    "digest_of",
    "last_day_of",
    "new_ballot_token",
    "week_of",
]  # fmt: skip
