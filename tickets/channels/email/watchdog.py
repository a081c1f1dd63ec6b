"""A limit on the processor time of a piece of pure work, for a process that must not die of it."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

_T = TypeVar("_T")
#: what swallowed the first alarm hears it again after that many seconds of processor
_AGAIN = 1.0


class TooSlow(BaseException):
    """The time is used up. Not an Exception, so that no guard on the way takes it for a defect of the mail."""


def within(seconds: float, work: Callable[[], _T]) -> _T:
    """What `work` answers; TooSlow when it takes more processor time than `seconds`.

    The time is the processor's and not the clock's: a busy machine makes no mail suspicious. Signals reach the main
    thread alone; in another one the work simply runs. An extension that never comes back to Python is not stopped:
    that is what a trial is for.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    handler = signal.getsignal(signal.SIGPROF)
    timer = signal.getitimer(signal.ITIMER_PROF)

    def disarm() -> None:
        signal.setitimer(signal.ITIMER_PROF, *timer)
        signal.signal(signal.SIGPROF, handler if handler is not None else signal.SIG_DFL)

    try:
        signal.signal(signal.SIGPROF, _ring)
        signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
        return work()
    finally:
        try:
            disarm()
        finally:  # an alarm that rang in between interrupted the first
            disarm()


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow
