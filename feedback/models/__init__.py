"""Surveys, whom they asked, and what was answered."""

from feedback.models.invitation import Invitation, InvitationState, Reason
from feedback.models.opt_out import OptOut
from feedback.models.response import LOW_SCORE, Response
from feedback.models.survey import SCALES, Survey, SurveyKind

__all__ = [
    "LOW_SCORE", "SCALES", "Invitation", "InvitationState", "OptOut", "Reason", "Response", "Survey", "SurveyKind",
]  # fmt: skip
