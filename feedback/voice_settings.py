"""The settings pages of topics and of quality reviews."""

from django.db.models import Count, Q
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from feedback.forms import QualityPlanForm, TopicForm
from feedback.models import QualityPlan, Topic
from feedback.views import topics
from helpdesk.models import Role
from helpdesk.views.resources import Column, Resource, routes

TOPICS = Resource(
    key="topics",
    title=_("Topics"),
    about=_("What tickets and remarks are about, found by words and phrases that anybody can read and change."),
    new=_("Add a topic"),
    things=lambda: (
        Topic.objects.select_related("department")
        .order_by("name")
        .annotate(
            found=Count("tickets"),
            by_hand=Count("tickets", filter=Q(tickets__is_by_hand=True)),
        )
    ),
    form=TopicForm,
    columns=[
        Column(_("Name"), lambda topic: topic.name),
        Column(_("Phrases"), lambda topic: len(topic.phrases.splitlines())),
        Column(_("Tickets"), lambda topic: topic.found),
        Column(_("of them by hand"), lambda topic: topic.by_hand),
        Column(_("Department"), lambda topic: topic.department),
        Column(_("Active"), lambda topic: gettext("yes") if topic.is_active else gettext("no")),
    ],
    allowed=(Role.LEAD, Role.ADMIN),
    list_template="feedback/voice/topics.html",
    around_list=topics.settings_context,
)

QUALITY = Resource(
    key="quality",
    title=_("Quality reviews"),
    about=_("How many of an inbox's resolved tickets are drawn by lot each Monday, for leads to review their answers."),
    new=_("Add a plan"),
    things=lambda: QualityPlan.objects.select_related("inbox").order_by("inbox__name"),
    form=QualityPlanForm,
    columns=[
        Column(_("Inbox"), lambda plan: plan.inbox.name),
        Column(_("Tickets a week"), lambda plan: plan.per_week),
        Column(_("Last drawn in the week of"), lambda plan: plan.drawn_for),
    ],
    allowed=(Role.LEAD, Role.ADMIN),
)

urlpatterns = [
    path("topics/try/", topics.trial, name="settings_topics_try"),
    path("topics/rising/", topics.on_the_rise, name="settings_topics_rising"),
    path("topics/phrases/", topics.phrase, name="settings_topics_phrase"),
    *routes(TOPICS),
    *routes(QUALITY),
]
