"""Pictures are known by their bytes, and those no browser should draw by their own words about their size."""

import tracemalloc

import pytest

from helpdesk import pictures
from tests.pictures import gif, jpeg, png, webp

SANE = {
    "image/png": [png(3, 2), png(10_000, 5_000, drawn=False), png(5, 5, frames=100, drawn=False)],
    "image/gif": [gif(3, 2), gif(40, 40, frames=100)],
    "image/jpeg": [jpeg(3, 2), jpeg(8_000, 6_000)],
    "image/webp": [webp(3, 2), webp(3, 2, form="VP8 "), webp(3, 2, form="VP8L"), webp(20, 20, frames=50)],
}


def test_ordinary_pictures_are_told_by_their_bytes() -> None:
    for media_type, contents in SANE.items():
        for content in contents:
            assert pictures.safe_type(content) == media_type
        first = pictures.look(contents[0])
        assert first and (first.width, first.height, first.frames) == (3, 2, 1)


@pytest.mark.parametrize(
    "content",
    [
        png(30_000, 30_000, drawn=False), png(10_001, 1, drawn=False), png(8_000, 8_000, drawn=False),
        png(0, 5, drawn=False), png(2**32 - 1, 1, drawn=False), png(9, 9, frames=5_000, drawn=False),
        png(7_000, 7_000, frames=90, drawn=False), gif(1, 65_535, frames=5_000), gif(1, 65_535),
        gif(40, 40, frames=101),
        jpeg(65_535, 65_535), jpeg(0, 9), webp(16_384, 16_384), webp(9, 9, frames=5_000), webp(16_384, 9, form="VP8L"),
        webp(16_383, 16_383, form="VP8 "),
    ],
)  # fmt: skip
def test_t38_2_bombs_are_recognised_unopened(content: bytes) -> None:
    tracemalloc.start()
    assert pictures.safe_type(content) == ""
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_picture_of_an_animation_may_not_be_larger_than_it_says() -> None:
    assert pictures.safe_type(gif(40, 40).replace(b"\x2c\0\0\0\0\x01\0\x01\0", b"\x2c\0\0\0\0\xff\xff\xff\xff")) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"%PDF-1.4", b"PK\x03\x04", b"BM" + b"\0" * 60, b"II*\0" + b"\0" * 60, b"\0\0\x01\0" + b"\0" * 60,
        b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>", b"GIF89a<script>alert(1)</script>", b"GIF89a/*",
        b"\xff\xd8\xff<script>", b"RIFF\0\0\0\0WEBP<html>", png(3, 2)[:20], gif(3, 2)[:20], jpeg(3, 2)[:10],
        webp(3, 2)[:20],
        b"\xff\xd8" + b"\xff" * 1_000_000,
    ],
)  # fmt: skip
def test_t16_2_what_only_begins_like_a_picture_is_none(content: bytes) -> None:
    assert pictures.safe_type(content) == ""


def test_a_pixel_is_a_pixel() -> None:
    for content, is_pixel in ((gif(1, 1), True), (png(2, 2), True), (png(3, 2), False)):
        seen = pictures.look(content)
        assert seen and seen.is_pixel is is_pixel
