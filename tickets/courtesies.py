"""Whether somebody only says thank you: then nobody has to do anything.

Every word must be a word of thanks or politeness of one language, or a name. What is not known for certain to be
nothing more is something more: a question mark, a figure, an attachment, a "yes", or a language we do not know.
"""

import re
from collections.abc import Iterable

#: who has more to say than that says something
MOST = 300

#: each language's words of thanks, what goes with them, and what one is thanked for: that stands after "for" only, as
#: "help, thanks" is no "thanks for your help"
_WORDS: tuple[tuple[str, str, str, str], ...] = (
    (
        "thanks thank thx ty tysm cheers grateful appreciated appreciate",
        "hi hello dear you your so very much many a lot bunch million again the this that is it all and i i'm we "
        "really greatly truly us great super awesome wonderful excellent brilliant amazing lovely fantastic perfect "
        "best regards wishes kind warm have nice good day week weekend evening too team everyone folks",
        "for",
        "quick fast prompt speedy swift help helping support assistance reply replying response responding answer "
        "answering info information update updates updating letting me know",
    ),
    (
        "danke dank dankeschön bedanke merci",
        "hallo hi liebe lieber guten tag morgen abend vielen lieben herzlichen besten schönen tausend schön sehr "
        "ganz die das den dem der ihre ihren eure eurer deine mich ich wir bei super toll klasse prima perfekt "
        "wunderbar und nochmal nochmals schönes wochenende schöne woche ihnen euch dir auch viele liebe grüße gruß "
        "beste herzliche mit freundlichen grüßen mfg lg vg team",
        "für",
        "schnelle schnellen rasche raschen prompte gute nette freundliche antwort antworten rückmeldung nachricht "
        "hilfe unterstützung info infos information informationen auskunft mühe",
    ),
    (
        "merci remercie remercions remerciements",
        "bonjour bonsoir chère cher beaucoup bien infiniment mille je vous nous te votre ta la le les cette super "
        "parfait génial très encore et bonne journée soirée semaine cordialement salutations",
        "pour de",
        "réponse rapide retour aide information informations message",
    ),
    (
        "gracias agradecido agradecida agradezco",
        "hola buenos buenas días tardes muchas mil muy la el su tu perfecto genial estupendo y un saludo saludos "
        "buen día",
        "por",
        "respuesta ayuda información rápida",
    ),
    (
        "grazie ringrazio ringraziamo",
        "buongiorno salve ciao molte mille tante la il vostra tua sua perfetto ottimo ancora e cordiali saluti "
        "buona giornata serata vi ti",
        "per",
        "risposta aiuto rapida informazione informazioni",
    ),
    (
        "bedankt dank dankjewel dankuwel",
        "hallo hoi beste hartelijk heel erg veel u je jullie wel de het uw super fijn top perfect nogmaals en met "
        "vriendelijke groet groeten fijne dag weekend",
        "voor",
        "snelle antwoord reactie hulp informatie",
    ),
    (
        "obrigado obrigada agradeço",
        "olá bom boa dia tarde muito a o sua perfeito ótimo novamente e cumprimentos abraços",
        "pela pelo",
        "resposta ajuda informação rápida",
    ),
    ("dziękuję dziękujemy dzięki", "dzień dobry bardzo serdecznie i pozdrawiam", "za", "szybką odpowiedź pomoc"),
    ("tak", "hej mange tusind det og mvh venlig hilsen", "for", "svar svaret hjælpen hurtige"),
    ("tack", "hej så mycket tusen det och mvh hälsningar vänliga", "för", "svar svaret hjälpen snabba"),
    ("takk", "hei så mye tusen det og mvh vennlig hilsen", "for", "svar svaret hjelpen raske"),
)
_LANGUAGES = tuple(tuple(frozenset(words.split()) for words in language) for language in _WORDS)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_MORE = re.compile(r"[?？\d@/]")


def is_mere_thanks(text: str, *, names: Iterable[str] = ()) -> bool:
    """Whether a message says thank you and nothing else. `names` are those of the people who write to each other."""
    if len(text) > MOST or _MORE.search(text):
        return False
    known = {word for name in names for word in _WORD.findall(name.lower())}
    words = [word for word in _WORD.findall(text.lower().replace("’", "'")) if word not in known]
    return any(_is_thanks(words, *language) for language in _LANGUAGES)


def _is_thanks(
    words: list[str], thanks: frozenset[str], polite: frozenset[str], after: frozenset[str], what: frozenset[str]
) -> bool:
    is_for = has_thanked = False
    for word in words:
        if word in thanks:
            has_thanked = True
        elif word in after:
            is_for = has_thanked
        elif word not in polite and not (is_for and word in what):
            return False
    return has_thanked
