"""Small builders of mails as they travel."""


def mail(body: str | bytes = "Hello", **fields: str) -> bytes:
    """A mail with these header fields (`reply_to` is Reply-To) and this body."""
    headers = {"From": "Dora <dora@customer.test>", "To": "support@desk.test", "Subject": "Help"}
    headers.update({name.replace("_", "-").title(): value for name, value in fields.items()})
    head = "".join(f"{name}: {value}\n" for name, value in headers.items() if value is not None)
    content = body if isinstance(body, bytes) else body.encode()
    return head.encode("utf-8", "surrogateescape") + b"\n" + content


def text_mail(body: str, **fields: str) -> bytes:
    """A plain text mail in UTF-8."""
    return mail(body, mime_version="1.0", content_type="text/plain; charset=utf-8", **fields)


def html_mail(body: str, **fields: str) -> bytes:
    """A mail of HTML alone."""
    return mail(body, mime_version="1.0", content_type="text/html; charset=utf-8", **fields)


def multipart(*parts: str | bytes, kind: str = "mixed", **fields: str) -> bytes:
    """A multipart mail; every part is given with its own headers."""
    raw = b"".join(b"--edge\n" + (part if isinstance(part, bytes) else part.encode()) + b"\n" for part in parts)
    content_type = fields.pop("content_type", f"multipart/{kind}; boundary=edge")
    return mail(raw + b"--edge--\n", mime_version="1.0", content_type=content_type, **fields)
