"""One intake worker of the benchmark: warms up on what waits, then works when told, and says when it began and ended.

The task is the one Celery runs; only the broker is left out. `python -m reports.bench.worker`
"""

import json
import sys
import time

import django


def main() -> None:
    """Speak over standard input and output: "warm", then, told to go, what was done."""
    django.setup()
    from tickets.tasks import receive_mail

    receive_mail()
    _say({"warm": True})
    if not sys.stdin.readline():
        return
    began = time.monotonic()
    count = receive_mail()
    _say({"count": count, "began": began, "ended": time.monotonic()})


def _say(words: dict[str, float]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
