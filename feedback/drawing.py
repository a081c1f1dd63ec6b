"""Lots: who gets which survey, and who is asked at all. The same lot is drawn however often it is asked for."""

import math
from collections.abc import Sequence
from hashlib import blake2b

from feedback.models import Survey


def number(*names: object) -> float:
    """A number in (0, 1] that always belongs to these names, and to others another one."""
    said = " ".join(map(str, names)).encode()
    return (int.from_bytes(blake2b(said, digest_size=8).digest()) + 1) / 2**64


def one_for(customer_id: int, surveys: Sequence[Survey]) -> Survey | None:
    """Which of several surveys this customer gets: always the same one, and each as often as its share says.

    A survey that is added takes customers only to itself; one that goes leaves the others' where they are.
    """
    shares = [(survey, -survey.weight / _below_zero(number("survey", survey.pk, customer_id))) for survey in surveys]
    known = [(value, survey.pk, survey) for survey, value in shares if survey.weight]
    return max(known, key=lambda one: one[:2])[2] if known else None


def _below_zero(drawn: float) -> float:
    return math.log(drawn) or -5e-324


def is_drawn(survey: Survey, asked: object) -> bool:
    """Whether the lot of this ticket or round is among the survey's percent."""
    return survey.percent >= 100 or number("lot", survey.pk, asked) * 100 <= survey.percent
