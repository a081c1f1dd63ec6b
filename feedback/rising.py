"""Words on the rise: what customers write more than before, in remarks that no topic was found in.

Each remark counts a word once, however often it says it. Whether a word is used more than before is judged by the
log-likelihood ratio (G²) of the four counts: remarks with and without it, lately and before. It only proposes words;
people decide.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from feedback import phrases
from feedback.models import Remark
from helpdesk import clock
from helpdesk.models import Agent

LATELY = timedelta(days=28)
BEFORE = timedelta(days=182)
MOST_REMARKS = 5_000
#: said in fewer remarks lately, a word is not looked at
LEAST = 3
#: G² of a word that chance alone makes rise so once in a thousand times
CLEAR = 10.83
MOST = 25
#: too short to mean anything alone
SHORTEST = 3
_COMMON = frozenset(
    phrases.fold(word)
    for word in """
    a about after all also am an and any are as at be because been before but by can could did do does don for from get
    got had has have he her him his how i if in into is it its just like ll me more my no not now of off on one only or
    our out over re she so some still than that the their them then there these they this to too up us ve very was we
    were what when where which who why will with would you your
    aber als am an auch auf aus bei bin bis bitte da damit dann das dass dem den der des die dies diese dieser doch du
    durch ein eine einem einen einer er es für gibt habe haben hat hatte ich ihr ihre ihnen im in ist ja kann kein keine
    können leider man mein meine mich mir mit nach nicht noch nun nur oder sehr sein sich sie sind so über um und uns
    unser vom von vor war was wenn werden wie wieder wir wird wurde zu zum zur
    """.split()
)


@dataclass(frozen=True, slots=True)
class Rise:
    """A word or two that are used more: in how many remarks lately, and before."""

    words: str
    lately: int
    before: int
    g2: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What rises, and among how many remarks."""

    rises: Sequence[Rise]
    lately: int
    before: int


def look(agent: Agent, now: datetime | None = None) -> Looked:
    """What rises in the last four weeks against the half year before, in what an agent may read."""
    now = now or clock.now()
    since = now - LATELY
    said = Remark.objects.visible_to(agent).counting().filter(topics=None, is_by_hand=False)
    said = said.exclude(text="").order_by("-said_at")
    lately = list(said.filter(said_at__gte=since).values_list("text", flat=True)[:MOST_REMARKS])
    before = list(
        said.filter(said_at__lt=since, said_at__gte=since - BEFORE).values_list("text", flat=True)[:MOST_REMARKS]
    )
    return Looked(rises(lately, before), len(lately), len(before))


def rises(lately: Sequence[str], before: Sequence[str]) -> list[Rise]:
    """What the one texts say more than the others, the clearest first."""
    if not lately or not before:
        return []
    import numpy as np
    from scipy.special import xlogy

    now, then = _counted(lately), _counted(before)
    kept = [words for words, n in now.items() if n >= LEAST]
    if not kept:
        return []
    a = np.array([now[words] for words in kept], dtype=float)
    b = np.array([then[words] for words in kept], dtype=float)
    sizes = np.array([len(lately), len(before)], dtype=float)
    observed = np.array([a, b, sizes[0] - a, sizes[1] - b])
    share = (a + b) / sizes.sum()
    expected = np.array([sizes[0] * share, sizes[1] * share, sizes[0] * (1 - share), sizes[1] * (1 - share)])
    ratio = np.divide(observed, expected, out=np.ones_like(observed), where=expected > 0)
    g2 = 2 * xlogy(observed, ratio).sum(axis=0)
    more = a / sizes[0] > b / sizes[1]
    found = [
        Rise(words, int(a[i]), int(b[i]), float(g2[i])) for i, words in enumerate(kept) if more[i] and g2[i] >= CLEAR
    ]
    return _without_parts(sorted(found, key=lambda one: (-one.g2, -len(one.words), one.words)))[:MOST]


def _counted(texts: Iterable[str]) -> Counter[str]:
    """In how many texts each word and each pair of neighbours stands."""
    counts: Counter[str] = Counter()
    for text in texts:
        words = phrases.read(text).folded.split()
        singles = {word for word in words if _says(word)}
        pairs = {
            f"{one} {two}"
            for one, two in pairwise(words)
            if one not in _COMMON and two not in _COMMON and (_says(one) or _says(two))
        }
        counts.update(singles | pairs)
    return counts


def _says(word: str) -> bool:
    return len(word) >= SHORTEST and word not in _COMMON and not word.isdigit()


def _without_parts(found: Sequence[Rise]) -> list[Rise]:
    """A word is left out where nearly all its remarks say it in a pair that is listed too."""
    pairs = [one for one in found if " " in one.words]
    return [
        one
        for one in found
        if " " in one.words
        or not any(one.words in pair.words.split(" ") and pair.lately >= 0.9 * one.lately for pair in pairs)
    ]
