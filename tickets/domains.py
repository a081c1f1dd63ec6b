"""Domains of mail addresses: whether one says for whom somebody works."""

#: half the world has its mail there: they say nothing about who writes
PUBLIC = frozenset(
    """
    126.com 163.com aol.com att.net btinternet.com comcast.net free.fr freenet.de gmail.com gmx.at gmx.ch gmx.de
    gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr hotmail.it icloud.com
    interia.pl kpnmail.nl laposte.net libero.it live.com live.fr live.nl mac.com mail.ru mailbox.org me.com
    msn.com naver.com o2.pl onet.pl orange.fr outlook.com posteo.de proton.me protonmail.com qq.com seznam.cz
    t-online.de telenet.be uol.com.br verizon.net virgilio.it wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com
    yahoo.de yahoo.fr yandex.com yandex.ru ymail.com ziggo.nl
    """.split()
)


def of(address: str) -> str:
    """The domain of a mail address, in lower case; "" of anything else."""
    return address.rpartition("@")[2].lower() if "@" in address else ""
