"""A tab of a reviews inbox's settings: how many stars are few, and whose matter that is then."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from feedback.models import ReviewRule
from feedback.models.review_rule import MOST
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox
from tickets.settings_tabs import TABS, Tab


class ReviewRuleForm(forms.ModelForm):
    """Its fields are the rule's, not the inbox's."""

    up_to = forms.TypedChoiceField(
        label=_("A review opens a recovery"), coerce=int, required=False, empty_value=None,
        choices=[
            (0, _("never")),
            *(
                (n, ngettext_lazy("with %(n)d star", "with %(n)d stars or fewer", n) % {"n": n})
                for n in range(1, MOST + 1)
            ),
        ],
        help_text=_("Of those that come from now on. One that is changed to more stars before anybody began takes its "
                    "recovery back."),
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        Agent.objects.active(), label=_("Recoveries go to"), required=False,
        help_text=_("Empty: to the ticket's agent, if there is one."),
    )  # fmt: skip
    hours = forms.IntegerField(label=_("To be taken up within (hours)"), min_value=1, max_value=720, initial=24)

    class Meta:
        model = Inbox
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rule = ReviewRule.objects.filter(inbox=self.instance).first()
        if rule is not None:
            self.initial.update(up_to=rule.up_to, owner=rule.owner_id, hours=rule.hours)

    def save(self, commit: bool = True) -> Inbox:
        kept = {name: self.cleaned_data[name] for name in ("owner", "hours")}
        kept["up_to"] = self.cleaned_data["up_to"] or 0
        rule, _is_new = ReviewRule.objects.get_or_create(inbox=self.instance, defaults={"since": clock.now()})
        if kept["up_to"] > rule.up_to:  # what was good enough until now stays so
            rule.since = clock.now()
        for name, value in kept.items():
            setattr(rule, name, value)
        rule.save()
        return self.instance


TABS.append(
    Tab(
        "recovery", _("Bad reviews"),
        _("When a review was bad, somebody puts it right: whose matter that is, and how soon."), ReviewRuleForm,
        on=lambda inbox: inbox.channel == "reviews",
    )
)  # fmt: skip
