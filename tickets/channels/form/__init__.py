"""The web form: a page of ours, or a frame on a site of yours, on which customers write. Answers go by mail."""

from tickets.channels.form.adapter import WebForm

CHANNEL = WebForm()
