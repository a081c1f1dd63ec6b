"""Mastodon: what a status says, to whom, and who sees what is answered."""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock, fetching
from helpdesk.models import Agent, Team
from tests.tickets.channels.mastodon.rig import DOMAIN, ME, TOKEN, MastodonRig, account, status
from tests.tickets.channels.rigs import network
from tickets import tasks
from tickets.channels import splitting
from tickets.channels.mastodon import CHANNEL
from tickets.channels.protocol import Account, Edited, File, Later, Post, Refused, Said, TokenDead, Unreadable
from tickets.models import ChannelAccount, Conversation, Inbox, Message, MessageKind, Ticket
from tickets.operations import posting, replying

DORA = account(7, "Dora@far.example")
US = Account(1, f"@shop@{DOMAIN}", {}, {"token": TOKEN}, {})


def parsed(told: dict[str, Any], what: str = "said", root: str = "5") -> Any:
    (one,) = CHANNEL.parse(US, json.dumps({"what": what, "root": root, "status": told}).encode())
    return one


def test_a_mention_is_said_in_public_by_who_is_the_same_on_every_server() -> None:
    said = parsed(status(12, "Where is my parcel?<br>It is blue.", DORA, in_reply_to_id="9"))
    assert isinstance(said, Said)
    assert (said.identifier, said.thread, said.answers) == ("12", "5 dora@far.example", "9")
    assert (said.sender.address, said.sender.name, said.sender.handle) == (
        "dora@far.example", "Dora Lind", "@dora@far.example",
    )  # fmt: skip
    assert said.text == "Where is my parcel?\nIt is blue." and said.is_public and said.url and said.language == "en"
    near = parsed(status(12, "Hi", account(8, "emil")))
    assert near.sender.address == f"emil@{DOMAIN}"


def test_what_is_said_in_private_in_a_public_thread_is_a_talk_of_its_own() -> None:
    talks = {
        seen: parsed(status(12, "Hi", DORA, visibility=seen)) for seen in ("public", "unlisted", "private", "direct")
    }
    assert talks["public"].thread == talks["unlisted"].thread != talks["direct"].thread == talks["private"].thread
    assert [talks[kind].is_public for kind in talks] == [True, True, False, False]


def test_words_before_and_beside_the_post_are_kept_and_nothing_of_its_html() -> None:
    link = (
        '<a href="https://example.org/a/long/way"><span class="invisible">https://</span>'
        '<span class="ellipsis">example.org/a</span><span class="invisible">/long/way</span></a>'
    )
    said = parsed(
        status(12, f"See {link} &lt;b&gt;<script>x()</script>", DORA, spoiler_text="Parcels",
               poll={"options": [{"title": "Blue"}, {"title": "Red"}]})
    )  # fmt: skip
    assert said.text == "Parcels\n\nSee https://example.org/a/long/way <b>\n\n– Blue\n– Red" and said.html == ""


def test_pictures_come_by_reference_and_a_bot_is_a_machine() -> None:
    media = [{"id": "1", "type": "image", "url": "https://far.example/m/cat.jpg?v=1"},
             {"id": "2", "type": "unknown", "url": None, "remote_url": "https://far.example/m/x"}]  # fmt: skip
    said = parsed(status(12, "", {**DORA, "bot": True}, media_attachments=media))
    assert [(one.filename, one.content_type, one.reference) for one in said.files] == [
        ("cat.jpg", "image/jpeg", "https://far.example/m/cat.jpg?v=1"), ("x", "", "https://far.example/m/x"),
    ]  # fmt: skip
    assert said.is_automated


def test_an_edited_status_is_an_edit_and_ours_goes_to_whom_it_answers() -> None:
    assert isinstance(parsed(status(12, "Now", DORA), "edited"), Edited)
    mine = status(13, "On its way", ME, in_reply_to_id="12", in_reply_to_account_id="7",
                  mentions=[{"id": "7", "username": "Dora", "acct": "Dora@far.example", "url": ""}])  # fmt: skip
    said = parsed(mine, "ours")
    assert (said.thread, said.sender.address, said.sender.name, said.is_ours) == (
        "5 dora@far.example", "dora@far.example", "", True,
    )  # fmt: skip
    assert (
        CHANNEL.parse(US, json.dumps({"what": "ours", "root": "1", "status": {**mine, "mentions": []}}).encode()) == []
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    told=st.fixed_dictionaries(
        {}, optional={"what": st.sampled_from(["said", "edited", "deleted", "ours"]) | anything, "root": anything,
                      "status": anything}
    ),
    change=st.dictionaries(st.sampled_from(sorted(status(1, "", DORA))), anything, max_size=3),
)  # fmt: skip
def test_whatever_comes_is_read_or_unreadable(told: Any, change: dict[str, Any]) -> None:
    for one in (told, {"what": "said", "root": "1", "status": {**status(1, "Hi", DORA), **change}}):
        try:
            CHANNEL.parse(US, json.dumps(one).encode())
        except Unreadable:
            continue


