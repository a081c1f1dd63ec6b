"""Being told of a recovery whose ticket one may not see, or that is about no ticket at all."""

from datetime import timedelta

import pytest
import time_machine

from feedback.models import Department, Invitation, ReasonCode, Recovery, Response, Survey
from feedback.operations import opening_recoveries, recovering
from helpdesk import clock
from helpdesk.models import Agent, ApiToken
from tests.conftest import make_agent
from tickets import bell
from tickets.models import Customer, Inbox, Notification, OutgoingMail, Ticket
from tickets.operations import notice_mails, notifying, pushing


@pytest.fixture
def kai() -> Agent:
    """A light collaborator in the warehouse, who sees no inbox."""
    return make_agent("kai@demo.localhost", "Kai", "light")


@pytest.fixture
def late(kai: Agent) -> ReasonCode:
    """A reason that is the warehouse's matter."""
    warehouse = Department.objects.create(name="Warehouse")
    warehouse.members.add(kai)
    return ReasonCode.objects.create(name="It came late", department=warehouse, in_control=False)


@pytest.fixture
def loose(inbox: Inbox, chloe: Agent, settle) -> Recovery:  # type: ignore[no-untyped-def]
    """Chloe's, of a customer who was asked by the calendar and never wrote."""
    survey = Survey.objects.create(
        name="Loyalty", kind="nps", every_days=90, sends_from=inbox, opens_recovery=True, recovery_owner=chloe
    )
    invited = Invitation.objects.create(
        survey=survey, customer=Customer.objects.create(name="Nora Lind"), occasion_id=7, occasion_at=clock.now(),
        due_at=clock.now(), state="answered",
    )  # fmt: skip
    found = opening_recoveries.open_for_answer(Response.objects.create(invitation=invited, score=0))
    assert found is not None and found.owner == chloe and found.ticket is None
    settle()
    return found


def test_the_owner_is_told_though_the_customer_has_no_ticket(loose, chloe, ana, as_agent, settle):  # type: ignore[no-untyped-def]
    [told] = Notification.objects.filter(kind="recovery")
    assert (told.agent, told.ticket) == (chloe, None)
    client = as_agent(chloe)
    page = client.get("/notifications/").content.decode()
    assert "Recovery: Nora Lind" in page and f'href="{loose.get_absolute_url()}"' in page and bell.unread(chloe) == 1
    news = client.get("/notifications/?part=bell").json()["latest"]
    assert news["url"] == loose.get_absolute_url() and news["words"].endswith(": Recovery: Nora Lind")
    token = ApiToken.objects.issue(chloe, "Chloe's")[1]
    [said] = client.get("/api/v1/notifications/", headers={"authorization": f"Bearer {token}"}).json()["results"]
    assert said["ticket"] is None
    client.get(loose.get_absolute_url())
    assert bell.unread(chloe) == 0


def test_it_is_mailed_and_pushed_without_a_ticket_and_cannot_be_answered(loose, chloe):  # type: ignore[no-untyped-def]
    notifying.choose({("recovery", "mail"): True}, agent=chloe, inbox=None, actor=chloe)
    Notification.objects.update(mail="waiting")
    with time_machine.travel(clock.now() + timedelta(minutes=5), tick=False):
        assert notice_mails.send_due() == 1
    sent = OutgoingMail.objects.get(purpose=OutgoingMail.Purpose.NOTICE)
    assert sent.subject == "Recovery: Nora Lind: A customer was let down: the recovery is yours"
    assert loose.get_absolute_url() in sent.text and "cannot be answered" in sent.text and "#" not in sent.subject
    [told] = Notification.objects.filter(kind="recovery")
    shown = pushing.message(told, chloe, None, bell.notices.named("recovery"))
    assert shown["url"] == loose.get_absolute_url() and "Nora" not in str(shown)


def test_a_department_that_sees_no_inbox_is_told_of_what_it_may_see_and_no_longer(
    ticket: Ticket, late: ReasonCode, kai: Agent, ben: Agent, as_agent, settle
) -> None:  # type: ignore[no-untyped-def]
    first = opening_recoveries.open_by_hand(ticket, actor=None, reason=late, owner=None)
    Recovery.objects.update(owner=None)
    recovering.assign(first, owner=kai, actor=None)
    settle()
    told = Notification.objects.filter(agent=kai)
    assert {one.ticket for one in told} == {None} and bell.unread(kai) == told.count() >= 1
    assert not Notification.objects.filter(agent=ben).exists()
    page = as_agent(kai).get("/notifications/").content.decode()
    assert "Recovery: Dora" in page and ticket.subject not in page
    late.department.members.clear()
    assert bell.unread(kai) == 0 and "Dora" not in as_agent(kai).get("/notifications/").content.decode()
