"""What became of the customers of a finished plan: whether they would recommend the company, and whether they stayed.

Read from the facts of their tickets, so that whoever waited long and was not made up to answers worse and leaves
somewhat more often, with much noise. Written once a plan, by COPY, in one transaction.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

from django.db import connection, transaction

from feedback.models import AccountEvent, Invitation, Recovery, Remark, Response, Survey
from feedback.models.account import CANCELLED, JOINED, LAPSED, RENEWED, UPGRADED
from helpdesk.models import Event, Slot
from reports.demo import feelings, programme
from reports.demo.plan import JOB, Plan
from reports.demo.story import Recovered, Remarked, World
from reports.demo.words import pick
from reports.demo.writing import EVENT, INVITATION, RECOVERY, copy_remarks, recovery_row
from reports.ledger import asking, loose
from reports.ledger.copying import copy_rows, ids_of
from tickets.models import Organisation

_YEAR = timedelta(days=365)
#: the days on which rounds of asking began, before the end of the history
_ROUNDS = (timedelta(days=300), timedelta(days=120))
_PATIENCE = timedelta(days=14)
PLANS = ("Commuter", "Fleet", "Fleet plus")

_SERVICE = """
    SELECT c.id, c.language, c.organisation_id, c.created_at, count(f.ticket),
        coalesce(avg(least(f.open_s, 900000)), 0), coalesce(sum(f.net_reopens), 0),
        coalesce(avg((f.open_s > 86400 OR f.net_reopens > 0)::int), 0),
        EXISTS (SELECT FROM feedback_recovery r WHERE r.customer_id = c.id AND r.outcome = 'recovered'),
        max(f.created_at),
        array(SELECT i.occasion_at FROM feedback_invitation i
              WHERE i.customer_id = c.id AND i.state NOT IN ('suppressed', 'cancelled'))
    FROM tickets_customer c LEFT JOIN reports_ticketfacts f ON f.customer = c.id AND f.in_quality
    WHERE c.id >= %s AND c.id < %s GROUP BY c.id ORDER BY c.id
"""


def write(plan: Plan, world: World) -> None:
    """Write it, unless it is written."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
        if not Slot.objects.take(JOB, f"aftermath {plan.key}"):
            return
        with connection.cursor() as cursor:
            cursor.execute(_SERVICE, [plan.customer, plan.customer + plan.customers])
            customers = [_Customer(*row) for row in cursor.fetchall()]
        chance = Random(plan.seed * 1_000_003 + plan.key + 77)  # noqa: S311 - a demo
        told = _Told(plan, world, chance)
        for customer in customers:
            told.stay(customer)
            told.recommend(customer)
        told.contracts(customers)
        told.copy()
    asked = [one[0] for one in told.invitations]
    for first in range(0, len(asked), asking.CHUNK):
        loose.refresh_askings(asked[first : first + asking.CHUNK])


class _Customer:
    """A customer and how they were served."""

    def __init__(
        self, pk: int, language: str, organisation: int | None, since: datetime, tickets: int, waited: float,
        returns: int, let_down: float, was_recovered: bool, last_at: datetime | None, asked: list[datetime],
    ) -> None:  # fmt: skip
        self.pk, self.language, self.organisation, self.since = pk, language or "en", organisation, since
        self.tickets, self.waited_hours, self.returns = tickets, float(waited) / 3600, int(returns)
        self.let_down, self.was_recovered = float(let_down), was_recovered  # which share of their tickets went badly
        self.last_at, self.asked = last_at, asked


