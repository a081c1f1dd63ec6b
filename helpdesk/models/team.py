"""Teams: agents who share inboxes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """A group of agents. Inboxes belong to teams, and so does the right to see their tickets."""

    name = models.CharField(_("name"), max_length=80, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
