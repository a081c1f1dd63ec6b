"""The addresses of web forms."""

from django.urls import path

from tickets.channels.form import views

urlpatterns = [
    path("<str:key>/", views.page, name="form_page"),
    path("<str:key>/frame.js", views.frame_script, name="form_frame_script"),
    path("<str:key>/thanks/", views.thanks, name="form_thanks"),
]
