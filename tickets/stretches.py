"""What of a ticket's line of time is open, and what is folded: the question, what is new and the last words stay."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tickets.timeline import Entry

#: the last messages stay open, however much was said
LAST = 3
#: fewer than that are not worth a fold
FEW = 4
#: more changes in a row than that become one line
MANY_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some entries in a row: `open`, `changes` (many in a row, folded) or `earlier` (said before, folded)."""

    kind: str
    entries: tuple[Entry, ...]

    @property
    def messages(self) -> int:
        """How many messages are in it."""
        return sum(len(entry.ids) for entry in self.entries)

    @property
    def people(self) -> tuple[str, ...]:
        """Who said what is in it, each once, in the order they spoke."""
        said = [message for entry in self.entries for message in entry.messages]
        return tuple(dict.fromkeys(message.author_name or message.author_address for message in said))


def of(timeline: Sequence[Entry], *, shown_from: int | None = None) -> list[Stretch]:
    """The line of time in stretches. From the message `shown_from` on all stays open, besides the last ones."""
    first, last = _bounds(timeline, shown_from)
    if first is None or last is None or sum(bool(entry.ids) for entry in timeline[first + 1 : last]) < FEW:
        return list(_parts(timeline))
    earlier = Stretch("earlier", tuple(timeline[first + 1 : last]))
    return [*_parts(timeline[: first + 1]), earlier, *_parts(timeline[last:])]


def _bounds(timeline: Sequence[Entry], shown_from: int | None) -> tuple[int | None, int | None]:
    """Where the question stands, and where what stays open begins."""
    said = [at for at, entry in enumerate(timeline) if entry.ids]
    if len(said) <= LAST + 1:
        return None, None
    last = said[-LAST]
    if shown_from is not None:
        last = min([last, *(at for at in said[1:] if max(timeline[at].ids) >= shown_from)])
    return said[0], last


def _parts(entries: Sequence[Entry]) -> Iterator[Stretch]:
    for is_activity, group in groupby(entries, lambda entry: entry.kind == "activity"):
        found = tuple(group)
        yield Stretch("changes" if is_activity and len(found) > MANY_CHANGES else "open", found)
