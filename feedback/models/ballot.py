"""Ballots: anonymous askings. Nothing in them, or beside them, leads to who was asked."""

import secrets
import uuid
from datetime import date, timedelta
from hashlib import sha256

from django.db import models

from feedback.models.department import ReasonCode
from feedback.models.survey import Survey
from tickets.models import Inbox


def new_ballot_token() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def digest_of(token: str) -> str:
    """What is kept of a ballot's secret: enough to know it again, and too little to find it out."""
    return sha256(token.encode()).hexdigest()


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def last_day_of(week: date, valid_days: int) -> date:
    """The last day on which ballots of a week can be cast."""
    return week + timedelta(days=6 + valid_days)


class Ballot(models.Model):
    """One asking of somebody nobody knows. Keys are random, days are whole weeks, so that no order gives them away.

    The secret of its link is in the mail alone; kept is only its digest. Answering puts another one, with a key and a
    digest that nobody ever had, in its place: what was answered is not the row that was handed out.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="ballots")
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    language = models.CharField(max_length=10)
    #: the Monday of the week it was sent in
    week: "models.DateField[date, date]" = models.DateField()
    #: so many days after its week it can be cast: what its mail promised, whatever the survey says since; the same for
    #: all of a week, so that it tells no more than the week does
    valid_days = models.PositiveSmallIntegerField(default=30)
    score = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(blank=True)
    is_solved = models.BooleanField(null=True)
    reason = models.ForeignKey(ReasonCode, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["survey", "inbox", "week"], name="ballot_week")]

    def __str__(self) -> str:
        return f"a ballot of survey {self.survey_id}"

    @property
    def last_day(self) -> date:
        """The last day it can be cast: counted from the end of its week, as nobody knows its day."""
        return last_day_of(self.week, self.valid_days)
