"""The ledger of asking: who was asked what and when, and who was not, and why."""

from typing import Any

from django import forms
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from feedback import tabs
from feedback.models import Invitation, InvitationState, Reason, Survey
from feedback.panels import state_in_words
from helpdesk.forms import field_of
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only
from tickets.models import Customer, Inbox

PAGE = 50
tabs.tab(tabs.Tab("askings", _("Who was asked"), "askings", order=90))


class FilterForm(forms.Form):
    """What to look for. A field that makes no sense asks nothing."""

    q = forms.CharField(label=_("Customer"), required=False, max_length=200)
    survey = forms.ModelChoiceField(Survey.objects.all(), label=_("Survey"), required=False, empty_label=_("any"))
    inbox = forms.ModelChoiceField(Inbox.objects.none(), label=_("Inbox"), required=False, empty_label=_("any"))
    state = forms.ChoiceField(
        label=_("What became of it"), required=False, choices=[("", _("any")), *InvitationState.choices]
    )
    reason = forms.ChoiceField(label=_("Reason"), required=False, choices=[("", _("any")), *Reason.choices])
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62, widget=forms.HiddenInput)

    def __init__(self, data: Any, agent: Agent) -> None:
        super().__init__(data, auto_id="asking-%s")
        field_of(self, "inbox").queryset = Inbox.objects.visible_to(agent)
        self.agent = agent
        self.is_valid()

    def found(self) -> Any:
        """The askings that fit, of those the agent may see, before they are cut into pages."""
        said, found = self.cleaned_data, Invitation.objects.visible_to(self.agent)
        for name in ("survey", "state", "reason", "customer"):
            if said.get(name):
                found = found.filter(**{name: said[name]})
        if inbox := said.get("inbox"):
            found = found.filter(ticket__inbox=inbox) | found.filter(ticket=None, survey__sends_from=inbox)
        if words := said.get("q", "").strip():
            found = found.filter(customer__in=Customer.objects.visible_to(self.agent).like(words))
        return found

    @property
    def is_narrowed(self) -> bool:
        return any(value for name, value in self.cleaned_data.items() if name != "before")


@agents_only
@require_safe
def askings(request: HttpRequest) -> HttpResponse:
    """A page of the ledger, the latest first, and why people were not asked, counted."""
    form = FilterForm(request.GET, agent_of(request))
    found = form.found()
    rows = found.filter(pk__lt=before) if (before := form.cleaned_data.get("before")) else found
    shown = list(rows.select_related("survey", "customer", "ticket").order_by("-pk")[: PAGE + 1])
    address = request.GET.copy()
    next_url = ""
    if len(shown) > PAGE:
        address["before"] = str(shown[PAGE - 1].pk)
        next_url = f"?{address.urlencode()}"
    newest = request.GET.copy()
    newest.pop("before", None)
    held_back = found.filter(state=InvitationState.SUPPRESSED).order_by().values_list("reason").annotate(n=Count("pk"))
    context = {
        "form": form,
        "rows": [{"asking": one, "state": state_in_words(one)} for one in shown[:PAGE]],
        "held_back": [(Reason(reason).label, count) for reason, count in held_back.order_by("-n")],
        "next_url": next_url,
        "newest_url": f"?{newest.urlencode()}" if before else "",
        **tabs.shown(request, "askings"),
    }
    return render(request, "feedback/askings.html", context)
