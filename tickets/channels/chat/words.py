"""What the widget says. An inbox has texts of its own, also for other languages, and they win."""

from collections.abc import Mapping

from tickets.channels.chat.languages import OTHERS

NAMES = [
    ("en", "English"), ("de", "Deutsch"), ("ar", "العربية"), ("es", "Español"), ("fr", "Français"), ("he", "עברית"),
    ("it", "Italiano"), ("nl", "Nederlands"), ("pt", "Português"),
]  # fmt: skip

ENGLISH = {
    "open": "Open the chat",
    "close": "Close the chat",
    "title": "Talk to us",
    "greeting": "How can we help?",
    "log": "Messages",
    "write": "Write a message",
    "send": "Send",
    "attach": "Attach a file",
    "you": "You",
    "team": "Team",
    "sending": "Sending…",
    "kept": "Not sent yet. It goes as soon as you are online.",
    "failed": "Not sent: {why}",
    "why": "something is wrong on our side.",
    "why_large": "it is too long.",
    "why_files": "the files are too large.",
    "why_empty": "its file is not at hand any more. Attach it again.",
    "why_origin": "this chat is not available here.",
    "why_gone": "this chat is not available here.",
    "again": "Try again",
    "discard": "Take back",
    "handed": "{name} goes on with you.",
    "ended": "This chat is over. Write, and it goes on.",
    "received": "Received",
    "seen": "Seen by the team",
    "typing": "{name} is typing…",
    "offline": "You are offline. What you write is kept and sent later.",
    "wait": "Usually answered within {time}.",
    "soon": "We answer as soon as we can.",
    "closed": "We are back {when}.",
    "closed_now": "Nobody is here at the moment.",
    "closed_mail": "Leave your address and we answer by mail.",
    "minute": "a minute",
    "minutes": "{n} minutes",
    "hour": "an hour",
    "hours": "{n} hours",
    "name": "Your name",
    "email": "Your e-mail address",
    "optional": "optional",
    "start": "Start",
    "required": "Please fill this in.",
    "bad_email": "This is no e-mail address.",
    "leave": "Leave your e-mail address, and our answer reaches you when you are gone.",
    "leave_do": "Save",
    "left": "Answers go to {email} when you are away.",
    "transcript": "Mail me this chat",
    "transcript_sent": "It is on its way to {email}.",
    "transcript_not": "It cannot be mailed now.",
    "sound": "Sound",
    "page": "Show the team which page I am on",
    "menu": "More",
    "new": "New messages: {n}",
    "new_message": "{name} says: {text}",
    "file_large": "{name} is larger than {most} MB.",
    "files_many": "At most {n} files at once.",
    "remove": "Remove {name}",
    "busy": "Too many messages at once. Please wait a moment.",
    "working": "One moment, your browser proves that it is no robot…",
    "by_mail": "by mail",
    "dismiss": "Dismiss",
    "peek": "The team sees what you type.",
}

