"""What our own floor shows on each row."""

from django.utils.translation import gettext as _

from tickets.models import Ticket
from tickets.registry import Badge, row_badge


@row_badge
def not_delivered(ticket: Ticket) -> Badge | None:
    """An answer did not arrive, or may not have."""
    if not ticket.has_undelivered:
        return None
    return Badge(_("not delivered"), "bad", _("An answer did not arrive, or may not have"))
