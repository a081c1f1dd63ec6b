"""What a customer's other tickets say of each: whether it was the first of its matter, and whether they came back."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction

from helpdesk import statements
from reports.ledger.asking import FEW, lock, whole

_CUSTOMER_LOCK_CLASS = 0x4643  # advisory locks of ours; the second key is the customer
#: first contact resolution: within that many days nothing may come back
NEXT_CONTACT_DAYS = 7
WINDOW = timedelta(days=NEXT_CONTACT_DAYS)


#: what a customer's other tickets say of each: when they came next, and whether it only followed an earlier one. The
#: rules are those of `metrics.resolution.first_contact`, which the tests hold beside it
_LINKS = f"""
    WITH own AS MATERIALIZED (
        SELECT ticket, customer, topic, created_at, judged_at, in_quality, follow_up_of, net_reopened_at, is_solved,
            replies_before_first_resolution, next_contact_at, next_same_topic_at, is_follow_up, fcr,
            customer IS NOT NULL AND in_volume AND is_contact AS counts,
            coalesce(last_solved_at, left_at, 'infinity') AS until
        FROM reports_ticketfacts WHERE customer = ANY(%(customers)s::bigint[]) OR ticket = ANY(%(tickets)s::bigint[])
    ), seen AS (
        SELECT ticket, topic, created_at, judged_at,
            min(created_at) FILTER (WHERE counts) OVER later AS next_any,
            min(created_at) FILTER (WHERE counts AND topic IS NULL) OVER later AS next_unknown,
            min(created_at) FILTER (WHERE counts) OVER later_alike AS next_alike,
            max(until) FILTER (WHERE counts) OVER earlier AS until_any,
            max(until) FILTER (WHERE counts AND topic IS NULL) OVER earlier AS until_unknown,
            max(until) FILTER (WHERE counts) OVER earlier_alike AS until_alike
        FROM own WINDOW
            later AS (PARTITION BY customer ORDER BY created_at DESC
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            later_alike AS (PARTITION BY customer, topic ORDER BY created_at DESC
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            earlier AS (PARTITION BY customer ORDER BY created_at
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            earlier_alike AS (PARTITION BY customer, topic ORDER BY created_at
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING)
    ), chosen AS (
        SELECT ticket, created_at, judged_at, next_any,
            CASE WHEN topic IS NULL THEN next_any ELSE least(next_alike, next_unknown) END AS next_same,
            CASE WHEN topic IS NULL THEN until_any ELSE greatest(until_alike, until_unknown) END AS until
        FROM seen
    ), linked AS (
        SELECT ticket,
            CASE WHEN judged_at IS NULL OR next_any < judged_at THEN next_any END AS next_contact_at,
            CASE WHEN judged_at IS NULL OR next_same < judged_at THEN next_same END AS next_same_topic_at,
            coalesce(created_at < until + interval '{NEXT_CONTACT_DAYS} days', FALSE) AS is_follow_up
        FROM chosen
    ), judged AS (
        SELECT linked.*,
            CASE
                WHEN NOT own.in_quality THEN 'excluded'
                WHEN own.follow_up_of IS NOT NULL OR linked.is_follow_up THEN 'follow_up'
                WHEN own.judged_at IS NULL THEN 'unresolved'
                WHEN own.replies_before_first_resolution <> 1 THEN 'not_one_reply'
                WHEN own.net_reopened_at < own.judged_at THEN 'reopened'
                WHEN linked.next_same_topic_at IS NOT NULL THEN 'repeat_contact'
                WHEN own.is_solved IS NULL THEN 'fcr_operational'
                WHEN own.is_solved THEN 'fcr_confirmed'
                ELSE 'customer_says_no'
            END AS fcr
        FROM linked JOIN own USING (ticket)
    ), other AS MATERIALIZED (
        SELECT judged.* FROM own JOIN judged USING (ticket)
        WHERE (own.next_contact_at, own.next_same_topic_at, own.is_follow_up, own.fcr)
            IS DISTINCT FROM (judged.next_contact_at, judged.next_same_topic_at, judged.is_follow_up, judged.fcr)
    ), changed AS MATERIALIZED (
        SELECT other.* FROM reports_ticketfacts AS old JOIN other USING (ticket) FOR NO KEY UPDATE OF old SKIP LOCKED
    )
    UPDATE reports_ticketfacts AS old
    SET next_contact_at = changed.next_contact_at, next_same_topic_at = changed.next_same_topic_at,
        is_follow_up = changed.is_follow_up, fcr = changed.fcr
    FROM changed WHERE old.ticket = changed.ticket
"""  # noqa: S608 - a number of ours


@transaction.atomic
def link(customers: Iterable[int]) -> None:
    """Say of every ticket of these customers what their other tickets say of it; for facts written by COPY."""
    link_both(sorted(customers), [])


def link_both(customers: list[int], tickets: list[int]) -> None:
    """Say of every ticket of these customers, and of these tickets, what their other tickets say of it.

    Whoever writes a ticket's facts comes here afterwards and waits for the others. So a row that somebody else holds is
    left to them: they see what is written here, and waiting for them would be waiting in a circle.
    """
    lock(_CUSTOMER_LOCK_CLASS, customers)
    values = {"customers": whole(customers), "tickets": whole(tickets)}
    # one plan is good for a ticket or two, and for thousands another one
    with statements.cursor() if len(tickets) + len(customers) <= FEW else connection.cursor() as cursor:
        cursor.execute(_LINKS, values)
