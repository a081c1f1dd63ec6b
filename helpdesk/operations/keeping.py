"""Saving what a settings form was given, with an event that says who changed what."""

from typing import TypeVar

from django.db import models, transaction
from django.forms import ModelForm

from helpdesk.events import record
from helpdesk.models import Agent

M = TypeVar("M", bound=models.Model)


@transaction.atomic
def keep(form: "ModelForm[M]", *, actor: Agent) -> M:
    """Save a valid form; the event names the fields that changed, never their values."""
    is_new = form.instance.pk is None
    kept = form.save()
    if is_new or form.changed_data:
        name = kept._meta.model_name
        record(f"{name}.{'created' if is_new else 'changed'}", kept, actor=actor, fields=sorted(form.changed_data))
    return kept
