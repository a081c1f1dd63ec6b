"""Customers and organisations for programs: what we know of them, and what may be done with that."""

from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import Q
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import clock
from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from helpdesk.models import Agent
from tickets import exporting, fields
from tickets.api import serializers as shapes
from tickets.api.serializers import AgentBriefSerializer, CustomerSerializer, WholeOrganisationSerializer
from tickets.api.shared import ScalarField, agent_of, flag_of, only, words_of
from tickets.languages import LANGUAGES
from tickets.models import ContactPoint, Customer, CustomerMerge, CustomerNote, CustomField, Organisation
from tickets.operations import blocking, customer_notes, customers, erasing, merging_customers, organisations

LARGEST = 2**63 - 1
NEWEST = paging.Order("id", "id", down=True)
BY_ID = paging.Order("id", "id")
MOST_ANSWERS = 100


# --- what may be sent


class AnswersField(serializers.DictField):
    """Answers to custom fields by their keys; null takes one away. What is left out stays."""

    child = ScalarField()

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"required": False, **more})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, dict) and len(data) > MOST_ANSWERS:
            raise serializers.ValidationError(_("Too many answers."))
        return super().run_validation(data)


def _answers(about: str, given: dict[str, Any]) -> dict[str, Any]:
    """Answers as they are kept. Raises ValidationError that names the key of what is none, or of what nobody asks."""
    asked = {one.key: one for one in fields.asked(about)} if given else {}
    kept: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for key, value in given.items():
        if key not in asked:
            wrong[key] = [_("There is no such field.")]
            continue
        try:
            kept[key] = fields.clean_value(asked[key], value)
        except DjangoValidationError as why:
            wrong[key] = list(why.messages)
    if wrong:
        raise ValidationError({"fields": wrong})
    return kept


@extend_schema_field(OpenApiTypes.INT)
class KnownOrganisationField(serializers.Field):
    """An organisation the agent may see, by its id."""

    default_error_messages = {"absent": gettext_lazy("There is no such organisation.")}

    def to_internal_value(self, data: Any) -> Organisation:
        seen = Organisation.objects.visible_to(agent_of(self.context["request"]))
        found = seen.filter(pk=data).first() if type(data) is int and 0 < data < LARGEST else None
        if found is None:
            self.fail("absent")
        return found

    def to_representation(self, value: Organisation) -> int:
        return value.pk


class CustomerChangeBody(Body):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    language = serializers.ChoiceField(list(LANGUAGES), required=False, allow_blank=True)
    organisation = KnownOrganisationField(required=False, allow_null=True, help_text="Its id.")
    fields = AnswersField()  # type: ignore[assignment]


class NewCustomerBody(CustomerChangeBody):
    address = serializers.EmailField(max_length=254)


class OrganisationChangeBody(Body):
    name = serializers.CharField(max_length=200, required=False)
    domain = serializers.CharField(max_length=200, required=False, allow_blank=True)
    fields = AnswersField()  # type: ignore[assignment]


class NewOrganisationBody(OrganisationChangeBody):
    name = serializers.CharField(max_length=200)


class AddressBody(Body):
    address = serializers.EmailField(max_length=254)


class AddressChangeBody(Body):
    is_verified = serializers.BooleanField()


class CustomerMergeBody(Body):
    customer = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="Who becomes this one.")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class NoteBody(Body):
    text = serializers.CharField(max_length=4000)


class NoteChangeBody(Body):
    text = serializers.CharField(max_length=4000, required=False)
    is_pinned = serializers.BooleanField(required=False)


class ErasureBody(Body):
    confirm = serializers.IntegerField(help_text="The customer's id once more: nothing brings them back.")


# --- customers


def find_customer(request: Request, pk: int) -> Customer:
    """The customer, if the agent may see them."""
    return get_object_or_404(_whole(Customer.objects.visible_to(agent_of(request))), pk=pk)


def _whole(found: Any) -> Any:
    return found.select_related("organisation").prefetch_related("contact_points")


