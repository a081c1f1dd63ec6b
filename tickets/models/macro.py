"""Saved replies and macros: text, and what is done with it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models.inbox import Inbox


class MacroQuerySet(models.QuerySet["Macro"]):
    def visible_to(self, agent: Agent) -> "MacroQuerySet":
        """Everybody's, and the agent's own."""
        return self.filter(Q(owner=None) | Q(owner=agent), is_active=True)

    def for_inbox(self, inbox: Inbox) -> "MacroQuerySet":
        """Those of no inbox in particular, and those of this one."""
        return self.filter(Q(inboxes=None) | Q(inboxes=inbox)).distinct()


class Macro(models.Model):
    """Text with fields, and actions in their order. One without actions is a saved reply."""

    name = models.CharField(_("name"), max_length=80)
    #: as the editor wrote it: safe HTML; its plain text is derived
    html = models.TextField(_("text"), blank=True)
    #: [{"do": "status", "value": "pending"}, …]: see tickets.operations.macros
    actions = models.JSONField(_("actions"), default=list, blank=True)
    inboxes = models.ManyToManyField(Inbox, related_name="macros", blank=True, verbose_name=_("inboxes"))
    #: none means everybody's
    owner = models.ForeignKey(Agent, models.CASCADE, null=True, blank=True, related_name="macros")
    is_active = models.BooleanField(_("active"), default=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = MacroQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class MacroUse(models.Model):
    """An agent used it on a ticket: what ranks it next time."""

    macro = models.ForeignKey(Macro, models.CASCADE, related_name="uses")
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="+")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+")
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["agent", "-at"], name="macro_use_of_agent")]
