"""The settings pages of feedback."""

from django.urls import path

from feedback.views import surveys

urlpatterns = [
    path("surveys/", surveys.listing, name="settings_surveys"),
    path("surveys/new/", surveys.edit, name="settings_surveys_new"),
    path("surveys/<int:pk>/", surveys.edit, name="settings_surveys_edit"),
    path("surveys/<int:pk>/page/", surveys.page, name="settings_surveys_page"),
    path("surveys/<int:pk>/trial/", surveys.trial, name="settings_surveys_trial"),
]
