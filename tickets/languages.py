"""Which language a mail is in, guessed from its commonest words: cheap, and silent where it cannot tell.

Only good enough to choose between prepared texts. Scripts that one language has to itself decide at once.
"""

import re
from collections import Counter

#: words that make up a fifth of any text and that the neighbours do not share
_WORDS: dict[str, str] = {
    "en": "the and is are was were have has you your my we our with this that not for from when what where please "
    "can could would it i to of thanks hello hi",
    "de": "der die das und ist sind war nicht ich sie wir mein meine meinen ihr ihre mit auf für von dem den ein eine "
    "einen bitte noch habe haben wann wo wie danke hallo kann",
    "fr": "le les et est sont je vous nous mon ma mes votre pas une pour avec dans sur que qui bonjour merci quand où "
    "j'ai n'est c'est du des au ai mais",
    "es": "el los las y es está son yo usted mi su con por para que una pero no cuando dónde cuándo hola gracias he "
    "del al favor buenos días",
    "it": "il gli e è sono io non mio mia vostro con per che una quando dove buongiorno grazie ho della del nel alla "
    "ciao salve ancora questo",
    "nl": "het een en is zijn niet ik jullie u mijn uw met voor van wanneer waar heb hebben hoe graag bedankt hallo "
    "naar nog ook maar de dit",
    "pt": "os as e é são não eu você meu minha com por para que uma quando onde olá obrigado obrigada do da no na "
    "está ainda bom dia",
    "da": "og er ikke jeg vi min mit jeres med til af det den en et hvornår hvor hej tak har kan på som",
    "sv": "och är inte jag vi min mitt er med till av det den en ett när var hej tack har kan på som för",
    "nb": "og er ikke jeg vi min mitt deres med til av det den en et når hvor hei takk har kan på som",
    "pl": "i jest są nie ja mój moje moja z na do się że kiedy gdzie dzień dobry dziękuję czy mam jak proszę to w od",
    "cs": "a je jsou ne já můj moje s na do se že kdy kde dobrý den děkuji mám jak prosím to v od nebo jsem",
    "fi": "ja on ovat ei minä minun teidän kanssa että milloin missä hei kiitos olen voi tämä se vielä mutta kun",
    "tr": "ve bir bu için ne zaman nerede merhaba teşekkürler değil var yok ben benim sizin ile mi da de çok",
}
LANGUAGES = tuple(_WORDS)
_OF: dict[str, list[str]] = {}
for _language, _common in _WORDS.items():
    for _one in _common.split():
        _OF.setdefault(_one, []).append(_language)

#: (language, its letters, how large their share must be)
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7a3]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
SCRIPTS = tuple(language for language, _letters in _SCRIPTS)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
#: how many characters are read
_MOST = 4000
#: a word no other language shares counts so much, and so much is the least we believe
_WHOLE, _LEAST = 12, 18
#: by how much the first must lead the second
_LEAD = 1.15


def guess(text: str) -> str:
    """The code of the language of a text, "" where that cannot be told."""
    text = text[:_MOST]
    letters = sum(map(str.isalpha, text))
    for language, script in _SCRIPTS:
        share = 0.1 if language == "ja" else 0.3
        if letters and len(script.findall(text)) > share * letters:
            return language
    votes: Counter[str] = Counter()
    for word in _WORD.findall(text.lower().replace("’", "'")):
        # a word that several languages share says less of each
        sharing = _OF.get(word, ())
        for language in sharing:
            votes[language] += _WHOLE // len(sharing)
    (best, most), (_next, less) = (*votes.most_common(2), ("", 0), ("", 0))[:2]
    return best if most >= _LEAST and most > less * _LEAD else ""
