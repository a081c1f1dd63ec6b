"""Departments and reasons in the settings."""

from feedback.models import Department, ReasonCode
from feedback.operations import departments
from helpdesk.models import Agent, Event


def test_an_admin_starts_with_a_set_that_suits_most_once(as_agent, admin: Agent) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    assert "Start with a set" in client.get("/settings/reasons/").content.decode()
    assert client.post("/settings/reasons/").status_code == 302
    reasons = ReasonCode.objects.count()
    assert reasons == Event.objects.filter(verb="reasoncode.created", actor_id=admin.pk).count() > 5
    assert departments.start(actor=admin) == 0 and ReasonCode.objects.count() == reasons
    page = client.get("/settings/departments/").content.decode()
    assert "Shipping" in page and "Start with a set" not in page


def test_an_admin_makes_a_department_and_a_reason(as_agent, admin: Agent, lou: Agent) -> None:  # type: ignore[no-untyped-def]
    client = as_agent(admin)
    made = client.post("/settings/departments/new/", {"name": "Shipping", "members": [lou.pk], "is_active": "on"})
    assert made.status_code == 302
    shipping = Department.objects.get()
    assert list(shipping.members.all()) == [lou]
    data = {"name": "It came late", "department": shipping.pk, "in_control": "false", "position": 1, "is_active": "on"}
    assert client.post("/settings/reasons/new/", data).status_code == 302
    reason = ReasonCode.objects.get()
    assert (reason.department, reason.in_control, reason.is_offered) == (shipping, False, False)
    assert client.post("/settings/reasons/new/", data).status_code == 422
