"""The project and its ground floor. Celery's app is imported here so that `shared_task` finds it."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
