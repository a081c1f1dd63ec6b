"""The helpdesk broken on purpose, to see that the ledger goes red: a harness that cannot go red proves nothing."""

import threading
import time
from collections.abc import Sequence
from typing import Any


def acknowledges_before_it_stores() -> None:
    """The mail room says 250 at once and stores half a second later."""
    from tickets.channels.email import receiving

    keep = receiving.keep

    def later(*arguments: Any) -> None:
        time.sleep(0.5)
        keep(*arguments)

    receiving.keep = lambda *arguments: threading.Thread(target=later, args=arguments, daemon=True).start()  # type: ignore[assignment, func-returns-value, return-value]


def moves_the_cursor_before_it_stores() -> None:
    """What was found counts as stored before it was even fetched."""
    from tickets.channels.email import imap
    from tickets.models import MailFolder

    contents = imap.contents

    def eager(session: Any, uids: Sequence[int], *more: Any) -> Any:
        MailFolder.objects.update(last_uid=max(uids))
        return contents(session, uids, *more)

    imap.contents = eager


def holds_no_lease() -> None:
    """A delivery belongs to nobody while it is being sent."""
    from tickets.models import Delivery
    from tickets.operations import claims, sending

    claim, seen = sending.claim, set[int]()

    def look(*arguments: Any, **more: Any) -> list[Delivery]:
        claimed = claim(*arguments, **more)
        Delivery.objects.filter(pk__in=[delivery.pk for delivery in claimed]).update(state="queued")
        new = [delivery for delivery in claimed if delivery.pk not in seen]
        seen.update(delivery.pk for delivery in new)
        return new

    sending.claim = look
    claims._mine = lambda delivery: Delivery.objects.filter(pk=delivery.pk)


def sends_again_what_may_have_been_sent() -> None:
    """What is uncertain is simply tried once more."""
    from tickets.models import Delivery
    from tickets.operations import sending

    recover = sending.recover

    def hopeful(*arguments: Any) -> Any:
        Delivery.objects.update(transmitting=False)
        return recover(*arguments)

    sending.recover = hopeful


def leases_end_after_a_second() -> None:
    """No defect: a short lease, so that a test sees it renewed."""
    from datetime import timedelta

    from tickets.channels.email import sending
    from tickets.operations import claims

    claims.LEASE = timedelta(seconds=1)
    sending.RENEW_SECONDS = 0.25


def cannot_read_poison() -> None:
    """A defect in the parser that mails with `poison` in their subject meet."""
    import os
    import signal

    from tickets.channels.email import reading

    parse = reading.parse

    def defective(content: bytes, **more: Any) -> Any:
        if b"Subject: poison dies" in content:
            os.kill(os.getpid(), signal.SIGKILL)
        while b"Subject: poison loops" in content:
            pass
        if b"Subject: poison eats" in content:
            hold = []
            while True:
                hold.append(bytearray(256 * 1024 * 1024))
                if len(hold) > 8:  # two gigabytes: nobody gave it that much
                    os.kill(os.getpid(), signal.SIGKILL)
        if b"Subject: poison raises" in content:
            raise RecursionError("a defect of ours")
        return parse(content, **more)

    reading.parse = defective
    reading.SECONDS = 1


def asks_a_busy_server_again_after_a_second() -> None:
    """No defect: less patience with a server that asks for some, so that a test need not have it."""
    from tickets.channels.email import watching

    watching.BUSY_WAIT = 1.0


def waits_for_no_lock() -> None:
    """No defect: a lock that somebody else holds is an error after a moment."""
    from django.db import connections

    connections["default"].settings_dict["OPTIONS"] = {"options": "-c lock_timeout=300"}


def reads_in_parts_of_half_a_second() -> None:
    """A parser that hangs at some mails, and a clock that runs ten times as fast for who waits."""
    from tickets import tasks

    cannot_read_poison()
    tasks.PART_SECONDS = 0.5
