"""A few dozen emoji for answers, by the names Unicode gives them and those that people type."""

import unicodedata

SIGNS = (
    "😀😃😄😁😅😂🙂🙃😉😊😇😍😘😋😎🤔🤨😐🙄😏😴😷🤒🥳🤓😕🙁😮😳🥺😢😭😤😠🤯😱🤗🤷🙈👋👍👎👌🤞🙏👏🙌💪🤝👀🧠❤💛💚💙💜💔💯🎉🎊🎁🎂🍰☕🍕🍺🥂🌞🌈⭐🔥💧❄⚡"
    "🌍🌱🌹🐛🐞🐶🐱🦄🚀🚚📦📬📎📌📅⏰⏳✅❌❓❗⚠🚫🔒🔑🔧🔨💡🔍📞📱💻💳💶🏠🏆🎯"
)


#: what people type, where Unicode has another name
ALSO = {
    "🙂": "smile", "😀": "grin", "😂": "lol joy", "😉": "wink", "😢": "sad cry", "😍": "love", "❤": "love heart",
    "👍": "thumbs up yes +1", "👎": "thumbs down no", "🙏": "thanks please", "👏": "applause", "🎉": "party tada",
    "✅": "check done", "❌": "wrong no", "⚠": "attention", "💡": "idea", "🚚": "truck delivery", "📦": "parcel",
    "💯": "100", "👋": "wave hello", "🤷": "shrug", "🔥": "fire", "⏰": "clock", "💶": "euro money", "📅": "date",
    "🐞": "bug", "☕": "coffee",
}  # fmt: skip


def named() -> list[tuple[str, str]]:
    """Each sign with its name, and what else it is called."""
    return [(sign, _names(sign)) for sign in SIGNS]


def _names(sign: str) -> str:
    name = unicodedata.name(sign).lower().removesuffix(" sign")
    also = [word for word in ALSO.get(sign, "").split() if word not in name.split()]
    return " · ".join([name, *also])