# ---------------------------------------------------------------------- against the server


@pytest.fixture
def rig(team: Team, settings: Any) -> Iterator[MastodonRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = MastodonRig()
    with network(made.answer) as made.net:
        address, config, secrets = made.setting()
        made.inbox = Inbox.objects.create(name="Social", channel="mastodon")
        made.inbox.teams.add(team)
        made.account = ChannelAccount.objects.create(
            inbox=made.inbox, kind="mastodon", address=address, config=config, sealed=json.dumps(secrets)
        )
        yield made


def seen(rig: MastodonRig, **more: Any) -> Account:
    return Account(1, f"@shop@{DOMAIN}", {"server": rig.net.url + "/"}, {"token": TOKEN}, more)


def posted(rig: MastodonRig) -> Any:
    return [one.json for one in rig.net.asked if one.method == "POST" and one.path == "/api/v1/statuses"]


def answered(rig: MastodonRig, ana: Agent, visibility: str) -> dict[str, Any]:
    rig.tell(status(21, "Where is it?", DORA, visibility=visibility))
    tasks.receive_posts()
    replying.reply(Ticket.objects.get(), text="On its way.", actor=ana)
    tasks.deliver_posts()
    (told,) = posted(rig)
    return dict(told)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("public", "public"), ("unlisted", "unlisted"), ("private", "direct"), ("direct", "direct")],
)
def test_an_answer_is_seen_by_nobody_who_did_not_see_the_question(
    rig: MastodonRig, ana: Agent, theirs: str, ours: str
) -> None:
    told = answered(rig, ana, theirs)
    assert (told["visibility"], told["in_reply_to_id"], told["status"]) == (ours, "21", "@dora@far.example On its way.")
    assert Conversation.objects.get().is_public is (theirs in ("public", "unlisted"))


@pytest.mark.django_db
def test_what_we_answer_elsewhere_is_on_the_ticket_and_what_went_through_us_is_there_once(
    rig: MastodonRig, ana: Agent
) -> None:
    answered(rig, ana, "public")
    rig.look()  # from here on, what we write elsewhere is looked for
    mine = status(9500, "And here is the number.", ME, in_reply_to_id="21", in_reply_to_account_id="7",
                  mentions=[{"id": "7", "username": "Dora", "acct": "Dora@far.example", "url": ""}])  # fmt: skip
    stranger = {
        **mine,
        "id": "9501",
        "mentions": [{"id": "8", "username": "e", "acct": "e"}],
        "in_reply_to_account_id": "8",
    }
    rig.roots["9500"] = "21"
    rig.own += [mine, stranger, {**mine, "id": "9502", "in_reply_to_id": None, "in_reply_to_account_id": None}]
    rig.look()
    tasks.receive_posts()
    replies = Message.objects.filter(kind=MessageKind.REPLY).order_by("pk")
    assert [one.text for one in replies] == ["On its way.", "And here is the number."]
    assert "elsewhere" in replies[1].marks and Ticket.objects.count() == Conversation.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("is_old", [False, True])
def test_what_its_writer_deletes_or_edits_is_found_on_servers_of_each_age(rig: MastodonRig, is_old: bool) -> None:
    rig.is_old = is_old
    for number, text in ((21, "Where is it?"), (22, "I am angry!"), (23, "It is blue.")):
        rig.tell(status(number, text, DORA))
    rig.statuses["21"] = status(21, "Where is my parcel?", DORA, edited_at=clock.now().isoformat())
    del rig.statuses["22"]
    rig.look()
    tasks.receive_posts()
    rig.look()
    tasks.receive_posts()
    marks = {one.text: one.marks for one in Message.objects.all()}
    assert marks == {"Where is my parcel?": ["edited"], "I am angry!": ["deleted"], "It is blue.": []}
    assert set(ChannelAccount.objects.get().cursor["watched"]) == {"21", "23"}


@pytest.mark.django_db
def test_a_server_that_is_away_says_nothing_of_deletions(rig: MastodonRig) -> None:
    rig.tell(status(21, "Where is it?", DORA))
    tasks.receive_posts()
    inside = rig.answer
    rig.net.answer = lambda asked: (503, {}, {}) if asked.path.startswith("/api/v1/statuses") else inside(asked)
    rig.look()
    tasks.receive_posts()
    assert Message.objects.get().marks == []


