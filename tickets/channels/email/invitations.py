"""The event that came with a mail, from its calendar file (RFC 5545, 5546): enough to show it, and no more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from tickets.channels.email import addresses, calendar_zones, charsets, headers
from tickets.channels.email.addresses import Address
from tickets.channels.email.calendar_zones import Observance, Zone

_SCANNED = 262144
_MAX_LINES = 5000
_MAX_TEXT = 1000
_ESCAPE = re.compile(r"\\([\\;,:\"nN])")
_MOMENT = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?(\d\d))?(Z)?)?")
_DURATION = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")
_PARAMETER = re.compile(r";([A-Za-z0-9-]{1,40})=(\"[^\"]{0,400}\"|[^;:\"]{0,400})")
_WORD = re.compile(r"[A-Z][A-Z-]{0,30}")


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event. Moments are aware; an event of whole days has dates. A time without a zone is taken as UTC."""

    method: str  # RFC 5546: REQUEST, CANCEL, REPLY, COUNTER, PUBLISH; "" when the file says none
    summary: str
    start: datetime | date | None
    end: datetime | date | None
    location: str
    organiser: Address | None


@dataclass(frozen=True, slots=True)
class _Property:
    name: str
    parameters: dict[str, str]
    value: str


@dataclass(frozen=True, slots=True)
class _Block:
    """What stands between BEGIN and END, the first property of each name."""

    kind: str
    outer: "_Block | None"
    properties: dict[str, _Property]

    def value(self, name: str) -> str:
        found = self.properties.get(name)
        return found.value if found else ""


def read(content: bytes, charset: str = "", method: str = "") -> Invitation | None:
    """The first event of a calendar file; None when it holds none. `method` is what the content type says."""
    text = charsets.decode(content[:_SCANNED], charset or "utf-8")[0].replace("\0", "")
    blocks = _blocks(text)
    event = next((one for one in blocks if one.kind == "VEVENT"), None)
    if event is None:
        return None
    calendar = event.outer or event
    said = (calendar.value("METHOD") or method).strip().upper()
    zones = _zones(blocks)
    home = calendar_zones.named(calendar.value("X-WR-TIMEZONE")) or UTC
    start = _moment(event.properties.get("DTSTART"), zones, home)
    end = _moment(event.properties.get("DTEND"), zones, home)
    if end is None and start is not None:
        end = _after(start, event.value("DURATION"))
    return Invitation(
        method=said if _WORD.fullmatch(said) else "",
        summary=_text(event.value("SUMMARY")),
        start=start,
        end=end,
        location=_text(event.value("LOCATION")),
        organiser=_person(event.properties.get("ORGANIZER")),
    )


def _blocks(text: str) -> list[_Block]:
    """Every block of a file in the order they begin, however badly they are closed."""
    found: list[_Block] = []
    within: _Block | None = None
    for one in _properties(text):
        if one.name == "BEGIN":
            within = _Block(one.value.strip().upper(), within, {})
            found.append(within)
        elif one.name == "END":
            within = within.outer if within else None
        elif within is not None:
            within.properties.setdefault(one.name, one)
    return found


def _properties(text: str) -> Iterator[_Property]:
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
    for line in lines[:_MAX_LINES]:
        end = _end_of_name(line)
        name, semicolon, rest = line[:end].partition(";")
        if end < 0 or not name:
            continue
        found = _PARAMETER.findall(semicolon + rest)
        yield _Property(
            name.strip().upper(), {key.upper(): value.strip('"') for key, value in found}, line[end + 1 :].strip()
        )


def _end_of_name(line: str) -> int:
    """Where the value begins: at the first colon that is not quoted."""
    quoted = False
    for place, char in enumerate(line[:_MAX_TEXT]):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return place
    return line.find(":")


def _zones(blocks: list[_Block]) -> dict[str, Zone]:
    halves: dict[str, list[Observance]] = {}
    for block in blocks:
        if block.kind in ("STANDARD", "DAYLIGHT") and block.outer is not None:
            half = calendar_zones.observance({name: one.value for name, one in block.properties.items()})
            if half is not None:
                halves.setdefault(block.outer.value("TZID"), []).append(half)
    return {name: Zone(tuple(found[:20])) for name, found in halves.items()}


def _moment(written: _Property | None, zones: dict[str, Zone], home: tzinfo) -> datetime | date | None:
    match = _MOMENT.match(written.value) if written else None
    if written is None or match is None:
        return None
    year, month, day, hour, minute, second = (int(match[n] or 0) for n in range(1, 7))
    try:
        if match[4] is None:
            return date(year, month, day)
        local = datetime(year, month, day, hour, minute, min(second, 59))  # noqa: DTZ001 - its zone follows
    except ValueError:
        return None
    if match[7]:
        return local.replace(tzinfo=UTC)
    name = written.parameters.get("TZID", "")
    zone = calendar_zones.named(name) if name else home
    if zone is None:
        zone = zones[name].at(local) if name in zones else home
    return local.replace(tzinfo=zone)


def _after(start: datetime | date, duration: str) -> datetime | date | None:
    match = _DURATION.fullmatch(duration.strip().upper()) if duration else None
    if match is None:
        return None
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in match.groups())
    try:
        return start + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return None


def _text(value: str) -> str:
    """A text as it is meant: escapes undone, on one line."""
    plain = _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], value[: 2 * _MAX_TEXT])
    return headers.clean(headers.without_overrides(charsets.without_surrogates(plain)))[:_MAX_TEXT]


def _person(written: _Property | None) -> Address | None:
    if written is None:
        return None
    scheme, _, rest = written.value.partition(":")
    address = addresses.normal(rest if scheme.lower() == "mailto" else written.value)
    name = _text(written.parameters.get("CN", ""))[:255]
    return Address(name, address) if address or name else None
