"""What is left under /api/ when every app has said its part: nothing, said as a problem document."""

from django.urls import path, re_path

from helpdesk.api.problems import nowhere

urlpatterns = [path("", nowhere), re_path(r"^(?P<rest>.*)$", nowhere)]
