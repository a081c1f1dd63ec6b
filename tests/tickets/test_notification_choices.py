"""What agents choose to hear of, and what holds while they chose nothing."""

import pytest

from helpdesk.models import Event
from tickets import notices
from tickets.models import NotificationChoice, Way
from tickets.operations import notifying


def boxes(**changes: bool) -> dict[str, str]:
    """The form as a browser posts it: what is ticked by default, and what was changed, as kind__way."""
    ticked = {f"{kind.key}:{way}": way in kind.ways for kind in notices.kinds() for way in Way}
    ticked |= {name.replace("__", ":"): on for name, on in changes.items()}
    return {name: "1" for name, on in ticked.items() if on} | {"digest": "never"}


def wants(agent, kind: str, way: Way, inbox=None) -> bool:
    found = notices.named(kind)
    assert found
    return notifying.choices_of([agent.pk], [kind]).wants(agent.pk, inbox.pk if inbox else None, found, way)


def test_only_what_differs_is_kept(ana, as_agent):
    client = as_agent(ana)
    assert client.post("/settings/you/notifications/", boxes()).status_code == 302
    assert not NotificationChoice.objects.exists()
    client.post("/settings/you/notifications/", boxes(assigned__mail=True, woken__page=False))
    assert set(NotificationChoice.objects.values_list("agent", "kind", "way", "is_wanted")) == {
        (ana.pk, "assigned", "mail", True), (ana.pk, "woken", "page", False),
    }  # fmt: skip
    assert Event.objects.filter(verb="notification.chosen").latest("id").facts["kinds"] == ["assigned", "woken"]
    client.post("/settings/you/notifications/", boxes())
    assert not NotificationChoice.objects.exists()


def test_a_new_default_reaches_who_chose_nothing(ana, chloe, admin, as_agent):
    as_agent(chloe).post("/settings/you/notifications/", boxes(new__page=True))
    assert as_agent(ana).post("/settings/notifications/", boxes()).status_code == 403
    as_agent(admin).post("/settings/notifications/", boxes(woken__page=False, assigned__mail=True))
    assert not wants(ana, "woken", Way.PAGE) and wants(ana, "assigned", Way.MAIL)
    assert wants(chloe, "new", Way.PAGE) and not wants(ana, "new", Way.PAGE)


def test_one_inbox_may_differ(ana, ben, inbox, billing, as_agent):
    client, page = as_agent(ana), f"/settings/you/notifications/inboxes/{inbox.pk}/"
    assert as_agent(ben).get(page).status_code == 404
    client.post(page, boxes(answered__page=False))
    assert not wants(ana, "answered", Way.PAGE, inbox) and wants(ana, "answered", Way.PAGE)
    assert "differs" in client.get("/settings/you/notifications/").content.decode()


def test_quiet_hours_are_both_or_neither(ana, as_agent):
    client = as_agent(ana)
    answer = client.post("/settings/you/notifications/", boxes() | {"quiet_from": "22:00"})
    assert answer.status_code == 422 and "Say both" in answer.content.decode()
    answer = client.post("/settings/you/notifications/", boxes() | {"quiet_from": "22:00", "quiet_until": "22:00"})
    assert answer.status_code == 422
    hours = {"quiet_from": "22:00", "quiet_until": "07:00", "quiet_weekends": "on", "digest": "daily"}
    assert client.post("/settings/you/notifications/", boxes() | hours).status_code == 302
    ana.refresh_from_db()
    assert (ana.quiet_from.hour, ana.quiet_until.hour, ana.quiet_weekends, ana.digest) == (22, 7, True, "daily")


@pytest.mark.parametrize("extra", [{"made_up:page": "1"}, {"assigned:smoke": "1"}, {"agent": "1", "role": "admin"}])
def test_t24_what_the_form_does_not_offer_is_nothing(extra, ana, as_agent):
    as_agent(ana).post("/settings/you/notifications/", boxes() | extra)
    ana.refresh_from_db()
    assert not NotificationChoice.objects.exists() and ana.role == "agent"
