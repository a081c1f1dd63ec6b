"""A report as a mail: the answer in words, the tiles, the charts as pictures; as plain text, too; and a way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import css_inline
from django.conf import settings
from django.core import signing
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from helpdesk.models import Agent
from reports.models import SavedReport
from reports.pages import Page
from reports.showing import pictures, words
from reports.showing.blocks import Chart, Line, Report

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
#: rows of a table that a plain mail holds
MOST_ROWS = 40
_SALT = "report-mail-off"
#: the way out works that long
VALID = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Written:
    """A mail ready to be put in the queue."""

    subject: str
    text: str
    html: str
    #: name and bytes by Content-ID
    pictures: Mapping[str, tuple[str, bytes]]
    headers: Mapping[str, str]


def write(saved: SavedReport, page: Page, report: Report, said: str, *, agent: Agent) -> Written:
    """An agent's mail of a saved report in the language that is active; `said` is the choice in words."""
    off = off_url(saved, agent)
    drawn = {chart.key: chart for chart in report.charts() if chart.svg}
    cids = {key: f"{key}.{saved.pk}@report" for key in drawn}
    context = {
        "saved": saved,
        "page": page,
        "report": report,
        "said": said,
        "language": get_language(),
        "is_rtl": get_language_bidi(),
        "url": f"{settings.BASE_URL}{reverse('report', args=[page.key])}?{report.chosen.query()}",
        "change_url": f"{settings.BASE_URL}{reverse('saved_report_edit', args=[saved.pk])}"
        if saved.owner_id == agent.pk else "",
        "off_url": off,
        "surface": pictures.colours()["surface"],
        "sections": [
            {
                "title": section.title,
                "tiles": [{"lead": one.lead, "more": _more(one.lead, one.companions)} for one in section.tiles],
                "charts": [{"chart": chart, "cid": cids.get(chart.key, "")} for chart in section.charts],
            }
            for section in report.sections
        ],
    }  # fmt: skip
    return Written(
        subject=_("%(name)s: %(days)s") % {"name": saved.name, "days": words.days(report.chosen)},
        text=_text(str(page.name), context, report),
        html=_inliner.inline(render_to_string("reports/mail/report.html", context)),
        # on a phone it is as wide as the screen: what is drawn for one can be read there
        pictures={cids[key]: (f"{key}.png", pictures.png(chart.narrow or chart.svg)) for key, chart in drawn.items()},
        headers={"List-Unsubscribe": f"<{off}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def off_url(saved: SavedReport, agent: Agent) -> str:
    """The page on which an agent wants this report by mail no more, without signing in; one press (RFC 8058)."""
    token = signing.dumps([saved.pk, agent.pk], salt=_SALT, compress=False)
    return settings.BASE_URL + reverse("report_mail_off", args=[token])


def whose(token: str) -> tuple[SavedReport, Agent] | None:
    """Which report is mailed to whom; None for a link that we did not make, that is too old, or of what is gone."""
    try:
        report, person = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    saved, agent = SavedReport.objects.filter(pk=report).first(), Agent.objects.active().filter(pk=person).first()
    return (saved, agent) if saved and agent else None


def _more(lead: Line, companions: Sequence[Line]) -> Sequence[str]:
    change = [lead.change.said] if lead.change else []
    return [*change, *(line.said for line in companions)]


def _text(page_name: str, context: Mapping[str, object], report: Report) -> str:
    """The same in plain text: what is drawn in the HTML stands here as a table."""
    rows = [page_name, str(context["said"]), "", *report.answer, ""]
    for section in report.sections:
        if section.title:
            rows += [section.title, ""]
        for tile in section.tiles:
            more = "; ".join(_more(tile.lead, tile.companions))
            rows.append(f"{tile.lead.label}: {tile.lead.said}" + (f" ({more})" if more else ""))
        rows += ["", *section.notes]
        for chart in section.charts:
            rows += ["", chart.title, *_table(chart)]
    rows += ["", *report.basis, "", _("The report: %(url)s") % context]
    if context["change_url"]:
        rows.append(_("Change this mail: %(change_url)s") % context)
    rows.append(_("Stop this mail: %(off_url)s") % context)
    return "\n".join(rows)


def _table(chart: Chart) -> list[str]:
    heads = list(chart.columns)[1:]
    found = []
    for row in list(chart.rows)[-MOST_ROWS:]:
        told = zip(heads, cast(Sequence[object], row["cells"]), strict=False)
        cells = [f"{head} {cell}" for head, cell in told if cell not in ("", None)]
        mark = f" [{row['mark']}]" if row.get("mark") else ""
        found.append(f"  {row['name']}: {', '.join(cells)}{mark}")
    return found
