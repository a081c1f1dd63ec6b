"""What can be done with tickets by a key; see helpdesk.keyboard."""

from django.utils.translation import gettext_lazy as _

from helpdesk.keyboard import Act, act

ON_A_TICKET = ".conversation"
ROWS = "#list .row-link, #results .row-link"


def register() -> None:
    """Put the workspace's acts on the keyboard map."""
    for one in (
        Act("reply", _("Reply"), ("r",), needs="#composer", icon="reply"),
        Act("note", _("Note for the team"), ("n",), needs="#composer", icon="sticky-note"),
        Act("forward", _("Forward"), ("f",), needs="#composer", icon="forward"),
        Act(
            "replies", _("Saved replies and macros; with no ticket open, search"), ("/",), needs="#composer",
            otherwise="search", icon="zap",
        ),
        Act("assign", _("Assign"), ("a",), needs="#assign-dialog", icon="user-round-plus"),
        Act("take", _("Take it"), ("i",), needs="#assign-me", icon="hand"),
        Act("status", _("Status, then a letter"), ("s",), needs="#status-dialog", icon="circle-dot"),
        Act("priority", _("Priority, then a letter"), ("p",), needs="#priority-dialog", icon="flag"),
        Act("type", _("Type, then a letter"), ("t",), needs="#type-dialog", icon="shapes"),
        Act("tag", _("Tag"), ("y",), needs="#tags-dialog", icon="tag"),
        Act("snooze", _("Snooze until…"), ("h",), needs="#snooze-dialog", icon="alarm-clock"),
        Act("follow", _("Follow, or no longer"), ("w",), needs='[data-act="follow"]', icon="bell"),
        Act("merge", _("Merge into another ticket"), ("m",), needs='[data-act="merge"]', icon="merge"),
        Act("link", _("Link with another ticket"), ("l",), needs='[data-act="link"]', icon="link"),
        Act("spam", _("Spam"), ("!",), needs='[data-act="spam"]', icon="shield-ban"),
        Act("trash", _("To the trash"), ("#",), needs='[data-act="trash"]', icon="trash-2"),
        Act(
            "belongs", _("Latest message belongs to…"), ("b",), needs='#thread [data-act="belongs"]',
            icon="arrow-right-left",
        ),
        Act("resolve", _("Resolve or reopen"), ("e",), needs=ON_A_TICKET, icon="check"),
        Act(
            "changes", _("Hide or show the changes between messages"), ("v",), needs=ON_A_TICKET,
            icon="list-collapse",
        ),
        Act("next", _("Next ticket"), ("j",), "list", needs=ROWS, icon="arrow-down"),
        Act("previous", _("Previous ticket"), ("k",), "list", needs=ROWS, icon="arrow-up"),
        Act("open", _("Open ticket"), ("o", "Enter"), "list", in_palette=False),
        Act("select", _("Select"), ("x",), "list", needs="#bulk-form", icon="square-check"),
        Act("filter", _("Filter the list"), (), "list", needs='[data-act="filter"]', icon="list-filter"),
        Act("select_range", _("Select up to here"), ("Shift+x",), "list", needs="#bulk-form", icon="list-checks"),
        Act("back", _("Back to the list"), ("u",), "list", needs=ON_A_TICKET, icon="arrow-left"),
        Act("next_chat", _("Next of my chats"), (".",), needs="#chat-bar [data-chat]", icon="message-circle"),
        Act("chats", _("Take chats, or no more"), ("d",), "everywhere", needs="#menu-chats", icon="message-circle"),
        Act("send", _("Send"), ("Ctrl+Enter",), "writing", is_fixed=True, in_palette=False),
        Act("send_resolve", _("Send and resolve"), ("Ctrl+Shift+Enter",), "writing", is_fixed=True, in_palette=False),
        Act("undo", _("Undo the last thing"), ("z",), "everywhere", icon="undo-2"),
    ):  # fmt: skip
        act(one)
