"""Saved replies and macros: filled in, checked, ranked for a ticket, and done with what is sent."""

from datetime import timedelta

import pytest

from helpdesk import clock
from helpdesk.models import Agent, Event
from tickets.models import Draft, Inbox, Macro, MacroUse, Message, Status, Ticket
from tickets.operations import drafting, macros, replying, scheduling, sorting, undo, withdrawing
from tickets.operations.drafting import Content
from tickets.operations.status import NotPossible

HTMX = {"HX-Request": "true"}


def saved(name: str, html: str = "<p>Hello</p>", *, by: Agent, **more) -> Macro:  # type: ignore[no-untyped-def]
    return macros.save(None, actor=by, name=name, html=html, **more)


def test_fields_are_filled_in_with_fallbacks_and_never_read_again(ticket: Ticket, ana: Agent, admin: Agent) -> None:
    macro = saved(
        "Hi", "<p>Dear {{customer.first_name|there}}, <b>#{{ ticket.number }}</b> "
        "{{ticket.subject}} {{agent.name}}</p>",
        by=admin,
    )  # fmt: skip
    ticket.subject = "<b>{{agent.name}}</b> & co"
    said = macros.render(macro, ticket, ana)
    assert said.text == f"Dear Dora, #{ticket.number} <b>{{{{agent.name}}}}</b> & co Ana Silva"
    assert "&lt;b&gt;" in said.html and "<strong>#" in said.html
    ticket.customer.name = ""
    assert macros.render(macro, ticket, ana).text.startswith("Dear there, #")


@pytest.mark.parametrize("html", ["<p>{{customer.age}}</p>", "<p>{{customer.<b>name</b>}}</p>", "<p>{{name</p>"])
def test_unknown_fields_are_refused(admin: Agent, html: str) -> None:
    with pytest.raises(NotPossible, match="is no field"):
        saved("X", html, by=admin)
    assert not Macro.objects.exists()


def test_saving_says_what_changed_and_nothing_says_nothing(admin: Agent, inbox: Inbox) -> None:
    macro = saved("Refund", by=admin, actions=[{"do": "tag", "tag": "refund"}])
    macros.save(macro, actor=admin, name="Refund", html="<p>Hello</p>", actions=macro.actions, inboxes=[inbox])
    macros.save(macro, actor=admin, name="Refund", html="<p>Hello</p>", actions=macro.actions, inboxes=[inbox])
    macros.delete(macro, actor=admin)
    said = [(e.verb, e.facts.get("fields")) for e in Event.objects.filter(verb__startswith="macro.").order_by("id")]
    assert said == [
        ("macro.saved", ["actions", "html", "name"]), ("macro.saved", ["inboxes"]), ("macro.deleted", None)
    ]  # fmt: skip