def _shown(customer: Customer, status: int = 200) -> Response:
    data = shapes.customer(_whole(Customer.objects).get(pk=customer.pk))
    return Response(data, status=status, headers={"Location": data["url"]} if status == 201 else {})


class Customers(ApiView):
    """Customers."""

    PARAMETERS = [
        OpenApiParameter("q", OpenApiTypes.STR, description="Words of a name or of an address."),
        OpenApiParameter("address", OpenApiTypes.EMAIL, description="Exactly this address."),
        OpenApiParameter("organisation", OpenApiTypes.INT),
        OpenApiParameter("blocked", OpenApiTypes.BOOL),
    ]

    @extend_schema(
        operation_id="customers_list", summary="List customers", tags=["people"],
        parameters=[*PARAMETERS, *PAGING], responses=paging.described(CustomerSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """Customers you may see, the newest first."""
        only(request, "q", "address", "organisation", "blocked", "cursor", "limit")
        found = Customer.objects.visible_to(agent_of(request)).filter(erased_at=None)
        if words := words_of(request, "q"):
            found = found.like(words)
        if address := words_of(request, "address", 320):
            found = found.filter(pk__in=ContactPoint.objects.filter(address=address.lower()).values("customer"))
        if "organisation" in request.query_params:
            text = request.query_params["organisation"]
            if not (text.isascii() and text.isdigit() and len(text) <= 18):
                raise BadQuery("organisation", _("A whole number."))
            found = found.filter(organisation=int(text))
        if (blocked := flag_of(request, "blocked")) is not None:
            found = found.filter(is_blocked=blocked)
        return _whole(found), shapes.customer

    @extend_schema(
        operation_id="customers_create", summary="Add a customer", tags=["people"], request=NewCustomerBody,
        responses={201: CustomerSerializer},
    )  # fmt: skip
    @idempotent
    @transaction.atomic
    def post(self, request: Request) -> Response:
        """Enter somebody who has not written yet. An address belongs to one customer: 409 where somebody has it."""
        agent, body = agent_of(request), read(NewCustomerBody, request)
        answers = _answers(CustomField.About.CUSTOMER, body.get("fields", {}))
        made = customers.create(
            name=body.get("name", ""), address=body["address"], organisation=body.get("organisation"), actor=agent
        )
        if body.get("language") or answers:
            customers.change(
                made, actor=agent, language=body.get("language", customers.AS_IT_IS), answers=answers
            )  # fmt: skip
        return _shown(made, 201)


class CustomerView(ApiView):
    """One customer."""

    @extend_schema(
        operation_id="customers_read", summary="Read a customer", tags=["people"], responses=CustomerSerializer
    )
    def get(self, request: Request, id: int) -> Response:
        """A customer who has a ticket you may see, or none at all."""
        return Response(shapes.customer(find_customer(request, id)))

    @extend_schema(
        operation_id="customers_change", summary="Change a customer", tags=["people"], request=CustomerChangeBody,
        responses=CustomerSerializer,
    )  # fmt: skip
    def patch(self, request: Request, id: int) -> Response:
        """Change name, language, organisation and answers. What is left out stays."""
        customer = find_customer(request, id)
        body = read(CustomerChangeBody, request)
        answers = _answers(CustomField.About.CUSTOMER, body.pop("fields", {}))
        return _shown(customers.change(customer, actor=agent_of(request), answers=answers, **body))


class CustomerAddresses(ApiView):
    """A customer's addresses."""

    @extend_schema(
        operation_id="customer_addresses_add", summary="Add an address", tags=["people"], request=AddressBody,
        responses=CustomerSerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Let mail from this address be theirs."""
        customer = find_customer(request, id)
        address = read(AddressBody, request)["address"]
        customers.add_address(customer, address=address, actor=agent_of(request))
        return _shown(customer)


class CustomerAddress(ApiView):
    """One address of a customer."""

    @extend_schema(
        operation_id="customer_addresses_change", summary="Verify an address", tags=["people"],
        request=AddressChangeBody, responses=CustomerSerializer,
    )  # fmt: skip
    def patch(self, request: Request, id: int, point: int) -> Response:
        """Say that an address is really theirs, or that nobody knows."""
        customer = find_customer(request, id)
        found = get_object_or_404(ContactPoint, pk=point, customer=customer)
        is_verified = read(AddressChangeBody, request)["is_verified"]
        customers.verify_address(found, actor=agent_of(request), is_verified=is_verified)
        return _shown(customer)

    @extend_schema(
        operation_id="customer_addresses_remove", summary="Remove an address", tags=["people"],
        responses=CustomerSerializer,
    )  # fmt: skip
    def delete(self, request: Request, id: int, point: int) -> Response:
        """Take away an address they never wrote from, and that is not their only one."""
        customer = find_customer(request, id)
        found = get_object_or_404(ContactPoint, pk=point, customer=customer)
        customers.remove_address(found, actor=agent_of(request))
        return _shown(customer)


class CustomerMergeSerializer(serializers.ModelSerializer[CustomerMerge]):
    """A customer who became another one. DELETE its `url` to make them two again."""

    url = serializers.SerializerMethodField()
    customer = serializers.IntegerField(source="source_id")
    into = serializers.IntegerField(source="target_id")
    by = AgentBriefSerializer(allow_null=True)

    class Meta:
        model = CustomerMerge
        fields = ["id", "url", "customer", "into", "by", "reason", "at"]

    def get_url(self, merge: CustomerMerge) -> str:
        return absolute(reverse("api_customer_merge", args=[merge.target_id, merge.pk]))


_merge = shaping(CustomerMergeSerializer)


class CustomerMerges(ApiView):
    """Who became this customer."""

    @extend_schema(
        operation_id="customer_merges_list", summary="List a customer's merges", tags=["people"],
        responses=paging.described(CustomerMergeSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request, id: int) -> Any:
        """Who was merged into this customer and not taken apart since."""
        customer = find_customer(request, id)
        return CustomerMerge.objects.filter(target=customer, undone_at=None).select_related("by"), _merge

    @extend_schema(
        operation_id="customer_merges_create", summary="Merge customers", tags=["people"], request=CustomerMergeBody,
        responses={201: CustomerMergeSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Let another customer be this one: addresses, tickets and notes move here."""
        target, agent = find_customer(request, id), agent_of(request)
        body = read(CustomerMergeBody, request)
        source = Customer.objects.visible_to(agent).filter(pk=body["customer"]).first()
        if source is None:
            raise ValidationError({"customer": [_("There is no such customer.")]})
        data = _merge(merging_customers.merge(source, target, actor=agent, reason=body["reason"]))
        return Response(data, status=201, headers={"Location": data["url"]})


class CustomerMergeView(ApiView):
    """One merge of customers."""

    @extend_schema(
        operation_id="customer_merges_delete", summary="Unmerge customers", tags=["people"],
        responses=CustomerSerializer,
    )  # fmt: skip
    def delete(self, request: Request, id: int, merge: int) -> Response:
        """Make them two again. Answers with the one who is back, or this one where only others see that one now."""
        customer, agent = find_customer(request, id), agent_of(request)
        made = get_object_or_404(CustomerMerge, pk=merge, target=customer)
        back = merging_customers.unmerge(made, actor=agent)
        is_seen = Customer.objects.visible_to(agent).filter(pk=back.pk).exists()
        return _shown(back if is_seen else customer)


class CustomerBlock(ApiView):
    """A customer's being blocked."""

    @extend_schema(
        operation_id="customer_block_create", summary="Block", tags=["people"], request=None,
        responses=CustomerSerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Let what they send open tickets as spam from now on."""
        customer = find_customer(request, id)
        read(Body, request)
        return _shown(blocking.block(customer, actor=agent_of(request)))

    @extend_schema(
        operation_id="customer_block_delete", summary="Unblock", tags=["people"], responses=CustomerSerializer
    )
    def delete(self, request: Request, id: int) -> Response:
        """Hear them again."""
        return _shown(blocking.unblock(find_customer(request, id), actor=agent_of(request)))


def _must_see_all(agent: Agent) -> None:
    """Raise PermissionDenied for who may not look after what a customer may ask for by law.

    A token that is limited to some inboxes does not: what is copied and erased is in all of them.
    """
    if not agent.sees_all:
        raise PermissionDenied(_("Admins do that, with a token that is not limited to inboxes."))


class CustomerExport(ApiView):
    """A copy of all we keep of a customer."""

    @extend_schema(
        operation_id="customer_export", summary="Export a customer", tags=["people"],
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY, description="The archive.")},
    )  # fmt: skip
    def get(self, request: Request, id: int) -> HttpResponse:
        """A ZIP of everything of theirs, for admins. That it was made is written down."""
        customer, agent = find_customer(request, id), agent_of(request)
        _must_see_all(agent)
        subject = erasing.subject_of(customer)
        archive = exporting.archive(customer, subject)
        customers.note_export(customer, tickets=len(subject.tickets), actor=agent)
        name = exporting.filename(customer, clock.now())
        response = FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")
        response["Cache-Control"] = "no-store"
        return cast(HttpResponse, response)


class CustomerErasure(ApiView):
    """A customer's being forgotten."""

    @extend_schema(
        operation_id="customer_erasure", summary="Erase a customer", tags=["people"], request=ErasureBody,
        responses=CustomerSerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Take away for good who they are and what was said, for admins. Erasing twice is erasing once."""
        customer, agent = find_customer(request, id), agent_of(request)
        _must_see_all(agent)
        if read(ErasureBody, request)["confirm"] != customer.pk:
            raise ValidationError({"confirm": [_("Say the customer's id once more. Nothing was erased.")]})
        erasing.erase(customer, actor=agent)
        return _shown(customer)


# --- organisations


class Organisations(ApiView):
    """Organisations."""

    @extend_schema(
        operation_id="organisations_list", summary="List organisations", tags=["people"],
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Words of a name or a domain."), *PAGING],
        responses=paging.described(WholeOrganisationSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """The organisations of customers you may see, and those without people, the newest first."""
        only(request, "q", "cursor", "limit")
        found = Organisation.objects.visible_to(agent_of(request))
        if words := words_of(request, "q"):
            found = found.filter(Q(name__icontains=words) | Q(domain__icontains=words))
        return found, shapes.organisation

    @extend_schema(
        operation_id="organisations_create", summary="Add an organisation", tags=["people"],
        request=NewOrganisationBody, responses={201: WholeOrganisationSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """An organisation. Who writes from its domain belongs to it by itself."""
        body = read(NewOrganisationBody, request)
        answers = _answers(CustomField.About.ORGANISATION, body.pop("fields", {}))
        data = shapes.organisation(organisations.create(actor=agent_of(request), answers=answers, **body))
        return Response(data, status=201, headers={"Location": data["url"]})


class OrganisationView(ApiView):
    """One organisation."""

    @extend_schema(
        operation_id="organisations_read", summary="Read an organisation", tags=["people"],
        responses=WholeOrganisationSerializer,
    )  # fmt: skip
    def get(self, request: Request, organisation: int) -> Response:
        """Its name, domain and answers. Its people are at `/customers/?organisation=`."""
        return Response(shapes.organisation(_find_organisation(request, organisation)))

    @extend_schema(
        operation_id="organisations_change", summary="Change an organisation", tags=["people"],
        request=OrganisationChangeBody, responses=WholeOrganisationSerializer,
    )  # fmt: skip
    def patch(self, request: Request, organisation: int) -> Response:
        """Change name, domain and answers. What is left out stays."""
        found = _find_organisation(request, organisation)
        body = read(OrganisationChangeBody, request)
        answers = _answers(CustomField.About.ORGANISATION, body.pop("fields", {}))
        changed = organisations.change(found, actor=agent_of(request), answers=answers, **body)
        return Response(shapes.organisation(changed))

    @extend_schema(
        operation_id="organisations_delete", summary="Delete an organisation", tags=["people"], responses={204: None}
    )
    def delete(self, request: Request, organisation: int) -> Response:
        """Delete it, and the notes about it. Its people stay."""
        organisations.delete(_find_organisation(request, organisation), actor=agent_of(request))
        return Response(status=204)


# --- notes about them


class NoteSerializer(serializers.ModelSerializer[CustomerNote]):
    """What colleagues should know of a customer, or of an organisation. A pinned one stands beside their tickets."""

    url = serializers.SerializerMethodField()
    author = AgentBriefSerializer(allow_null=True)

    class Meta:
        model = CustomerNote
        fields = ["id", "url", "author", "text", "is_pinned", "created_at", "updated_at"]

    def get_url(self, note: CustomerNote) -> str:
        return absolute(reverse("api_note", args=[note.pk]))


_note = shaping(NoteSerializer)


class CustomerNotes(ApiView):
    """Notes about a customer."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="customer_notes_list", summary="List notes about a customer", tags=["people"],
        responses=paging.described(NoteSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request, id: int) -> Any:
        """What colleagues should know, the newest first."""
        return find_customer(request, id).notes.standing().select_related("author"), _note

    @extend_schema(
        operation_id="customer_notes_add", summary="Note about a customer", tags=["people"], request=NoteBody,
        responses={201: NoteSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: int) -> Response:
        """Write a note about a customer."""
        return _added(request, find_customer(request, id))


class OrganisationNotes(ApiView):
    """Notes about an organisation."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="organisation_notes_list", summary="List notes about an organisation", tags=["people"],
        responses=paging.described(NoteSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request, organisation: int) -> Any:
        """What colleagues should know, the newest first."""
        return _find_organisation(request, organisation).notes.standing().select_related("author"), _note

    @extend_schema(
        operation_id="organisation_notes_add", summary="Note about an organisation", tags=["people"],
        request=NoteBody, responses={201: NoteSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, organisation: int) -> Response:
        """Write a note about an organisation."""
        return _added(request, _find_organisation(request, organisation))


def _added(request: Request, about: Customer | Organisation) -> Response:
    note = customer_notes.add(about, text=read(NoteBody, request)["text"], actor=agent_of(request))
    data = _note(note)
    return Response(data, status=201, headers={"Location": data["url"]})


class NoteView(ApiView):
    """One note about a customer or an organisation."""

    light_methods = ("PATCH", "DELETE")

    @extend_schema(
        operation_id="notes_change", summary="Change a note", tags=["people"], request=NoteChangeBody,
        responses=NoteSerializer,
    )  # fmt: skip
    @transaction.atomic
    def patch(self, request: Request, note: int) -> Response:
        """Change the words of your own note; pin it or anybody's."""
        found, agent = _find_note(request, note), agent_of(request)
        body = read(NoteChangeBody, request)
        if "text" in body:
            found = customer_notes.edit(found, text=body["text"], actor=agent)
        if "is_pinned" in body:
            found = customer_notes.pin(found, actor=agent, is_pinned=body["is_pinned"])
        return Response(_note(found))

    @extend_schema(operation_id="notes_delete", summary="Delete a note", tags=["people"], responses={204: None})
    def delete(self, request: Request, note: int) -> Response:
        """Delete your own note, or as a lead anybody's."""
        customer_notes.delete(_find_note(request, note), actor=agent_of(request))
        return Response(status=204)


def _find_organisation(request: Request, pk: int) -> Organisation:
    return get_object_or_404(Organisation.objects.visible_to(agent_of(request)), pk=pk)


def _find_note(request: Request, pk: int) -> CustomerNote:
    """A note about whom the agent may see."""
    found = CustomerNote.objects.standing().select_related("author", "customer", "organisation")
    note = get_object_or_404(found, pk=pk)
    about = note.customer or note.organisation
    if about is None or not type(about).objects.visible_to(agent_of(request)).filter(pk=about.pk).exists():
        raise Http404
    return note
