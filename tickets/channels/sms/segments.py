"""How many messages a text is on the air, which is what one pays for (3GPP TS 23.038 and 23.040)."""

#: the alphabet every telephone knows; what stands in the extension takes two places
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """160 letters of the basic alphabet or 70 UTF-16 units are one; of several, each carries 153 or 67."""
    if all(letter in _BASIC or letter in _EXTENDED for letter in text):
        places, alone, each = sum(2 if letter in _EXTENDED else 1 for letter in text), 160, 153
    else:
        places, alone, each = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if places <= alone else -(-places // each)
