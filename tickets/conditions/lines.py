"""Conditions as one line, as it stands in an address."""

import json
import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from tickets.conditions.cleaning import clean
from tickets.conditions.vocabulary import (
    MANY,
    BadCondition,
    Condition,
    values_of,
)


def written(conditions: Iterable[Condition]) -> str:
    """Conditions as one readable line: `status is open; tag any_of refund, vip`."""
    return "; ".join(
        " ".join(filter(None, [c["field"], c["is"], ", ".join(_quoted(v) for v in values_of(c) if v is not None)]))
        for c in conditions
    )


def read(line: str) -> list[Condition]:
    """The cleaned conditions of such a line. Raises BadCondition."""
    found: list[Condition] = []
    for part in _split(line[:4000], ";"):
        words = part.strip().split(None, 2)
        if not words:
            continue
        if len(words) == 1:
            raise BadCondition(_("“%(words)s” is no condition.") % {"words": part.strip()[:60]})
        values = [_unquoted(one) for one in _split(words[2], ",")] if len(words) == 3 else []
        many = words[1] in MANY
        found.append(
            {"field": words[0], "is": words[1], "value": values if many else (values[0] if len(values) == 1 else None)}
        )
    return clean(found)


def _quoted(value: Any) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r'[;,"\\]|^\s|\s$', text) else text


def _unquoted(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except json.JSONDecodeError as error:
            raise BadCondition(_("“%(words)s” is not closed.") % {"words": text[:60]}) from error
    return text


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks, where the marks are not within quotes."""
    return re.findall(rf'(?:"(?:\\.|[^"\\])*"|[^{mark}"]|")+', text)
