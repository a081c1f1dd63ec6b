"""What happened on a day stands on the charts of those whom it concerns, and is theirs to change who may."""

from datetime import date

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from reports.forms import AnnotationForm
from reports.models import Annotation
from reports.operations import annotating
from reports.showing import annotations

MARCH = {"from": "2026-03-01", "to": "2026-03-31", "zone": "UTC"}


def verbs_of(name):
    from helpdesk.models import Event

    return list(Event.objects.filter(subject_type=name).order_by("id").values_list("verb", flat=True))


def test_an_annotation_is_written_said_otherwise_and_taken_away(inbox, ana):
    note = annotating.add(day=date(2026, 3, 2), text="A strike", inbox=inbox, actor=ana)
    annotating.change(note, day=date(2026, 3, 3), text="A strike", inbox=inbox, actor=ana)
    annotating.change(note, day=date(2026, 3, 3), text="A strike", inbox=inbox, actor=ana)
    annotating.delete(note, actor=ana)
    annotating.delete(note, actor=ana)
    assert verbs_of("annotation") == ["annotation.created", "annotation.changed", "annotation.deleted"]


def test_the_day_that_is_offered_is_the_one_it_is_where_they_are(ana):
    with time_machine.travel("2026-07-01T23:30:00+00:00", tick=False), timezone.override("Europe/Berlin"):
        assert AnnotationForm(ana)["day"].value() == date(2026, 7, 2)


def test_only_leads_speak_of_all_inboxes_and_change_what_others_wrote(inbox, ana, ben, chloe):
    with pytest.raises(PermissionDenied):
        annotating.add(day=date(2026, 3, 2), text="A strike", inbox=None, actor=ana)
    with pytest.raises(PermissionDenied):
        annotating.add(day=date(2026, 3, 2), text="A strike", inbox=inbox, actor=ben)
    note = annotating.add(day=date(2026, 3, 2), text="A strike", inbox=None, actor=chloe)
    with pytest.raises(PermissionDenied):
        annotating.change(note, day=note.day, text="None", inbox=inbox, actor=ana)
    with pytest.raises(PermissionDenied):
        annotating.delete(note, actor=ana)


def test_it_stands_on_the_charts_and_in_their_tables_for_whom_it_concerns(inbox, ana, ben, as_agent):
    annotating.add(day=date(2026, 3, 2), text="The <b>newsletter</b>", inbox=inbox, actor=ana)
    html = as_agent(ana).get(reverse("reports"), MARCH).content.decode()
    assert html.count("The &lt;b&gt;newsletter") >= 6 and "<b>newsletter" not in html
    text = as_agent(ana).get(reverse("report_csv", args=["overview"]), MARCH).content.decode()
    assert "2026-03-02,0,0,The <b>newsletter</b>" in text
    assert "newsletter" not in as_agent(ben).get(reverse("reports"), MARCH).content.decode()


def test_two_of_one_slice_share_its_mark(inbox, ana):
    for text in ("One", "Two"):
        annotating.add(day=date(2026, 3, 2), text=text, inbox=inbox, actor=ana)
    spans = [(date(2026, 3, 1), date(2026, 3, 8)), (date(2026, 3, 8), date(2026, 3, 15))]
    assert annotations.marks(list(Annotation.objects.all()), spans) == {0: "One; Two"}


def test_the_page_writes_changes_and_deletes(inbox, ana, as_agent):
    client, page = as_agent(ana), reverse("report_annotations")
    assert client.post(page, {"day": "2026-03-02", "text": "A strike", "inbox": ""}).status_code == 422
    client.post(page, {"day": "2026-03-02", "text": "A strike", "inbox": inbox.pk})
    note = Annotation.objects.get()
    client.post(reverse("report_annotation", args=[note.pk]), {"day": "2026-03-03", "text": "Rain", "inbox": inbox.pk})
    assert "Rain" in client.get(page).content.decode()
    client.post(reverse("report_annotation_deletion", args=[note.pk]))
    assert not Annotation.objects.exists()
