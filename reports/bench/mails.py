"""The mails of the benchmark: as many as asked for, the same for a seed, in the mix a support address gets.

60 % new and plain, 20 % replies that quote what they answer, 15 % with an HTML alternative, 5 % with a 200 KB
attachment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from random import Random

_CUSTOMERS = 400
_ATTACHED_BYTES = 200 * 1024
_BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_MIX = ["plain"] * 12 + ["reply"] * 4 + ["html"] * 3 + ["attachment"]
_WORDS = (
    "about account again already always answer arrived back before bicycle box brake broken buy cable call card chain "
    "check colour company could day delivery does done email every find frame from gear get give good have help here "
    "how invoice just know last left like long look made mail make me more morning need never new next night no not "
    "number office old only open order our over paid part pay please price problem question ready received refund "
    "reply right road said saddle same saw say send sent shop should since size some soon still street tell thank that "
    "then there they thing this time today tomorrow track try two use very wait want was week well went wheel when "
    "where which while who why will with without work would write wrong year yesterday you your"
).split()


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its bytes, and whether it opens a ticket."""

    content: bytes
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Said:
    message_id: str
    sender: str
    subject: str
    text: str


def make(count: int, *, to: str, seed: int = 1) -> list[Mail]:
    """`count` mails to an address, parents before their replies."""
    random = Random(seed)  # noqa: S311 - texts, no secrets
    kinds = [_MIX[i % len(_MIX)] for i in range(count)]
    random.shuffle(kinds)
    if count and kinds[0] == "reply":
        other = next((i for i, kind in enumerate(kinds) if kind != "reply"), 0)
        kinds[0], kinds[other] = kinds[other], "reply"
    said: list[_Said] = []
    return [_mail(random, kind, number, seed, to, said) for number, kind in enumerate(kinds)]


def _mail(random: Random, kind: str, number: int, seed: int, to: str, said: list[_Said]) -> Mail:
    mail = EmailMessage()
    mail["Message-ID"] = message_id = f"<bench-{seed}-{number}@mail.example>"
    mail["Date"] = format_datetime(_BEGAN + timedelta(seconds=37 * number))
    mail["To"] = to
    text = _body(random, 40 if kind == "reply" else 90)
    if kind == "reply":
        before = random.choice(said)
        quoted = "\n".join(f"> {row}" for row in before.text.splitlines())
        mail["From"], mail["Subject"] = before.sender, f"Re: {before.subject}"
        mail["In-Reply-To"] = mail["References"] = before.message_id
        mail.set_content(f"{text}\nOn Mon, 2 Mar 2026 at 10:00, Support <{to}> wrote:\n\n{quoted}\n")
        return Mail(mail.as_bytes(), is_new=False)
    customer = random.randrange(_CUSTOMERS)
    mail["From"] = sender = f"Customer {customer} <customer{customer}@client.example>"
    mail["Subject"] = subject = " ".join(random.choices(_WORDS, k=random.randint(3, 8))).capitalize()
    mail.set_content(text)
    if kind == "html":
        rows = text.replace("\n", "<br>\n")
        mail.add_alternative(
            f"<html><body><p>{rows}</p><table><tr><td><b>Order</b></td><td>{random.randrange(10**6)}</td></tr></table>"
            "</body></html>",
            subtype="html",
        )
    elif kind == "attachment":
        scan = random.randbytes(_ATTACHED_BYTES)
        mail.add_attachment(scan, maintype="application", subtype="pdf", filename=f"scan-{number}.pdf")
    if mail.is_multipart():
        mail.set_boundary(f"bench-{seed}-{number}")
    said.append(_Said(message_id, sender, subject, text))
    return Mail(mail.as_bytes(), is_new=True)


def _body(random: Random, words: int) -> str:
    chosen = random.choices(_WORDS, k=words)
    rows = [" ".join(chosen[i : i + 12]).capitalize() + "." for i in range(0, words, 12)]
    return "Hello,\n\n" + "\n".join(rows) + "\n\nRegards\n"
