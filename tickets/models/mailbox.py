"""Where an inbox's mail is fetched from and handed to: other people's servers, and how we sign in there."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.crypto import EncryptedTextField
from tickets.models.inbox import Inbox


class Security(models.TextChoices):
    TLS = "tls", _("TLS")
    STARTTLS = "starttls", _("STARTTLS")
    NONE = "none", _("none (only on this machine)")


class SignIn(models.TextChoices):
    PASSWORD = "password", _("user name and password")
    GOOGLE = "google", _("Google (OAuth2)")
    MICROSOFT = "microsoft", _("Microsoft (OAuth2)")


class Grant(models.Model):
    """What somebody allowed us at Google or Microsoft: tokens to read and send mail as one account (RFC 6749)."""

    provider = models.CharField(max_length=10, choices=SignIn.choices[1:])
    #: the account it is for
    username = models.CharField(max_length=320)
    refresh_token = EncryptedTextField()
    access_token = EncryptedTextField(blank=True)
    expires_at = models.DateTimeField(null=True)
    scope = models.TextField(blank=True)
    #: in words, when it was taken back or could not be renewed
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "username"], name="grant_once")]


class Mailbox(models.Model):
    """An IMAP account from which an inbox is fetched. Flags on the server decide nothing."""

    Security = Security

    class Start(models.TextChoices):
        NOW = "now", _("from now on")
        ALL = "all", _("bring in what is there too, as history")

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="mailbox")
    host = models.CharField(_("IMAP server"), max_length=200)
    port = models.PositiveIntegerField(
        _("port"), default=993, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("security"), max_length=10, choices=Security.choices, default=Security.TLS)
    sign_in = models.CharField(_("signs in with"), max_length=10, choices=SignIn.choices, default=SignIn.PASSWORD)
    username = models.CharField(_("user name"), max_length=320)
    password = EncryptedTextField(_("password"), blank=True)
    grant = models.ForeignKey(Grant, models.SET_NULL, null=True, blank=True, related_name="mailboxes")
    start = models.CharField(_("begin"), max_length=5, choices=Start.choices, default=Start.NOW)
    is_active = models.BooleanField(_("active"), default=True)
    checked_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("mailbox")


class MailFolder(models.Model):
    """A folder of a mailbox, and how far we are in it.

    Every message up to `last_uid` is stored. After a long outage the newest are fetched beside the oldest: those from
    `ahead_from` to `ahead_to` are stored too. Messages up to `history_upto` were there before we came.
    """

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="folders")
    name = models.CharField(_("folder"), max_length=200, default="INBOX")
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    ahead_from = models.BigIntegerField(null=True)
    ahead_to = models.BigIntegerField(null=True)
    history_upto = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["mailbox", "name"], name="mail_folder_once")]


class OutgoingServer(models.Model):
    """Through whom an inbox's mail leaves: an SMTP server, or a provider's API. Without one, EMAIL_URL's server."""

    class Kind(models.TextChoices):
        SMTP = "smtp", _("SMTP server")
        AMAZON_SES = "amazon_ses", "Amazon SES"
        BREVO = "brevo", "Brevo"
        MAILGUN = "mailgun", "Mailgun"
        MAILJET = "mailjet", "Mailjet"
        POSTMARK = "postmark", "Postmark"
        RESEND = "resend", "Resend"
        SENDGRID = "sendgrid", "SendGrid"
        SPARKPOST = "sparkpost", "SparkPost"

    inbox = models.OneToOneField(Inbox, models.CASCADE, related_name="outgoing_server")
    kind = models.CharField(_("sends through"), max_length=12, choices=Kind.choices, default=Kind.SMTP)
    host = models.CharField(_("SMTP server"), max_length=200, blank=True)
    port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(_("security"), max_length=10, choices=Security.choices, default=Security.STARTTLS)
    sign_in = models.CharField(_("signs in with"), max_length=10, choices=SignIn.choices, default=SignIn.PASSWORD)
    username = models.CharField(_("user name"), max_length=320, blank=True)
    password = EncryptedTextField(_("password or API key"), blank=True)
    grant = models.ForeignKey(Grant, models.SET_NULL, null=True, blank=True, related_name="outgoing_servers")
    #: what a provider wants beside the key, as JSON: {"sender_domain": "mg.example.com"}
    options = models.JSONField(default=dict, blank=True)
    #: signs the provider's delivery reports
    webhook_secret = EncryptedTextField(blank=True, editable=False)
    #: set when the server refused our sign-in: nothing is tried before
    paused_until = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)