GERMAN = {
    "open": "Chat öffnen",
    "close": "Chat schließen",
    "title": "Schreiben Sie uns",
    "greeting": "Wie können wir helfen?",
    "log": "Nachrichten",
    "write": "Nachricht schreiben",
    "send": "Senden",
    "attach": "Datei anhängen",
    "you": "Sie",
    "team": "Team",
    "sending": "Wird gesendet …",
    "kept": "Noch nicht gesendet. Das geschieht, sobald Sie online sind.",
    "failed": "Nicht gesendet: {why}",
    "why": "Bei uns stimmt etwas nicht.",
    "why_large": "Sie ist zu lang.",
    "why_files": "Die Dateien sind zu groß.",
    "why_empty": "Die Datei ist nicht mehr da. Hängen Sie sie noch einmal an.",
    "why_origin": "Dieser Chat ist hier nicht verfügbar.",
    "why_gone": "Dieser Chat ist hier nicht verfügbar.",
    "again": "Noch einmal",
    "discard": "Zurücknehmen",
    "handed": "{name} macht mit Ihnen weiter.",
    "ended": "Dieser Chat ist beendet. Schreiben Sie, und er geht weiter.",
    "received": "Angekommen",
    "seen": "Vom Team gesehen",
    "typing": "{name} schreibt …",
    "offline": "Sie sind offline. Was Sie schreiben, bleibt hier und geht später hinaus.",
    "wait": "Antwort meist innerhalb von {time}.",
    "soon": "Wir antworten, sobald wir können.",
    "closed": "Wir sind wieder da: {when}.",
    "closed_now": "Gerade ist niemand da.",
    "closed_mail": "Lassen Sie uns Ihre Adresse da, dann antworten wir per E-Mail.",
    "minute": "einer Minute",
    "minutes": "{n} Minuten",
    "hour": "einer Stunde",
    "hours": "{n} Stunden",
    "name": "Ihr Name",
    "email": "Ihre E-Mail-Adresse",
    "optional": "freiwillig",
    "start": "Beginnen",
    "required": "Bitte füllen Sie das aus.",
    "bad_email": "Das ist keine E-Mail-Adresse.",
    "leave": "Mit Ihrer E-Mail-Adresse erreicht Sie unsere Antwort auch, wenn Sie gegangen sind.",
    "leave_do": "Speichern",
    "left": "Wenn Sie weg sind, gehen Antworten an {email}.",
    "transcript": "Diesen Chat per E-Mail an mich",
    "transcript_sent": "Er ist unterwegs an {email}.",
    "transcript_not": "Das geht gerade nicht per E-Mail.",
    "sound": "Ton",
    "page": "Dem Team zeigen, auf welcher Seite ich bin",
    "menu": "Mehr",
    "new": "Neue Nachrichten: {n}",
    "new_message": "{name} sagt: {text}",
    "file_large": "{name} ist größer als {most} MB.",
    "files_many": "Höchstens {n} Dateien auf einmal.",
    "remove": "{name} entfernen",
    "busy": "Zu viele Nachrichten auf einmal. Bitte warten Sie einen Moment.",
    "working": "Einen Moment, Ihr Browser zeigt, dass er kein Roboter ist …",
    "by_mail": "per E-Mail",
    "dismiss": "Ausblenden",
    "peek": "Das Team sieht, was Sie tippen.",
}

_OURS: dict[str, dict[str, str]] = {"en": ENGLISH, "de": GERMAN, **OTHERS}
#: words that say how many: a language may have another one for two, for few and for many (`minutes_few`)
COUNTED = {f"{name}_{many}" for name in ("minutes", "hours") for many in ("zero", "two", "few", "many")}
RIGHT_TO_LEFT = {"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}


def language_of(asked: object, texts: Mapping[str, str], fixed: str = "auto") -> str:
    """The language spoken: the inbox's, else the page's where we or the inbox have words of it, else English."""
    if fixed != "auto":
        return fixed
    main = _main(asked)
    has_own = any(name.startswith(f"{main}.") for name in texts)
    return main if main in _OURS or (main and has_own) else "en"


def _main(tag: object) -> str:
    return str(tag or "").lower().replace("_", "-").partition("-")[0]


def is_of(language: str, asked: object) -> bool:
    """Whether this is the language asked for."""
    return _main(asked) in ("", _main(language))


def of(language: str, texts: Mapping[str, str]) -> dict[str, str]:
    """All words in one language."""
    found = {**ENGLISH, **_OURS.get(language, {})}
    for name, text in texts.items():
        there, _dot, word = name.rpartition(".")
        is_known = word in found or word in COUNTED
        if there in ("", language) and is_known and (there or f"{language}.{word}" not in texts):
            found[word] = text
    return found


def isolated(name: str, language: str) -> str:
    """A name as it stands in a sentence of a language, whichever way its own letters run."""
    return f"\u2068{name}\u2069" if direction(language) == "rtl" else name


def direction(language: str) -> str:
    """The way it is written."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
