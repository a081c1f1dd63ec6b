"""Charts as pictures, for mails: our SVG in the light theme, drawn by resvg with letters that come as a package.

The colours are read from the tokens of the stylesheet, so that a mail looks like the page.
"""

import re
from functools import cache
from math import cos, radians, sin
from pathlib import Path

from django.contrib.staticfiles import finders

FONT = "Source Sans Pro"
#: pixels for each unit of the drawing: sharp on a screen with dense pixels
ZOOM = 2
_TOKEN = re.compile(r"--([\w-]+):\s*(oklch\([^)]*\)|var\(--[\w-]+\));")
#: as chart.css says it; what is not named here is not drawn in colour
_LOOKS = """
svg {{ font-family: "Source Sans Pro", sans-serif; }}
text {{ fill: {ink-muted}; font-size: 11px; }}
.chart-label, .chart-value {{ fill: {ink}; }}
.chart-axis {{ fill: none; stroke: {line-control}; stroke-width: 1; }}
.chart-grid {{ fill: none; stroke: {line-soft}; stroke-width: 1; }}
.chart-bar {{ fill: {series-1}; }}
.chart-line {{ fill: none; stroke: {series-1}; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }}
.chart-dot {{ fill: {surface}; stroke: {series-1}; stroke-width: 2; }}
.chart-band {{ fill: {series-1}; opacity: 0.16; }}
.chart-target {{ fill: none; stroke: {ink-muted}; stroke-dasharray: 4 4; }}
.chart-limit {{ fill: none; stroke: {ink-muted}; stroke-width: 0.75; opacity: 0.7; }}
.chart-centre {{ fill: none; stroke: {ink-muted}; stroke-width: 0.75; stroke-dasharray: 4 3; opacity: 0.7; }}
.chart-usual {{ fill: {ink-muted}; opacity: 0.12; }}
.chart-before {{ fill: {surface-sunk}; }}
.chart-signal {{ fill: {bad}; stroke: {surface}; }}
.chart-mark line {{ stroke: {ink-muted}; stroke-dasharray: 2 3; }}
.chart-mark text, .strong {{ fill: {ink}; paint-order: stroke; stroke: {surface}; stroke-width: 3; }}
.chart-cell {{ fill: {series-1}; fill-opacity: 0.03; }}
.chart-cell.shade-1 {{ fill-opacity: 0.08; }}
.chart-cell.shade-2 {{ fill-opacity: 0.17; }}
.chart-cell.shade-3 {{ fill-opacity: 0.26; }}
.chart-cell.shade-4 {{ fill-opacity: 0.35; }}
.chart-cell.shade-5 {{ fill-opacity: 0.45; }}
.chart-cell-text {{ fill: {ink}; font-size: 9px; }}
.chart-open {{ opacity: 0.45; }}
.chart-bar.second, .chart-band.second {{ fill: {series-2}; }}
.chart-bar.third, .chart-band.third {{ fill: {series-3}; }}
.chart-bar.fourth, .chart-band.fourth {{ fill: {series-4}; }}
.chart-line.second, .chart-dot.second {{ stroke: {series-2}; }}
.chart-line.third, .chart-dot.third {{ stroke: {series-3}; }}
.chart-line.fourth, .chart-dot.fourth {{ stroke: {series-4}; }}
.chart-bar.good {{ fill: {good}; }}
.chart-bar.bad {{ fill: {bad}; }}
.chart-bar.quiet {{ fill: {line-control}; }}
"""


def png(svg: str, *, only_our_font: bool = False) -> bytes:
    """A chart as PNG on white. Letters our font has not are taken from the system's, where it has them."""
    import font_source_sans_pro
    from resvg_py import svg_to_bytes

    fonts = [font_source_sans_pro.font_files_ttf[name] for name in ("SourceSansPro", "SourceSansProBold")]
    drawn = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", svg)
    if "xmlns=" not in drawn:
        drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return bytes(
        svg_to_bytes(
            svg_string=drawn, background=colours()["surface"], zoom=ZOOM, style_sheet=_style_sheet(),
            skip_system_fonts=only_our_font, font_files=fonts, font_family=FONT,
            sans_serif_family=FONT,
        )
    )  # fmt: skip


@cache
def _style_sheet() -> str:
    return _LOOKS.format(**colours())


@cache
def colours() -> dict[str, str]:
    """The meanings of the light theme, as #rrggbb."""
    found = finders.find("helpdesk/css/tokens.css")
    assert isinstance(found, str)
    light, _rest = Path(found).read_text().split('[data-theme="dark"]', 1)
    said = dict(_TOKEN.findall(light))

    def value(name: str) -> str:
        text = said[name]
        return value(text[6:-1]) if text.startswith("var(") else _hex(text)

    return {name: value(name) for name in said if "/" not in said[name]}


def _hex(text: str) -> str:
    """A colour as oklch(62% 0.01 80), in sRGB."""
    lightness, chroma, hue = (float(part.rstrip("%")) for part in text[6:-1].split())
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    lms = [
        (lightness / 100 + x * a + y * b) ** 3
        for x, y in ((0.3963377774, 0.2158037573), (-0.1055613458, -0.0638541728), (-0.0894841775, -1.291485548))
    ]
    rows = (
        (4.0767416621, -3.3077115913, 0.2309699292),
        (-1.2684380046, 2.6097574011, -0.3413193965),
        (-0.0041960863, -0.7034186147, 1.707614701),
    )
    return "#" + "".join(f"{_byte(sum(x * y for x, y in zip(row, lms, strict=True))):02x}" for row in rows)


def _byte(linear: float) -> int:
    """A channel of linear light as sRGB has it."""
    kept = min(max(linear, 0.0), 1.0)
    return round(255 * (12.92 * kept if kept <= 0.0031308 else 1.055 * kept ** (1 / 2.4) - 0.055))
