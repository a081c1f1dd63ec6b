"""Taking a person's addresses out of everything that was written down, where the law asks for it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, models

from helpdesk.models import Event, IdempotencyKey, PendingEvent

#: stands where an address stood
GONE = "[erased]"
#: not behind what a number stands behind in JSON
_NO_NUMBER = r'(?<!": )(?<!\[)(?<!, )'


def redact(addresses: Sequence[str], tables: Iterable[type[models.Model]]) -> None:
    """Put `GONE` where one of these addresses stands in a text or JSON column of these tables, the ledger included.

    Events keep everything else they say: what happened, when, to what, by whom.
    """
    if not addresses:
        return
    everywhere: list[type[models.Model]] = [*tables, PendingEvent]
    for model in everywhere:
        if columns := _columns(model):
            _replace(model._meta.db_table, columns, addresses)
    # what was answered to a program is kept for a day, and may be asked for again
    IdempotencyKey.objects.filter(body__iregex=pattern(addresses)).delete()
    with redacting():
        _replace(Event._meta.db_table, [("facts", True)], addresses)


@contextmanager
def redacting() -> Iterator[None]:
    """Within it, in one transaction, the ledger lets its facts be changed. What fails ends the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('helpdesk.redacting', 'yes', true)")
        yield
        cursor.execute("SELECT set_config('helpdesk.redacting', '', true)")


def pattern(addresses: Sequence[str]) -> str:
    """A regular expression, as PostgreSQL reads it, that finds these addresses and no longer ones around them."""
    either = "|".join(re.sub(r"([^\w@ ])", r"\\\1", address) for address in addresses)
    return rf"(?<![\w.+-])({either})(?![\w-]|\.\w)"


def _in_json(addresses: Sequence[str]) -> str:
    """The same in JSON as text: a number of ours that looks like a network's numeric address is left alone."""
    digits = [address for address in addresses if address.isdecimal()]
    words = [address for address in addresses if not address.isdecimal()]
    return "|".join([*([pattern(words)] if words else []), *([_NO_NUMBER + pattern(digits)] if digits else [])])


def _columns(model: type[models.Model]) -> list[tuple[str, bool]]:
    """The text columns of a model, and whether each is JSON."""
    return [
        (str(field.column), isinstance(field, models.JSONField))
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField) and not field.primary_key
    ]


def _replace(table: str, columns: Sequence[tuple[str, bool]], addresses: Sequence[str]) -> None:
    quote = connection.ops.quote_name
    likes = ["%" + re.sub(r"([\\%_])", r"\\\1", address) + "%" for address in addresses]
    sets, wheres, values, asked = [], [], [], []
    for column, is_json in columns:
        text = f"{quote(column)}::text"
        sets.append(f"{quote(column)} = regexp_replace({text}, %s, %s, 'gi'){'::jsonb' if is_json else ''}")
        values += [_in_json(addresses) if is_json else pattern(addresses), GONE]
        wheres.append(f"{text} ILIKE ANY(%s)")
        asked.append(likes)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(table)} SET {', '.join(sets)} WHERE {' OR '.join(wheres)}",  # noqa: S608 - names of ours
            [*values, *asked],
        )
