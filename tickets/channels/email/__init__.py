"""Email: the channel that came first. Its way in and out is its own; here is what it can, in the words of all."""

from django.utils.translation import gettext_lazy

from tickets.channels.protocol import Capabilities, Channel


class Email(Channel):
    """IMAP, SMTP, LMTP, pipes and posted mails in; SMTP and providers' APIs out."""

    kind = "email"
    name = gettext_lazy("Email")
    icon = "mail"
    about = gettext_lazy("An address customers write to.")
    docs = "email.md"
    is_apart = True
    can = Capabilities(files=("",), most_files=100, most_file=25 * 1024 * 1024, reports=True)


CHANNEL = Email()
