"""The ledger's monthly partitions."""

from datetime import date

from django.db import connection, transaction


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def ensure(first: date, last: date) -> int:
    """Make the partitions of every month from `first` to `last` that is not there yet. Returns how many it made.

    A month whose events already went to the default partition stays there: splitting it would lock the ledger.
    """
    made = 0
    month = first.replace(day=1)
    while month <= last:
        following = _next_month(month)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x48455041])
            name = f"helpdesk_event_{month:%Y_%m}"
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
            there = cursor.fetchone()[0]
            cursor.execute(
                "SELECT EXISTS (SELECT FROM helpdesk_event_rest WHERE at >= %s AND at < %s)", [month, following]
            )
            if not there and not cursor.fetchone()[0]:
                cursor.execute(
                    f"CREATE TABLE {name} PARTITION OF helpdesk_event FOR VALUES FROM (%s) TO (%s)",
                    [month.isoformat(), following.isoformat()],
                )
                made += 1
        month = following
    return made
