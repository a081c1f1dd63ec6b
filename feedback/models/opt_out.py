"""Customers who want no surveys."""

from django.db import models

from feedback.models.invitation import Invitation
from helpdesk import clock
from tickets.models import Customer


class OptOut(models.Model):
    """A person who asked not to be asked. Answers to their tickets reach them as before."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="survey_opt_out")
    #: the mail they said it from
    invitation = models.ForeignKey(Invitation, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"customer {self.customer_id} wants no surveys"
