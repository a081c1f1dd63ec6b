"""The project and its ground floor. Celery's app is imported here so that `shared_task` finds it."""

import gc

# what is loaded stays: looking through it again and again for rubbish would take a sixth of every start
gc.set_threshold(10_000, 20, 20)

from helpdesk.celery import app as celery_app  # noqa: E402 - after the line above, for its sake

__all__ = ["celery_app"]
