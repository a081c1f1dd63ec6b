"""From a tree of parts to a body and its attachments."""

import binascii
import html as entities
import mimetypes
import quopri
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from tickets.channels.email import charsets, headers, html_text, tnef, uuencoding
from tickets.channels.email.limits import MAX_ATTACHMENTS, MAX_DECODED, MailTooComplex
from tickets.channels.email.tree import Part

_CONTENT_ID = re.compile(r"cid:([^\"'\s>)\\]{1,500})", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_RICH_TAG = re.compile(r"<[^<>\n]{1,200}>")
_BODY_TYPES = frozenset(
    {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown", "text"}
)
_NAMED = {
    "text/calendar": "invitation.ics",
    "application/ics": "invitation.ics",
    "application/pgp-signature": "signature.asc",
    "application/pgp-encrypted": "version.txt",
    "application/pkcs7-signature": "smime.p7s",
    "application/x-pkcs7-signature": "smime.p7s",
    "application/pkcs7-mime": "smime.p7m",
    "message/delivery-status": "delivery-status.txt",
    "message/disposition-notification": "disposition-notification.txt",
    "message/feedback-report": "feedback-report.txt",
    "text/rfc822-headers": "headers.txt",
}
_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """A file that came with a mail. `is_inline`: the HTML body shows it through its content id."""

    filename: str
    content_type: str
    content: bytes
    content_id: str
    is_inline: bool


@dataclass(slots=True)
class _Block:
    """A stretch of body: what it says as plain text, as HTML, or both."""

    plain: str | None = None
    html: str | None = None


@dataclass(slots=True)
class _File:
    filename: str
    content_type: str
    content: bytes
    content_id: str


@dataclass(slots=True)
class Body:
    """A body, read: whole text, HTML, files, and where the markup says that history begins."""

    text: str = ""
    html: str = ""
    charset: str = ""
    history_line: int | None = None
    answer_text: str = ""
    attachments: tuple[ParsedAttachment, ...] = ()
    warnings: list[str] = field(default_factory=list)


def read(root: Part) -> Body:
    """Read the body and the attachments of a mail."""
    return _Collector().read(root)


def decoded(part: Part) -> bytes:
    """The content of a part without its transfer encoding."""
    raw = part.sent_bytes()
    encoding = part.first("content-transfer-encoding").strip().lower()
    if not encoding or encoding.startswith(("7bit", "8bit", "binary")):
        return raw
    if "base64" in encoding:
        return headers.decode_base64(raw)
    if "quoted" in encoding:
        return quopri.decodestring(raw) if b"=\r" not in raw else binascii.a2b_qp(raw)
    if "uu" in encoding:
        found = uuencoding.find(raw.decode("latin-1"))
        return found[0].content if found else raw
    return raw


class _Collector:
    def __init__(self) -> None:
        self.files: list[_File] = []
        self.charset = ""
        self.has_text = False
        self.decoded = 0
        self.warnings: list[str] = []

    def read(self, root: Part) -> Body:
        blocks = self.blocks(root)
        html = _joined_html(blocks)
        text, history_line = _joined_text(blocks)
        body = Body(html=html, charset=self.charset, warnings=self.warnings, history_line=history_line)
        if "begin" in text and (found := uuencoding.find(text)):
            for one in reversed(found):
                text = text[: one.start] + text[one.end :]
            for one in found:
                self.add(_File(one.filename, _guessed_type(one.filename), one.content, ""))
            body.history_line = None
        body.text = body.answer_text = text
        if html and history_line is None and not _says_history(text) and html_text.has_history(html):
            converted = html_text.convert(html)  # the text part has no marks of what is quoted, the markup has
            body.answer_text, body.history_line = converted.text, converted.history_line
        self.expand_tnef(body)
        shown = {unquote(one) for one in _CONTENT_ID.findall(html)} if html and self.files else set()
        body.attachments = tuple(
            ParsedAttachment(
                one.filename, one.content_type, one.content, one.content_id, one.content_id in shown and bool(shown)
            )
            for one in self.files
        )
        return body

    def blocks(self, part: Part) -> list[_Block]:
        """What a part contributes to the body; files are collected on the way."""
        kind = part.typed[0]
        if part.parts:
            if kind == "multipart/alternative":
                return self.alternative(part)
            return [block for inner in part.parts for block in self.blocks(inner)]
        if kind.startswith("multipart/"):
            text = self.text_of(part)
            return [_Block(plain=text)] if text.strip() else []
        return self.leaf(part, kind)

    def alternative(self, part: Part) -> list[_Block]:
        """One body in several forms: the plain one and the last HTML one are kept side by side."""
        plain: list[str] = []
        html: list[str] = []
        for inner in part.parts:
            if inner.typed[0] in ("text/x-amp-html", "text/watch-html"):
                continue
            found = self.blocks(inner)
            written = [block.html for block in found if block.html is not None]
            if written:
                html = [block.html if block.html is not None else _as_html(block.plain or "") for block in found]
            if not plain or (not written and not any(one.strip() for one in plain)):
                plain = [block.plain for block in found if block.plain is not None] or plain
        if not plain and not html:
            return []
        text = "\n".join(plain) if any(one.strip() for one in plain) else None
        return [_Block(plain=text if text is not None or html else "", html="\n".join(html) if html else None)]

    def leaf(self, part: Part, kind: str) -> list[_Block]:
        name = part.file_name
        is_first = not self.files and not self.has_text
        if kind in _BODY_TYPES and part.disposition[0] != "attachment" and (not name or is_first):
            text = self.text_of(part)
            self.has_text = self.has_text or bool(text.strip())
            if name and part.first(
                "content-disposition"
            ):  # shown as the body by some programs, as a file by others: be both
                self.add(_File(_file_name(name, kind, b"", 1), kind, decoded(part), ""))
            if kind == "text/html":
                return [_Block(html=text)]
            if kind in ("text/enriched", "text/richtext"):
                text = entities.unescape(_RICH_TAG.sub("", text.replace("<<", "\0"))).replace("\0", "<")
            return [_Block(plain=text)]
        content = part.sent_bytes() if kind == "message/external-body" else decoded(part)
        if kind in ("text/plain", "application/octet-stream") and name.lower() == "winmail.dat":
            kind = "application/ms-tnef"
        content_id = headers.message_id(part.first("content-id")) if part.first("content-id") else ""
        self.add(_File(_file_name(name, kind, content, len(self.files) + 1), kind, content, content_id))
        return []

    def add(self, file: _File) -> None:
        if len(self.files) >= MAX_ATTACHMENTS:
            raise MailTooComplex(f"The mail has more than {MAX_ATTACHMENTS} attachments.")
        self.count(len(file.content))
        self.files.append(file)

    def count(self, size: int) -> None:
        """Add what was decoded to the sum that one mail may come to."""
        self.decoded += size
        if self.decoded > MAX_DECODED:
            raise MailTooComplex(f"The mail holds more than {MAX_DECODED:,} bytes once it is decoded.")

    def text_of(self, part: Part) -> str:
        kind, parameters = part.typed
        content = decoded(part)
        self.count(len(content))
        charset = parameters.get("charset", "")
        if not charset and kind == "text/html" and (match := _META_CHARSET.search(content, 0, 4096)):
            charset = match[1].decode("ascii")
        text, used = charsets.decode(content, charset)
        if charset and not charsets.codec_named(charset):
            self.warnings.append(f"Unknown character set {charset[:40]!r}, read as {used}.")
        self.charset = self.charset or used
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if not text.isprintable():
            text = _CONTROLS.sub("", text.replace("\0", ""))
        if kind == "text/plain" and parameters.get("format", "").lower() == "flowed":
            text = _unflowed(text, delete_space=parameters.get("delsp", "").lower() == "yes")
        return text

    def expand_tnef(self, body: Body) -> None:
        """Replace Outlook's container by the files and, when there is no other, the body inside."""
        for file in [one for one in self.files if one.content_type in _TNEF_TYPES]:
            found = tnef.read(file.content)
            if found is None:
                continue
            self.files.remove(file)
            for one in found.files:
                kind = _guessed_type(one.name)
                name = _file_name(one.name, kind, one.content, len(self.files) + 1)
                self.add(_File(name, kind, one.content, one.content_id))
            if not body.text.strip() and found.text:
                body.text = body.answer_text = found.text
            if not body.html and found.html:
                body.html = found.html
                body.text = body.answer_text = body.text if body.text.strip() else html_text.convert(found.html).text


def _says_history(text: str) -> bool:
    return "\n>" in text[:65536] or text.startswith(">")


def _joined_html(blocks: list[_Block]) -> str:
    if not any(block.html is not None for block in blocks):
        return ""
    return "\n".join(block.html if block.html is not None else _as_html(block.plain or "") for block in blocks)


def _as_html(plain: str) -> str:
    return f"<pre>{entities.escape(plain)}</pre>" if plain.strip() else ""


def _joined_text(blocks: list[_Block]) -> tuple[str, int | None]:
    texts: list[str] = []
    history_line: int | None = None
    for block in blocks:
        if block.plain is not None:
            texts.append(block.plain)
            continue
        converted = html_text.convert(block.html or "")
        if converted.history_line is not None and history_line is None:
            history_line = converted.history_line + sum(one.count("\n") + 1 for one in texts)
        texts.append(converted.text)
    return "\n".join(texts), history_line


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676), within one level of quotation."""
    out: list[str] = []
    joined: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        is_delimiter = content == "-- "
        if open_depth != depth or is_delimiter:
            if joined:
                out.append("".join(joined))
            joined = [f"{'>' * depth} " if depth else ""]
        is_soft = content.endswith(" ") and not is_delimiter
        joined.append(content[:-1] if is_soft and delete_space else content)
        open_depth = depth if is_soft else -1
    out.append("".join(joined))
    return "\n".join(out)


def _file_name(name: str, kind: str, content: bytes, number: int) -> str:
    """A name to show and save: what the sender called it, the subject of a mail in a mail, or one we make."""
    if found := headers.file_name(name):
        return found
    if kind in ("message/rfc822", "message/global"):
        subject = _subject_of(content)
        return (
            headers.file_name(re.sub(r"[/\\:*?\"<>|]+", "-", subject))[:150] + ".eml"
            if subject
            else f"message-{number}.eml"
        )
    if kind in _NAMED:
        return _NAMED[kind]
    return f"attachment-{number}{mimetypes.guess_extension(kind) or '.bin'}"


def _subject_of(content: bytes) -> str:
    head = content[:16384].replace(b"\r\n", b"\n").partition(b"\n\n")[0].replace(b"\n ", b" ").replace(b"\n\t", b" ")
    for line in head.split(b"\n"):
        if line[:8].lower() == b"subject:":
            return headers.decoded(line[8:].decode("ascii", "surrogateescape"))
    return ""


def _guessed_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
