"""Saved views: lists agents make for themselves, for a team or for everyone, and where each agent puts them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, agent: Agent) -> "SavedViewQuerySet":
        """An agent's own, those of their teams, and those for everyone. What they list is the agent's own to see."""
        return self.filter(
            Q(scope=SavedView.Scope.EVERYONE)
            | Q(scope=SavedView.Scope.PRIVATE, owner=agent)
            | Q(scope=SavedView.Scope.TEAM, team__in=agent.teams.all())
        )


class SavedView(models.Model):
    """Conditions, an order and columns under a name."""

    class Scope(models.TextChoices):
        PRIVATE = "private", _("Only me")
        TEAM = "team", _("A team")
        EVERYONE = "everyone", _("Everyone")

    name = models.CharField(_("name"), max_length=80)
    scope = models.CharField(_("who sees it"), max_length=8, choices=Scope.choices, default=Scope.PRIVATE)
    owner = models.ForeignKey(Agent, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey("helpdesk.Team", models.CASCADE, null=True, blank=True, related_name="saved_views")
    #: [{"field": …, "is": …, "value": …}, …]: all of them hold; see tickets.conditions
    conditions = models.JSONField(default=list)
    #: words of a search besides the conditions
    query = models.CharField(max_length=300, blank=True)
    order = models.CharField(max_length=40, default="waiting")
    group_by = models.CharField(max_length=40, blank=True)
    #: none: whatever the agent has chosen for lists
    columns = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(scope="team") | Q(team__isnull=False), name="saved_view_of_a_team_has_one"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ViewPlace(models.Model):
    """Where an agent puts a view: `view` is the key of one of ours, or the number of a saved one."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="view_places")
    view = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField(default=0)
    is_pinned = models.BooleanField(default=False)
    is_hidden = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "view"], name="view_place_once")]
