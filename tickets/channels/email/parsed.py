"""What a mail is once it was read: plain data that can be stored, compared and shown."""

from dataclasses import dataclass
from datetime import datetime

from tickets.channels.email.addresses import Address
from tickets.channels.email.body import ParsedAttachment
from tickets.channels.email.invitations import Invitation
from tickets.channels.email.reports import RecipientReport


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, read. Strings hold no control characters and no lone surrogates, so they can be stored as they are."""

    message_id: str  # without <>, "" when there is none
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address | None  # the one strict From mailbox; None when there is not exactly one
    sender_problem: str  # why From must not be believed; "" when nothing speaks against it
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None  # what the sender's clock said, in UTC; for display only
    text: str  # the whole body
    new_text: str  # without quoted history and signature
    new_text_with_signature: str
    html: str  # as it came: sanitise before showing
    charset: str
    attachments: tuple[ParsedAttachment, ...]
    is_auto_reply: bool
    is_bounce: bool  # a server reports on the delivery of a mail of ours: failed, delayed or done
    bounced_addresses: tuple[str, ...]  # of a bounce: who failed or is late; of a complaint: who complained
    bounce_status: str  # RFC 3464, such as 5.1.1
    bounce_action: str  # RFC 3464: failed, delayed, delivered, relayed, expanded
    original_message_id: str  # of the mail that a bounce, a complaint or a read receipt speaks of
    automated_reason: str  # why nothing may answer by itself; "" for a mail from a person
    is_list: bool
    authentication: str  # pass, fail or unknown, said by our own mail server
    return_path: str
    warnings: tuple[str, ...]
    claimed_sender: Address | None = None  # the best guess at From, to be shown; address "" when only a name is given
    marks: tuple[str, ...] = ()  # of encrypted, signed, invitation, too_complex, feedback_report
    recipients: tuple[str, ...] = ()  # every address the mail was sent to, as far as it says, in lower case
    invitation: Invitation | None = None  # the first event of a calendar that came with it
    bounces: tuple[RecipientReport, ...] = ()  # of a bounce: what became of each recipient
    is_delay: bool = False  # the server still tries: nothing has failed yet
    is_feedback_report: bool = False  # RFC 5965: the recipient's provider passes on a complaint
    feedback_type: str = ""  # of a complaint: abuse, fraud, virus, not-spam, other
    is_disposition: bool = False  # RFC 8098: a read receipt
