"""Secrets at rest: passwords of mailboxes are stored encrypted under a key derived from SECRET_KEY."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"at rest:" + key.encode()).digest())) for key in keys]
    )


def seal(text: str) -> str:
    """Text that a page may carry back to us and nobody can read."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str, *, seconds: int) -> str:
    """What was sealed at most so long ago; "" for anything else."""
    try:
        return _fernet().decrypt(sealed.encode(), ttl=seconds).decode()
    except (InvalidToken, UnicodeError):
        return ""


def encrypted(text: str) -> str:
    """Text as it is kept."""
    return _fernet().encrypt(text.encode()).decode()


def decrypted(kept: str) -> str:
    """The text that was kept; "" when the key was lost."""
    try:
        return _fernet().decrypt(kept.encode()).decode()
    except (InvalidToken, UnicodeError):
        return ""


class EncryptedTextField(models.TextField):
    """Text that is ciphertext in the database and plain in Python. Unreadable (the key was lost) reads as ""."""

    def get_prep_value(self, value):  # type: ignore[no-untyped-def]
        return _fernet().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value, expression, connection):  # type: ignore[no-untyped-def]
        if not value:
            return value
        try:
            return _fernet().decrypt(value.encode()).decode()
        except InvalidToken:
            return ""
