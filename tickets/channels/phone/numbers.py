"""Telephone numbers as they are compared: E.164, `+` and up to 15 digits (ITU-T E.164, 11/2010)."""

import re

_NUMBER = re.compile(r"\+[1-9]\d{5,14}")
_BETWEEN = re.compile(r"[\s()./‐-―\u00a0-]|\(0\)")


def clean_number(number: str) -> str:
    """A number with its country's code, as it is kept; "" for what is none. `00` at its beginning is a `+`."""
    bare = _BETWEEN.sub("", number.replace("(0)", "").strip())
    bare = "+" + bare[2:] if bare.startswith("00") else bare
    return bare if bare.isascii() and _NUMBER.fullmatch(bare) else ""
