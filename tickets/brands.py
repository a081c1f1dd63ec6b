"""How a brand looks where customers see it: its colour, made readable on whatever it stands on."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from tickets.models import Brand

WHITE, BLACK = "#ffffff", "#000000"
#: what a colour stands on, on the survey's pages: light and dark
PAPERS = ("#ffffff", "#201d1a")
#: the least contrast of text (WCAG 2.2, 1.4.3)
LEAST = 4.5


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        part = channel / 255
        return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How well one colour is read on another, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """White or black, whichever is read better on it: one of them always is, well enough."""
    return WHITE if contrast(colour, WHITE) >= contrast(colour, BLACK) else BLACK


def readable(colour: str, paper: str) -> str:
    """The colour, or the nearest shade of it that is read on this paper."""
    towards = BLACK if _luminance(paper) > 0.5 else WHITE
    target, own = _channels(towards), _channels(colour)
    for step in range(21):
        mixed = [round(a + (b - a) * step / 20) for a, b in zip(own, target, strict=True)]
        shade = "#{:02x}{:02x}{:02x}".format(*mixed)
        if contrast(shade, paper) >= LEAST:
            return shade
    return towards


@dataclass(frozen=True, slots=True)
class Look:
    """What pages and mails need of a brand."""

    name: str
    colour: str
    ink: str
    website: str
    footer: str
    logo_url: str
    css_url: str


def look_of(brand: Brand | None) -> Look | None:
    """A brand as templates take it; None where an inbox has none."""
    if brand is None:
        return None
    light = readable(brand.colour, PAPERS[0])
    logo = settings.BASE_URL + reverse("brand_logo", args=[brand.pk]) if brand.logo_id else ""
    version = f"{brand.colour[1:]}{brand.logo_id or ''}"
    return Look(
        brand.name, light, ink_on(light), brand.website, brand.footer, f"{logo}?{version}" if logo else "",
        f"{reverse('brand_css', args=[brand.pk])}?{version}",
    )  # fmt: skip


def stylesheet(brand: Brand) -> str:
    """The brand's colours, for the survey's stylesheet and for the preview in the settings."""
    light, dark = (readable(brand.colour, paper) for paper in PAPERS)

    def colours(colour: str) -> str:
        return f"{{--brand:{colour};--brand-ink:{ink_on(colour)}}}"

    return (
        f":root:root,.brand-preview.on-light{colours(light)}.brand-preview.on-dark{colours(dark)}"
        f"@media (prefers-color-scheme:dark){{:root:root:not([data-theme=light]){colours(dark)}}}"
        f":root:root[data-theme=dark]{colours(dark)}"
    )
