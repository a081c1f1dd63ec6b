"""Saving what a settings form was given, with an event that says who changed what."""

import re
from datetime import date, time
from typing import Any, TypeVar

from django.db import models, transaction
from django.forms import ModelForm

from helpdesk.crypto import EncryptedTextField
from helpdesk.events import record
from helpdesk.models import Agent

M = TypeVar("M", bound=models.Model)

#: longer values are texts: that they changed is enough
MOST_VALUE = 200
_SECRET = re.compile(r"password|secret|token|key|digest|credential|signature", re.IGNORECASE)


@transaction.atomic
def keep(form: "ModelForm[M]", *, actor: Agent) -> M:
    """Save a valid form; the event names the fields that changed, with what they were and are where that is safe.

    Safe are short values of the model's own fields; nothing that is encrypted at rest, or called like a secret.
    """
    is_new = form.instance.pk is None
    was = {} if is_new else {name: value for name in form.changed_data if (value := _before(form, name)) is not None}
    kept = form.save()
    if is_new or form.changed_data:
        name = kept._meta.model_name
        facts: dict[str, Any] = {"fields": sorted(form.changed_data)}
        now = {one: value for one in form.changed_data if (value := _after(form, one)) is not None}
        if was or now:
            facts |= {"was": {one: was.get(one) for one in now} if not is_new else {}, "now": now}
        record(f"{name}.{'created' if is_new else 'changed'}", kept, actor=actor, **facts)
    return kept


def _is_safe(form: "ModelForm[Any]", name: str) -> bool:
    if _SECRET.search(name) or name not in (form._meta.fields or ()):
        return False
    return not isinstance(form._meta.model._meta.get_field(name), EncryptedTextField)


def _before(form: "ModelForm[Any]", name: str) -> Any:
    if not _is_safe(form, name):
        return None
    kept = form.initial.get(name)
    queryset = getattr(form.fields[name], "queryset", None)
    if queryset is not None and kept is not None and not isinstance(kept, list | models.QuerySet):
        kept = queryset.model._default_manager.filter(pk=kept).first()
    return _plain(kept)


def _after(form: "ModelForm[Any]", name: str) -> Any:
    return _plain(form.cleaned_data.get(name)) if _is_safe(form, name) else None


def _plain(value: Any) -> Any:
    """A value as JSON; None where it says nothing, or too much."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple | models.QuerySet):
        return sorted(str(one) for one in value)[:50]
    text = "" if value is None else str(value)
    return text if len(text) <= MOST_VALUE else None
