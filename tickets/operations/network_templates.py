"""Words a network has approved, which may be sent when its time for free ones is over.

An account's templates are asked for in the background and kept, so that neither the composer nor an answer waits for
the network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tickets import texts
from tickets.channels.protocol import PLACE, Template
from tickets.models import ChannelAccount
from tickets.operations.status import NotPossible

MOST = 200


def of(account: ChannelAccount | None) -> tuple[Template, ...]:
    """What was kept of an account."""
    return tuple(Template(**{**one, "places": tuple(one["places"])}) for one in account.templates) if account else ()


@transaction.atomic
def keep(account: ChannelAccount, templates: Sequence[Template]) -> None:
    """Keep what the network says they are now."""
    ChannelAccount.objects.filter(pk=account.pk).update(templates=[asdict(one) for one in templates[:MOST]])


def filled(known: Sequence[Template], asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text a template becomes, and what its adapter needs to send it: `asked` has its `key` and its `places`.

    Raises NotPossible for one the network has not, and for a place without words.
    """
    template = next((one for one in known if one.key == asked.get("key")), None)
    if template is None:
        raise NotPossible(_("The network has no such template (any more). Choose another one."))
    given = asked.get("places") or {}
    # networks take no line breaks in a place
    places = {name: texts.line(str(given.get(name, "")), 1000) for name in template.places}
    if missing := [name for name, words in places.items() if not words]:
        raise NotPossible(_("The template wants words for {{%(name)s}}.") % {"name": missing[0]})
    text = PLACE.sub(lambda found: places.get(found[1], found[0]), template.text)
    return text, {"key": template.key, "places": places}
