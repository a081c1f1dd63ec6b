"""Drafts: saved at each pause, never over a newer text, gone only when they are sent."""

import pytest

from tickets.models import Draft, DraftFile, Message
from tickets.operations import drafting, enclosing, replying, sharing
from tickets.operations.drafting import Content, Outdated
from tickets.operations.enclosing import Upload
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible


def save(ticket, actor, text, *, kind="reply", version=0, once="", **content) -> Draft | None:
    return drafting.save(ticket, actor=actor, kind=kind, content=Content(text, **content), version=version, once=once)


def test_each_pause_saves_and_counts(ticket, ana):
    first = save(ticket, ana, "Dear", once="k")
    second = save(ticket, ana, "Dear Dora", version=1, once="k")
    assert first and second and (first.pk, second.version, second.text) == (second.pk, 2, "Dear Dora")
    again = save(ticket, ana, "Dear Dora", version=2, once="k")
    assert again and again.version == 2


def test_reply_note_and_forward_are_kept_apart_and_each_authors_own(ticket, ana, chloe):
    for actor in (ana, chloe):
        for kind in ("reply", "note", "forward"):
            save(ticket, actor, f"{actor.name} {kind}", kind=kind)
    assert Draft.objects.count() == 6
    assert [d.text for d in Draft.objects.visible_to(ana).order_by("pk")] == [
        "Ana Silva reply", "Ana Silva note", "Ana Silva forward",
    ]  # fmt: skip


def test_an_older_window_cannot_overwrite_a_newer_text(ticket, ana):
    save(ticket, ana, "One", once="k")
    save(ticket, ana, "One and two", version=1, once="k")
    with pytest.raises(Outdated) as refused:
        save(ticket, ana, "One, older", version=1, once="k")
    assert refused.value.draft is not None and refused.value.draft.text == "One and two"
    assert Draft.objects.get().text == "One and two"


def test_a_save_that_overtakes_its_forerunner_is_no_other_window(ticket, ana):
    save(ticket, ana, "Dear", once="k")  # its answer never reached the page
    content = Content("Dear Dora")
    kept = drafting.save(ticket, actor=ana, kind="reply", content=content, version=0, once="k", sent="Dear")
    assert kept and kept.text == "Dear Dora"
    with pytest.raises(Outdated):
        drafting.save(ticket, actor=ana, kind="reply", content=Content("Other"), version=0, once="k", sent="Dear")


def test_a_second_window_that_knows_of_no_draft_is_told(ticket, ana):
    save(ticket, ana, "From the first window", once="first")
    with pytest.raises(Outdated):
        save(ticket, ana, "From the second", once="second")


def test_a_draft_that_was_sent_is_not_saved_again(ticket, ana):
    draft = save(ticket, ana, "It ships today.", once="k")
    assert draft
    replying.reply(ticket, text="It ships today.", actor=ana, once="k", draft=draft.version)
    assert not Draft.objects.exists()
    for version in (0, 1):  # a save that was under way; one from another window
        with pytest.raises(Outdated) as refused:
            save(ticket, ana, "It ships today.", version=version, once="k")
        assert refused.value.draft is None
    assert not Draft.objects.exists()


def test_what_another_window_wrote_further_stays_when_this_one_sends(ticket, ana):
    save(ticket, ana, "Short", once="k")
    save(ticket, ana, "Short, and a second thought", version=1, once="k")
    replying.reply(ticket, text="Short", actor=ana, once="k", draft=1)
    left = Draft.objects.get()
    assert left.text == "Short, and a second thought" and left.once != "k"


def test_a_failed_send_keeps_the_draft(ticket, ana):
    save(ticket, ana, "Hello")
    with pytest.raises(NotPossible):
        replying.reply(ticket, text="Hello", actor=ana, to=Chosen(to=("nobody",)), draft=1)
    assert Draft.objects.get().text == "Hello"


def test_an_emptied_draft_is_gone_unless_something_goes_with_it(ticket, ana):
    save(ticket, ana, "Hello", once="k")
    assert save(ticket, ana, "  ", version=1, once="k") is None and not Draft.objects.exists()
    draft, _files = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[Upload("a.txt", "text/plain", b"a")])
    save(ticket, ana, "Hello", version=draft.version, once=draft.once)
    kept = save(ticket, ana, "", version=draft.version + 1, once=draft.once)
    assert kept and kept.files.count() == 1


def test_who_only_reads_and_notes_drafts_notes_only(ticket, lou):
    assert save(ticket, lou, "Seen", kind="note")
    for kind in ("reply", "forward"):
        with pytest.raises(NotPossible):
            save(ticket, lou, "Dear Dora", kind=kind)


