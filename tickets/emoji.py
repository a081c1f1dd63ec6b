"""A few dozen emoji for answers, by the names Unicode gives them."""

import unicodedata

SIGNS = (
    "😀😃😄😁😅😂🙂🙃😉😊😇😍😘😋😎🤔🤨😐🙄😏😴😷🤒🥳🤓😕🙁😮😳🥺😢😭😤😠🤯😱🤗🤷🙈👋👍👎👌🤞🙏👏🙌💪🤝👀🧠❤💛💚💙💜💔💯🎉🎊🎁🎂🍰☕🍕🍺🥂🌞🌈⭐🔥💧❄⚡"
    "🌍🌱🌹🐛🐞🐶🐱🦄🚀🚚📦📬📎📌📅⏰⏳✅❌❓❗⚠🚫🔒🔑🔧🔨💡🔍📞📱💻💳💶🏠🏆🎯"
)


def named() -> list[tuple[str, str]]:
    """Each sign with its name."""
    return [(sign, unicodedata.name(sign).lower().removesuffix(" sign")) for sign in SIGNS]