class _Told:
    """The rows to be, table by table."""

    def __init__(self, plan: Plan, world: World, chance: Random) -> None:
        self.plan, self.world, self.chance = plan, world, chance
        self.until, self.start = plan.until, plan.rhythm.start
        self.survey = Survey.objects.filter(name=programme.RECOMMENDATION, kind="nps").first()
        self.ids = {model: ids_of(model, 500) for model in (AccountEvent, Invitation, Response, Recovery, Remark)}
        self.accounts: list[tuple[Any, ...]] = []
        self.invitations: list[tuple[Any, ...]] = []
        self.responses: list[tuple[Any, ...]] = []
        self.recoveries: list[tuple[Any, ...]] = []
        self.remarks: list[tuple[Remarked, int, int | None, int]] = []
        self.events: list[tuple[datetime, str, str, int, int | None, dict[str, Any]]] = []

    def _happen(self, at: datetime, verb: str, of: str, subject: int, actor: int | None, **said: Any) -> None:
        self.events.append((at, verb, of, subject, actor, said))

    # ------------------------------------------------------------------ staying and leaving

    def stay(self, customer: _Customer) -> None:
        """A care plan that is renewed every year, until it is not."""
        if customer.organisation is not None:
            return
        value = pick(self.chance, ("49.00", "79.00", "129.00"))
        for at, kind in self._course(customer.since, self._risk([customer])):
            self._account(at, kind, value, customer=customer.pk)

    def contracts(self, customers: list[_Customer]) -> None:
        """Organisations have contracts, and a plan by which they are known."""
        staff: dict[int, list[_Customer]] = {}
        for customer in customers:
            if customer.organisation is not None:
                staff.setdefault(customer.organisation, []).append(customer)
        for pk, theirs in sorted(staff.items()):
            plan = PLANS[min(len(theirs) // 4, 2)]
            with_plan = Organisation.objects.select_for_update().get(pk=pk)
            with_plan.fields = {**with_plan.fields, "plan": plan}
            with_plan.save(update_fields=["fields"])
            value = f"{600 * (1 + len(theirs)):.2f}"
            for at, kind in self._course(min(one.since for one in theirs), self._risk(theirs)):
                self._account(at, kind, value, organisation=pk)

    def _risk(self, people: list[_Customer]) -> float:
        """The chance to leave within a year: poor service adds to it, being made up to takes most of that away."""
        let_down = sum(one.let_down for one in people) / len(people)
        recovered = sum(one.was_recovered for one in people) / len(people)
        return min((0.07 + 0.38 * let_down) * (1 - 0.65 * recovered), 0.6)

    def _course(self, since: datetime, risk: float) -> Iterator[tuple[datetime, str]]:
        draw = self.chance.random
        yield since, JOINED
        renewal = since + _YEAR
        while True:
            if draw() < (risk if renewal > self.start else 0.04):
                left = renewal - timedelta(days=draw() * 200) if draw() < 0.6 else renewal + timedelta(days=14)
                if self.start < left < self.until:
                    yield left, CANCELLED if left < renewal else LAPSED
                    return
            if renewal > self.until:
                return
            yield renewal, UPGRADED if draw() < 0.09 else RENEWED
            renewal += _YEAR

    def _account(
        self, at: datetime, kind: str, value: str, *, customer: int | None = None, organisation: int | None = None
    ) -> None:
        number = next(self.ids[AccountEvent])
        told = min(at + timedelta(hours=6), self.until)
        paid = value if kind not in (CANCELLED, LAPSED) else None
        self.accounts.append(
            (number, customer, organisation, kind, at, paid, "EUR" if paid else "", "shop", f"demo-{number}", told)
        )
        subject = ("customer", customer) if customer is not None else ("organisation", organisation)
        assert subject[1] is not None
        self._happen(told, "account.told", subject[0], subject[1], None, event=number, kind=kind)

    # ------------------------------------------------------------------ recommending

    def recommend(self, customer: _Customer) -> None:
        """Twice in the year everybody who is known is asked, unless something else was asked within two weeks."""
        survey, draw = self.survey, self.chance.random
        if survey is None or survey.sends_from_id is None:
            return
        for round_, before in enumerate(_ROUNDS, 1):
            day = self.until - before + timedelta(days=draw() * 30)
            at = day.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(minutes=draw() * 540)
            if customer.since > at or any(abs(at - other) < _PATIENCE + timedelta(days=1) for other in customer.asked):
                continue
            self._ask(customer, survey, at, self.plan.key * 1_000 + round_)

    def _ask(self, customer: _Customer, survey: Survey, at: datetime, round_: int) -> None:
        draw = self.chance.random
        assert survey.sends_from_id is not None
        inbox = survey.sends_from_id
        number = next(self.ids[Invitation])
        base = {"invitation": number, "customer": customer.pk, "inbox": inbox}
        kind = {"survey": survey.pk, "kind": "nps"}
        self._happen(at, "survey.invited", "invitation", number, None, **base, **kind, language=customer.language)
        sent = at + timedelta(seconds=4 + draw() * 30)
        expires, state = sent + timedelta(days=survey.valid_days), "sent"
        self._happen(sent, "survey.sent", "invitation", number, None, **base)
        answered = sent + timedelta(hours=0.3 + draw() * 70)
        if draw() < 0.34 and answered < self.until:
            state = "answered"
            self._respond(customer, survey, answered, number, base)
        elif expires < self.until:
            state = "expired"
            self._happen(expires + timedelta(minutes=3), "survey.expired", "invitation", number, None, **base)
        self.invitations.append(
            (number, survey.pk, None, customer.pk, round_, at, "", secrets.token_urlsafe(16), customer.language, state,
             "", at, at, at, sent, expires, None)
        )  # fmt: skip

    def _respond(
        self, customer: _Customer, survey: Survey, at: datetime, invitation: int, base: dict[str, Any]
    ) -> None:
        chance, draw = self.chance, self.chance.random
        mood = 9.3 - 4.2 * customer.let_down + 0.6 * customer.was_recovered + chance.gauss(0, 1.8)
        score = min(max(round(mood), 0), 10)
        number = next(self.ids[Response])
        said: dict[str, Any] = {"score": score, "changed": False, "agent": None, "shared": False}
        said |= {"survey": survey.pk, "kind": "nps"}
        self._happen(at, "survey.answered", "invitation", invitation, None, **base, **said)
        tone = "bad" if score <= 6 else "good" if score >= 9 else ""
        text = pick(chance, programme.RECOMMENDING[tone][customer.language]) if tone and draw() < 0.4 else ""
        inbox = base["inbox"]
        if text:
            self._happen(at, "survey.commented", "invitation", invitation, None, **base, has_comment=True)
            remark = feelings.remark_of(
                self.world.programme, text, next(self.ids[Remark]), at, source="survey", language=customer.language,
                tone=-1 if score <= 6 else 1, response=number, kind="nps", score=score,
            )  # fmt: skip
            self.remarks.append((remark, inbox, None, customer.pk))
        self.responses.append((number, invitation, score, text, at))
        if score <= 6 and draw() < 0.3:
            self._recover(customer, at, number, inbox)

    def _recover(self, customer: _Customer, at: datetime, response: int, inbox: int) -> None:
        """Some of the detractors are called."""
        draw = self.chance.random
        source = next(one for one in self.world.sources.values() if one.id == inbox)
        lead = source.lead.id
        reason = self.world.programme.reasons[
            "The answer took too long" if customer.let_down > 0.3 else "Something else"
        ]
        one = Recovered(
            id=next(self.ids[Recovery]), response=response, source="detractor", opened_at=at + timedelta(seconds=2),
            due_at=source.calendar.due(at, feelings.RECOVERY_HOURS * 3600), owner=lead, reason=reason, rated_agent=None,
        )  # fmt: skip
        said = {"source": one.source, "customer": customer.pk, "owner": lead, "due_at": one.due_at.isoformat()}
        self._recovery(one, one.opened_at, "opened", customer.pk, None, **said, **feelings.blame(reason))
        taken = source.calendar.due(at, int(3600 * (1 + draw() * 12)))
        closed = source.calendar.due(taken, int(3600 * (2 + draw() * 30)))
        if taken < self.until:
            one.taken_up_at, one.state, one.version = taken, "worked", 1
            self._recovery(one, taken, "taken_up", customer.pk, lead, owner=lead)
        if closed < self.until:
            one.outcome = "recovered" if draw() < 0.5 else "not_recovered" if draw() < 0.6 else "unreachable"
            one.closed_at, one.state, one.version = closed, "closed", 2
            one.done = pick(self.chance, programme.DONE)
            self._recovery(one, closed, "closed", customer.pk, lead, outcome=one.outcome, cost=None)
        self.recoveries.append(recovery_row(one, customer.pk, None, inbox))

    def _recovery(self, one: Recovered, at: datetime, verb: str, of: int, actor: int | None, **said: Any) -> None:
        self._happen(at, f"recovery.{verb}", "customer", of, actor, recovery=one.id, **said)

    # ------------------------------------------------------------------ into the database

    def copy(self) -> None:
        copy_rows(
            AccountEvent,
            ("id", "customer_id", "organisation_id", "kind", "at", "value", "currency", "source", "external_id",
             "told_at"),
            self.accounts,
        )  # fmt: skip
        copy_rows(Invitation, INVITATION, self.invitations)
        copy_rows(Response, ("id", "invitation_id", "score", "comment", "answered_at"), self.responses)
        copy_rows(Recovery, RECOVERY, self.recoveries)
        copy_remarks(self.remarks)
        numbers = ids_of(Event, 2_000)  # taken before the copy begins: it has the connection to itself
        events = [(next(numbers), *event) for event in sorted(self.events, key=itemgetter(0))]
        copy_rows(
            Event,
            EVENT,
            (
                (number, at, verb, None, kind, subject, actor, said, "")
                for number, at, verb, kind, subject, actor, said in events
            ),
        )