def test_a_draft_of_its_size_is_refused_like_the_message(ticket, ana):
    with pytest.raises(NotPossible, match="too long"):
        save(ticket, ana, "a" * 200_001)


def test_what_postgresql_cannot_keep_is_left_out(ticket, ana):
    draft = save(ticket, ana, "a\x00b\r\nc ")
    assert draft and draft.text == "ab\nc "


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_get_names_of_their_own_and_go_with_the_message(ticket, ana):
    picture = Upload("image.png", "image/png", b"\x89PNG\r\n\x1a\n1")
    other = Upload("image.png", "image/png", b"\x89PNG\r\n\x1a\n2")
    draft, first = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[picture], is_inline=True)
    _draft, second = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[other], is_inline=True)
    assert [first[0].filename, second[0].filename] == ["image.png", "image-2.png"]
    message = replying.reply(
        ticket, text="Look:\n[image: image-2.png]\nThere.", actor=ana, enclosures=enclosing.of(draft), draft=1
    )
    loose, shown = message.attachments.order_by("pk")
    assert (loose.filename, loose.is_inline, loose.content_id) == ("image.png", False, "")
    assert shown.is_inline and shown.content_id.endswith("@demo.localhost") and shown.file.read().endswith(b"2")
    assert not DraftFile.objects.exists()


def test_only_pictures_are_shown_in_the_text(ticket, ana):
    upload = Upload("page.html", "text/html", b"<p>")
    _draft, [file] = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[upload], is_inline=True)
    assert not file.is_inline


def test_too_many_or_too_large_files_are_refused_in_words(ticket, ana, settings):
    settings.MAIL_MAX_MB = 2
    enclosing.attach(ticket, actor=ana, kind="note", uploads=[Upload("a.bin", "x/y", b"a" * 900_000)])
    with pytest.raises(NotPossible, match="at most 1 MB"):
        enclosing.attach(ticket, actor=ana, kind="note", uploads=[Upload("b.bin", "x/y", b"b" * 200_000)])
    with pytest.raises(NotPossible, match="At most 20"):
        enclosing.attach(ticket, actor=ana, kind="note", uploads=[Upload("c", "x/y", b"c")] * 20)
    assert DraftFile.objects.count() == 1


def test_a_file_is_taken_off_by_its_author_only(ticket, ana, chloe):
    _draft, [file] = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[Upload("a", "x/y", b"a")])
    with pytest.raises(NotPossible):
        enclosing.detach(file, actor=chloe)
    enclosing.detach(file, actor=ana)
    assert not DraftFile.objects.exists()


# --- among colleagues -------------------------------------------------------------------------------------------------


def test_a_private_draft_is_seen_and_taken_by_nobody_else(ticket, ana, chloe):
    draft = save(ticket, ana, "Not yet")
    assert draft and not Draft.objects.visible_to(chloe).exists()
    with pytest.raises(NotPossible, match="private"):
        sharing.take_over(draft, actor=chloe)


def test_a_shared_draft_is_taken_over_with_its_files(ticket, ana, chloe):
    draft, _files = enclosing.attach(ticket, actor=ana, kind="reply", uploads=[Upload("a", "x/y", b"a")])
    save(ticket, ana, "Ana's words", version=draft.version, once=draft.once, is_shared=True)
    save(ticket, chloe, "Chloe's words")
    offered = Draft.objects.visible_to(chloe).get(author=ana)
    taken = sharing.take_over(offered, actor=chloe)
    assert (taken.author, taken.text) == (chloe, "Ana's words\n\nChloe's words")
    assert taken.files.count() == 1 and Draft.objects.count() == 1
    # Ana's window finds out
    with pytest.raises(Outdated):
        save(ticket, ana, "Ana's words, further", version=draft.version + 1, once=draft.once)


def test_a_light_collaborator_takes_over_no_answer(ticket, ana, lou):
    draft = save(ticket, ana, "Ana's words", is_shared=True)
    assert draft
    with pytest.raises(NotPossible):
        sharing.take_over(draft, actor=lou)


def test_discarding_throws_away_ones_own_only(ticket, ana, chloe):
    save(ticket, ana, "Mine")
    drafting.discard(ticket, actor=chloe, kind="reply")
    assert Draft.objects.exists()
    drafting.discard(ticket, actor=ana, kind="reply")
    assert not Draft.objects.exists() and not Message.objects.filter(kind="reply").exists()
