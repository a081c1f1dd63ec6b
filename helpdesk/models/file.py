"""Stored bytes, named by their content, so that the same file is kept once."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models, transaction


class FileManager(models.Manager["File"]):
    """Stores bytes first and the row second: a row never names bytes that are not there."""

    def store(self, content: bytes) -> "File":
        """The file of these bytes, stored now or before."""
        return self.store_many([content])[0]

    def store_many(self, contents: list[bytes]) -> list["File"]:
        """As `store`, for many at once, in two queries."""
        if not contents:
            return []
        keys = [hashlib.sha256(content).hexdigest() for content in contents]
        for key, content in zip(keys, contents, strict=True):
            name = File.name_of(key)
            if not default_storage.exists(name):
                default_storage.save(name, ContentFile(content))
        self.bulk_create(
            [File(sha256=k, size=len(c)) for k, c in dict(zip(keys, contents, strict=True)).items()],
            ignore_conflicts=True,
        )
        if settings.CLAMD_URL:
            transaction.on_commit(_ask_for_scans, robust=True)
        found = {file.sha256: file for file in self.filter(sha256__in=keys)}
        return [found[key] for key in keys]

    def forget_unused(self, ids: Iterable[int]) -> int:
        """Delete those of these files that nothing names any more, bytes and all. Returns how many went."""
        candidates = list(ids)
        unused = self.filter(pk__in=candidates)
        for relation in File._meta.get_fields(include_hidden=True):
            if isinstance(relation, models.ManyToOneRel):
                name = relation.field.name
                used = relation.related_model._base_manager.filter(**{f"{name}__in": candidates})
                unused = unused.exclude(pk__in=used.values(name))
        gone = list(unused.values_list("sha256", flat=True))
        self.filter(sha256__in=gone).delete()
        transaction.on_commit(lambda: _drop(gone), robust=True)
        return len(gone)


def _drop(gone: Iterable[str]) -> None:
    """Delete the bytes of files without a row; whoever stored the same meanwhile has a row again."""
    for sha256 in gone:
        if not File.objects.filter(sha256=sha256).exists():
            default_storage.delete(File.name_of(sha256))


def _ask_for_scans() -> None:
    from helpdesk.doorbell import ring
    from helpdesk.tasks import scan_files

    ring(scan_files)


class File(models.Model):
    """Bytes kept in the storage (a folder, or S3) under their SHA-256."""

    class Scan(models.TextChoices):
        """What a virus scanner said of it, where there is one."""

        UNSCANNED = "unscanned"
        CLEAN = "clean"
        INFECTED = "infected"
        FAILED = "failed"

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    scan = models.CharField(max_length=10, choices=Scan.choices, default=Scan.UNSCANNED)
    scanned_at = models.DateTimeField(null=True)
    threat = models.CharField(max_length=200, blank=True)

    objects = FileManager()

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(scan="unscanned"), name="file_unscanned")]

    @property
    def held(self) -> str:
        """Why it is not handed out: infected, failed or unscanned; "" if it is."""
        if self.scan == self.Scan.INFECTED:
            return self.scan
        return self.scan if settings.CLAMD_URL and self.scan != self.Scan.CLEAN else ""

    @staticmethod
    def name_of(sha256: str) -> str:
        """Where the storage keeps it."""
        return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def read(self) -> bytes:
        """The bytes. Raises FileNotFoundError when the storage lost them."""
        with default_storage.open(self.name_of(self.sha256)) as stored:
            return stored.read()
