"""Agents: the people who work tickets, and our user model."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody may do. Which tickets they may see is decided by their teams' inboxes."""

    ADMIN = "admin", _("Admin")
    LEAD = "lead", _("Lead")
    AGENT = "agent", _("Agent")
    LIGHT = "light", _("Light collaborator")


class Theme(models.TextChoices):
    AUTO = "auto", _("As the device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class AfterAct(models.TextChoices):
    """Where one goes after sending or resolving."""

    NEXT = "next", _("To the next ticket")
    STAY = "stay", _("Stay on the ticket")
    LIST = "list", _("To the list")


class Digest(models.TextChoices):
    NEVER = "never", _("Never")
    DAILY = "daily", _("Every morning")
    WEEKLY = "weekly", _("On Monday mornings")


class AgentManager(BaseUserManager["Agent"]):
    """Makes agents and names the sets people speak of."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Agent":
        """Make an agent; the address is kept in lower case."""
        agent = self.model(email=email.strip().lower(), **fields)
        agent.set_password(password)
        agent.save()
        return agent

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Agent":
        """Make an admin."""
        return self.create_user(email, password, **{"role": Role.ADMIN, **fields})

    def get_by_natural_key(self, email: str | None) -> "Agent":
        return self.get(email__iexact=email)

    def active(self) -> models.QuerySet["Agent"]:
        """Those who may sign in and be given work."""
        return self.filter(is_active=True)


class Agent(AbstractBaseUser):
    """A person who signs in. Their teams decide which inboxes they see, their role what they may do."""

    #: in lower case, so that there is one of each
    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.AGENT)
    language = models.CharField(_("language"), max_length=10, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    signature = models.TextField(
        _("signature"),
        blank=True,
        max_length=2000,
        help_text=_("Where the inbox's signature says {{agent.signature}}."),
    )
    theme = models.CharField(_("theme"), max_length=5, choices=Theme.choices, default=Theme.AUTO)
    #: keys they changed: the name of an act -> the key; see the keyboard map
    keys = models.JSONField(default=dict, blank=True)
    after_act = models.CharField(
        _("after sending or resolving"), max_length=5, choices=AfterAct.choices, default=AfterAct.NEXT
    )
    #: how lists look: "density", "columns", "group_by"
    lists = models.JSONField(default=dict, blank=True)
    is_away = models.BooleanField(_("away"), default=False)
    #: no mail and no push between these, in their zone; both or neither
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    quiet_weekends = models.BooleanField(_("quiet on Saturdays and Sundays"), default=False)
    digest = models.CharField(_("summary by mail"), max_length=6, choices=Digest.choices, default=Digest.NEVER)
    #: the first-run guide is put away
    hides_guide = models.BooleanField(default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    teams = models.ManyToManyField("helpdesk.Team", related_name="members", blank=True, verbose_name=_("teams"))

    #: the inboxes a program that acts as this agent is limited to; set with its token, never kept
    limited_to: frozenset[int] | None = None

    objects = AgentManager()
    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="agent_email_in_lower_case")
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ", 1)[0]

    @property
    def is_admin(self) -> bool:
        """May change everything."""
        return self.role == Role.ADMIN

    @property
    def sees_all(self) -> bool:
        """An admin, unless it is a program of theirs that is limited to some inboxes."""
        return self.is_admin and self.limited_to is None

    @property
    def is_lead(self) -> bool:
        """May read reports and look after teams; admins too."""
        return self.role in (Role.ADMIN, Role.LEAD)

    @property
    def may_reply(self) -> bool:
        """Light collaborators read and note; everybody else answers customers."""
        return self.role != Role.LIGHT
