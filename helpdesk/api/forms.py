"""A settings form given by a program: the same rules, the same event, its errors as those of a body."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import IntegrityError, models
from django.forms import ModelForm
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied, ValidationError

from helpdesk.models import Agent
from helpdesk.operations.keeping import keep

M = TypeVar("M", bound=models.Model)


def must_look_after_settings(agent: Agent) -> None:
    """Raise PermissionDenied for who does not change the settings: admins do, with a token that is not limited."""
    if not agent.sees_all:
        raise PermissionDenied(_("Admins do that, with a token that is not limited to inboxes."))


def save(form: type[ModelForm], given: Mapping[str, Any], *, actor: Agent, thing: M | None = None) -> Any:
    """Keep what the body gives, as the settings page does; what it leaves out stays, or is as in an empty form.

    Raises ValidationError by the names of the form's fields.
    """
    said = form(instance=thing)
    before = {name: said.get_initial_for_field(field, name) for name, field in said.fields.items()}
    filled = form({name: _sent(value) for name, value in {**before, **given}.items()}, instance=thing)
    if not filled.is_valid():
        raise ValidationError({name: list(map(str, errors)) for name, errors in filled.errors.items()})
    try:
        return keep(filled, actor=actor)
    except IntegrityError:
        raise ValidationError(_("Somebody made the same one meanwhile.")) from None


def _sent(value: Any) -> Any:
    """A value as a browser would send it."""
    if isinstance(value, list | tuple | models.QuerySet):
        return [one.pk if isinstance(one, models.Model) else one for one in value]
    return value.pk if isinstance(value, models.Model) else value
