"""Where an agent stands with chats: whether new ones come to them, how many at once, and how they hear of them."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent

MOST_CHATS = 20


class ChatSeat(models.Model):
    """One of each agent who ever had to do with it."""

    agent = models.OneToOneField(Agent, models.CASCADE, related_name="chat_seat")
    is_available = models.BooleanField(_("new chats come to me"), default=False)
    capacity = models.PositiveSmallIntegerField(
        _("chats at once"), default=4, validators=[MinValueValidator(1), MaxValueValidator(MOST_CHATS)],
        help_text=_("No more are given to you by themselves; you may take more."),
    )  # fmt: skip
    #: when they last said whether chats come to them; null: they never did
    switched_at = models.DateTimeField(null=True)
    #: when a page of theirs was last open, a minute old at most; null: they signed out
    open_at = models.DateTimeField(null=True)
    #: when they were last given a chat
    given_at = models.DateTimeField(null=True)
    rings = models.BooleanField(
        _("a tone"), default=False, help_text=_("When a visitor writes while you look at another page or program.")
    )
    notifies = models.BooleanField(
        _("a notification of the browser"), default=False,
        help_text=_("It names the visitor, and nothing they wrote. Your browser asks whether it may."),
    )  # fmt: skip

    def __str__(self) -> str:
        return str(self.agent)