@pytest.mark.parametrize(
    ("told", "kept"),
    [("video/mp4", "video/mp4"), ("audio/mpeg", "audio/mpeg"), ("application/octet-stream", "video/mp4"),
     ("text/html; charset=utf-8", ""), ("application/x-msdownload", "")],
)  # fmt: skip
def test_videos_and_recordings_come_along_and_nothing_else_does(
    rig_alone: MastodonRig, monkeypatch: pytest.MonkeyPatch, told: str, kept: str
) -> None:
    rig_alone.files["a.mp4"], rig_alone.media_type = b"moving", told
    media = [{"id": "3", "type": "video", "url": f"{rig_alone.net.url}/media/a.mp4"}]
    (file,) = parsed(status(1, "", DORA, media_attachments=media)).files
    if not kept:
        with pytest.raises(Refused, match="no picture"):
            CHANNEL.fetch(seen(rig_alone), file)
        return
    assert CHANNEL.fetch(seen(rig_alone), file) == File("a.mp4", kept, b"moving", file.reference)
    monkeypatch.setattr("tickets.channels.mastodon.adapter.MOST_MEDIA", 3)
    with pytest.raises(fetching.Refused):
        CHANNEL.fetch(seen(rig_alone), file)


@pytest.mark.django_db
def test_the_first_time_only_the_last_days_mentions_are_taken(rig: MastodonRig) -> None:
    old = status(20, "Long ago", DORA, created_at=(clock.now() - timedelta(days=2)).isoformat())
    rig.notifications.append(
        {"id": "499", "type": "mention", "created_at": old["created_at"], "account": DORA, "status": old}
    )
    rig.tell(status(21, "Today", DORA))
    tasks.receive_posts()
    assert [one.text for one in Message.objects.all()] == ["Today"]


@pytest.mark.django_db
def test_more_mentions_than_a_page_are_all_taken_in_their_order(rig: MastodonRig) -> None:
    rig.tell(status(20, "First", DORA))
    for number in range(21, 121):
        rig.notifications.append(
            {"id": str(600 + number), "type": "mention", "created_at": "", "account": DORA,
             "status": status(number, f"No. {number}", DORA)}
        )  # fmt: skip
    assert rig.poll() == 100 and rig.poll() == 0


def test_the_servers_own_limit_counts() -> None:
    assert CHANNEL.capabilities(US).most_text == 465
    assert CHANNEL.capabilities(Account(1, "", {}, {}, {"most": 5000})).most_text == 4965
    assert CHANNEL.capabilities(Account(1, "", {}, {}, {"most": "x"})).most_text == 465


def test_a_link_counts_as_long_as_the_server_takes_it_for() -> None:
    can = CHANNEL.capabilities(US)
    assert splitting.measure("See http://a.io and https://example.org/" + "a" * 400, can) == len("See  and ") + 46
    longer = CHANNEL.capabilities(Account(1, "", {}, {}, {"link": 30}))
    assert splitting.measure("http://a.io", longer) == 30
    assert len(splitting.split("http://a.io " * 20, can)) == 2, "short links are not taken for shorter"
    assert splitting.split(f"https://example.org/{'a' * 900} here", can) == [f"https://example.org/{'a' * 900} here"]


@pytest.mark.django_db
def test_what_the_server_says_of_length_and_links_is_asked_for(rig: MastodonRig) -> None:
    rig.configuration = {"max_characters": 1000, "characters_reserved_per_url": 30, "max_media_attachments": 2}
    rig.picture = 5_000_000
    rig.tell(status(20, "First", DORA))
    can = posting.capabilities(Inbox.objects.get())
    assert (can.most_text, can.link, can.most_files, can.files_a_message) == (965, 30, 2, 2)
    assert can.most_file == 5_000_000 and not "image/svg+xml".startswith(can.files)


def test_the_account_is_named_with_its_domain(rig_alone: MastodonRig) -> None:
    assert CHANNEL.connected(seen(rig_alone)) == f"@shop@{DOMAIN}"
    rig_alone.mood = "dead"
    with pytest.raises(TokenDead):
        CHANNEL.probe(seen(rig_alone))


@pytest.fixture
def rig_alone(settings: Any) -> Iterator[MastodonRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = MastodonRig()
    with network(made.answer) as made.net:
        yield made


def test_a_limit_lasts_until_the_moment_the_server_names(rig_alone: MastodonRig) -> None:
    rig_alone.mood = "limited"
    with pytest.raises(Later) as later:
        CHANNEL.deliver(seen(rig_alone), Post("k", "1 d", "dora@far.example", "Hi"))
    assert later.value.rests and later.value.after is not None
    assert timedelta(seconds=15) < later.value.after <= timedelta(seconds=20)
    rig_alone.mood = "refuses"
    with pytest.raises(Refused, match="character limit"):
        CHANNEL.deliver(seen(rig_alone), Post("k", "1 d", "dora@far.example", "Hi"))


def test_t32_1_what_a_stranger_names_is_fetched_through_the_gate(rig_alone: MastodonRig, settings: Any) -> None:
    settings.FETCH_ALLOW = []
    said = parsed(status(1, "", DORA, media_attachments=[{"url": f"{rig_alone.net.url}/media/a.png"}]))
    with pytest.raises(fetching.Refused):
        CHANNEL.fetch(seen(rig_alone), said.files[0])
    assert rig_alone.net.asked == []