def test_agents_keep_their_own_and_leads_what_everybody_uses(ana: Agent, ben: Agent, admin: Agent) -> None:
    own = saved("Mine", by=ana)
    shared = saved("Ours", by=admin)
    assert own.owner == ana and shared.owner is None
    assert set(Macro.objects.visible_to(ben)) == {shared}
    for macro, actor in ((shared, ana), (own, ben), (own, admin)):
        with pytest.raises(NotPossible):
            macros.save(macro, actor=actor, name="Other", html="<p>x</p>")
        with pytest.raises(NotPossible):
            macros.delete(macro, actor=actor)


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"html": "<p></p>"}, {"actions": [{"do": "explode"}]}, {"html": "", "actions": []}]
)
def test_what_says_and_does_nothing_is_refused(admin: Agent, wrong: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(NotPossible):
        macros.save(None, actor=admin, **{"name": "X", "html": "<p>x</p>", **wrong})


def test_what_fits_the_ticket_comes_first_and_says_why(
    ticket: Ticket, ana: Agent, chloe: Agent, admin: Agent, inbox: Inbox, billing: Inbox
) -> None:
    ticket.subject = "My orders"
    order = saved("Your orders", by=admin)
    where = saved("A", "<p>The parcel came broken</p>", by=admin)
    ticket.messages.update(text="My parcel!")
    vip = saved("Answer for vip", "<p>Zzz</p>", by=admin)
    used, others = saved("Zulu", "<p>Zzz</p>", by=admin), saved("Yankee", "<p>Zzz</p>", by=admin)
    here = saved("X-ray", "<p>Zzz</p>", by=admin, inboxes=[inbox])
    saved("Elsewhere", by=admin, inboxes=[billing])
    saved("Chloe's", by=chloe, is_own=True)
    none = saved("Whatever", "<p>Zzz</p>", by=admin)
    old = saved("Old", "<p>Zzz</p>", by=admin)
    sorting.tag(ticket, name="vip", actor=ana)
    for _ in range(3):
        macros.note_use(used, ticket, actor=ana)
    macros.note_use(others, ticket, actor=chloe)
    macros.note_use(old, ticket, actor=ana)
    MacroUse.objects.filter(macro=old).update(at=clock.now() - timedelta(days=100))
    found = macros.rank(ticket, ana)
    assert [one.macro for one in found] == [vip, order, used, where, here, others, old, none]
    why = {one.macro.pk: one.why for one in found}
    assert why[vip.pk] == ["tag vip"] and why[order.pk] == ["“order” in the subject"]
    assert why[used.pk] == ["you used it 3 times lately"] and why[others.pk] == ["colleagues use it"]
    assert why[here.pk] == ["for Support"] and why[none.pk] == []


def test_acts_are_done_with_the_answer_and_taken_back_with_it(ticket: Ticket, ana: Agent, settings) -> None:  # type: ignore[no-untyped-def]
    settings.UNDO_SECONDS = 10
    acts = [{"do": "tag", "tag": "refund"}, {"do": "priority", "to": "high"}, {"do": "snooze", "words": "tomorrow 9"}]
    said = replying.reply(ticket, text="It ships.", actor=ana, acts=acts)
    ticket.refresh_from_db()
    assert list(ticket.tags.values_list("name", flat=True)) == ["refund"]
    assert ticket.priority == "high" and ticket.is_snoozed
    last = undo.latest(ana)
    assert last is not None and last.verb == "message.replied", "the answer and its acts are one act"
    draft = withdrawing.withdraw(said, actor=ana)
    ticket.refresh_from_db()
    assert not ticket.tags.exists() and ticket.priority == "normal" and not ticket.is_snoozed
    assert [act["do"] for act in draft.acts] == ["tag", "priority", "snooze"]
    assert undo.latest(ana) is None


def test_an_act_that_cannot_be_holds_the_answer(ticket: Ticket, ana: Agent) -> None:
    with pytest.raises(NotPossible):
        replying.reply(
            ticket, text="It ships.", actor=ana, then="resolve", acts=[{"do": "snooze", "words": "tomorrow"}]
        )
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN and not Message.objects.filter(kind="reply").exists()


def test_acts_wait_in_the_draft_and_go_with_it_at_its_time(ticket: Ticket, ana: Agent) -> None:
    acts = [{"do": "tag", "tag": "refund"}]
    draft = drafting.save(ticket, actor=ana, kind="reply", content=Content("In good time.", acts=acts))
    assert draft is not None
    scheduling.schedule(draft, actor=ana, at=clock.now() + timedelta(hours=1))
    scheduling.send_now(draft, actor=ana)
    assert list(ticket.tags.values_list("name", flat=True)) == ["refund"]


def test_one_without_text_is_done_at_once_all_of_it_or_nothing(ticket: Ticket, ana: Agent, admin: Agent) -> None:
    macro = saved("Away", "", by=admin, actions=[{"do": "tag", "tag": "vip"}, {"do": "status", "to": "pending"}])
    macros.run(macro, ticket, actor=ana)
    ticket.refresh_from_db()
    assert ticket.status == Status.PENDING and ticket.tags.get().name == "vip"
    assert Event.objects.filter(stream_id=ticket.number, verb="macro.applied").get().facts["macro"] == macro.pk
    assert macro.uses.count() == 1


def test_the_composer_is_offered_them_and_sends_their_acts(ticket: Ticket, ana: Agent, admin: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    macro = saved("Refund", "<p>Dear {{customer.first_name}}</p>", by=admin, actions=[{"do": "tag", "tag": "refund"}])
    browser = as_agent(ana)
    offered = browser.get(f"/tickets/{ticket.number}/macros").json()["macros"]
    assert offered == [
        {
            "id": macro.pk, "name": "Refund", "text": "Dear Dora", "html": "", "why": [],
            "acts": [{"act": {"do": "tag", "tag": "refund"}, "words": "Tag refund"}],
        }
    ]  # fmt: skip
    assert browser.post(f"/tickets/{ticket.number}/macros/{macro.pk}", {"use": "1"}).status_code == 204
    form = {"text": "Dear Dora", "acts": '[{"do": "tag", "tag": "refund"}]'}
    browser.post(f"/tickets/{ticket.number}/drafts/reply/", form)
    assert Draft.objects.get().acts == [{"do": "tag", "tag": "refund"}]
    page = browser.get(f"/tickets/{ticket.number}/").content.decode()
    assert "Tag refund" in page
    assert browser.post(f"/tickets/{ticket.number}/reply", form, headers=HTMX).status_code == 200
    assert ticket.tags.get().name == "refund"
    for wrong in ("[1]", "{", '{"do": "tag"}', '[{"do": "explode"}]', "[" * 3000):
        answer = browser.post(f"/tickets/{ticket.number}/reply", {"text": "x", "acts": wrong}, headers=HTMX)
        assert answer.status_code == 409


def test_sending_and_snoozing_is_one_thing(ticket: Ticket, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    browser = as_agent(ana)
    form = {"text": "We look into it.", "then": "snooze in 3 days"}
    assert browser.post(f"/tickets/{ticket.number}/reply", form, headers=HTMX).status_code == 200
    ticket.refresh_from_db()
    assert ticket.is_snoozed and ticket.waiting_since is None
    form = {"text": "And again.", "then": "snooze", "snooze_words": "when hell freezes"}
    assert browser.post(f"/tickets/{ticket.number}/reply", form, headers=HTMX).status_code == 409
    assert Message.objects.filter(kind="reply").count() == 1


def test_naming_a_colleague_in_a_note_lets_them_follow(ticket: Ticket, ana: Agent, chloe: Agent, ben: Agent) -> None:
    text = f"@{chloe.name.lower()} and @{ben.name}, see x@{chloe.name} and @{ana.name}"
    replying.add_note(ticket, text=text, actor=ana)
    noted = Event.objects.get(verb="message.noted")
    assert noted.facts["mentions"] == [chloe.pk], "who does not see the inbox is not named, nor who wrote it"
    assert [one.agent for one in ticket.followers.all()] == [chloe]


def test_who_has_no_name_is_named_by_no_note(ticket, ana, chloe):
    Agent.objects.filter(pk=chloe.pk).update(name="")
    replying.add_note(ticket, text="Ten pieces @ 3 euros, ask @ home", actor=ana)
    assert "mentions" not in Event.objects.get(verb="message.noted").facts
    assert not ticket.followers.exists()


def test_a_macro_used_for_years_is_ranked_by_few_uses_and_the_old_ones_go(ticket, ana, chloe, admin):
    macro = saved("Often", by=admin)
    now = clock.now()
    for agent, days, times in ((ana, 1, 3), (chloe, 1, 40), (ana, 100, 5), (chloe, 100, 5)):
        MacroUse.objects.bulk_create(
            MacroUse(macro=macro, agent=agent, ticket=ticket, at=now - timedelta(days=days)) for _ in range(times)
        )
    [one] = macros.rank(ticket, ana)
    assert one.score == 3 * 0.5 + 1 and "you used it 3 times lately" in one.why
    assert len(one.macro.others) == macros.MOST_USES
    assert macros.forget_old_uses() == 10 and macros.forget_old_uses() == 0
    assert macros.rank(ticket, ana)[0].score == one.score
