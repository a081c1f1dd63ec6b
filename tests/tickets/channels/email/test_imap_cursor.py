"""How far we are in a folder: whatever the order of things, the cursor passes only what is stored."""

import random

import pytest

from tickets.channels.email.cursor import MANY, Cursor, advanced, following, joined


def is_true(cursor: Cursor, stored: set[int], there: list[int]) -> bool:
    """Whether everything the cursor calls stored is."""
    return set(there) - set(cursor.waiting(there)) <= stored


@pytest.mark.parametrize("seed", range(20))
def test_every_mail_is_stored_once_and_the_cursor_never_lies(seed):
    """Mails arrive, vanish and are fetched in any order, with outages of any length and processes that start anew."""
    dice = random.Random(seed)
    there: list[int] = []
    stored: set[int] = set()
    fetched = 0
    cursor, following_uid, turn = Cursor(), 1, 0
    for _step in range(250):
        deed = dice.random()
        if deed < 0.15:  # some arrive, now and then a great many
            for _mail in range(dice.choice([1, 3, 40, 700])):
                following_uid += dice.choice([1, 1, 1, 7])
                there.append(following_uid)
        elif deed < 0.2 and there:  # some vanish
            for uid in dice.sample(there, min(len(there), 10)):
                there.remove(uid)
        elif deed < 0.22:
            turn = 0  # another process goes on
        else:
            cursor = joined(cursor, Cursor(cursor.last).waiting(there))
            if waiting := cursor.waiting(there):
                portion = following(cursor, waiting, turn, 50).cut(
                    {u: dice.choice([1, 1, 30]) for u in waiting[:50]}, 100
                )
                turn += 1
                assert portion.uids == sorted(portion.uids) and set(portion.uids) <= set(waiting)
                stored |= set(portion.uids)
                fetched += len(portion.uids)
                before, cursor = cursor, advanced(cursor, portion, waiting)
                assert cursor.last >= before.last
        assert is_true(cursor, stored, there)
    for turn in range(10_000):
        cursor = joined(cursor, Cursor(cursor.last).waiting(there))
        if not (waiting := cursor.waiting(there)):
            break
        portion = following(cursor, waiting, turn, 50)
        stored |= set(portion.uids)
        cursor = advanced(cursor, portion, waiting)
        assert is_true(cursor, stored, there)
    assert set(there) <= stored and cursor.ahead_from is None
    assert fetched < 3 * following_uid, "a block given up is fetched again, and not over and over"


def test_few_are_fetched_from_the_oldest_on():
    assert following(Cursor(10), [11, 12, 15], 0, 50).uids == [11, 12, 15]
    assert following(Cursor(10), list(range(11, 11 + MANY)), 0, 50).uids == list(range(11, 61))


def test_many_are_fetched_from_both_ends_by_turns():
    uids = list(range(1, 1001))
    cursor, order = Cursor(), []
    for turn in range(4):
        waiting = cursor.waiting(uids)
        portion = following(cursor, waiting, turn, 50)
        order.append(portion.uids[0])
        cursor = advanced(cursor, portion, waiting)
    assert order == [951, 1, 901, 51]
    assert cursor == Cursor(100, 901, 1000)


def test_what_came_meanwhile_is_first():
    cursor, uids = Cursor(100, 901, 1000), [*range(1, 1001), 1005]
    portion = following(cursor, cursor.waiting(uids), 1, 50)
    assert portion.uids == [1005]
    assert advanced(cursor, portion, cursor.waiting(uids)) == Cursor(100, 901, 1005)


def test_a_mail_larger_than_a_portion_comes_alone_from_either_end():
    uids = list(range(1, 1001))
    top = following(Cursor(), uids, 0, 50)
    assert top.cut({1000: 500, 999: 1}, 100).uids == [1000]
    assert top.cut(dict.fromkeys(uids, 40), 100).uids == [999, 1000]
    assert following(Cursor(), uids, 1, 50).cut(dict.fromkeys(uids, 40), 100).uids == [1, 2]
