"""Reading settings from the environment: typed, and refusing with the setting's name when a value is wrong."""

import os
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The setting as text. Raises ImproperlyConfigured when it is missing and has no default."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"The setting {name} is missing. See docs/settings.md.")
    return default


def whole(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """The setting as a whole number within [least, most]."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"The setting {name} must be a whole number, not {value!r}.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"The setting {name} must be between {least} and {most}, not {number}.")
    return number


def flag(name: str, default: bool) -> bool:
    """The setting as yes or no."""
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"The setting {name} must be 1 or 0, not {value!r}.")


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    """The setting as one of a few words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"The setting {name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """The setting as a list, separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name: str, default: str, schemes: Sequence[str]) -> str:
    """The setting as a URL with one of the given schemes."""
    value = text(name, default)
    if urlsplit(value).scheme not in schemes:
        raise ImproperlyConfigured(f"The setting {name} must begin with {' or '.join(s + '://' for s in schemes)}.")
    return value


def zone(name: str, default: str) -> str:
    """The setting as the name of a time zone."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown names, folders of names, names that lead elsewhere
        raise ImproperlyConfigured(
            f"The setting {name} must be the name of a time zone, such as Europe/Berlin, not {value!r}."
        ) from None
    return value


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """The setting as a list of networks, such as 10.1.0.0/16, separated by commas; a bare address is itself."""
    try:
        return [ip_network(word) for word in words(name)]
    except ValueError as error:
        raise ImproperlyConfigured(f"The setting {name} must be networks, with commas: {error}.") from None


def folder(name: str, default: Path) -> Path:
    """The setting as an absolute path."""
    return Path(text(name, str(default))).expanduser().resolve()
