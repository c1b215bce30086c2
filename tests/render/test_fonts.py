"""Contact sheets write every sign: by a font that has it, else by its letter or its number, never as an empty box."""

import pytest
from PIL import ImageFont

from fox_nb.render import fonts


@pytest.mark.parametrize("sign", "üéñßוא狐🦊")
def test_no_sign_is_an_empty_box(sign: str) -> None:
    """What is written for a sign differs from what the font draws for no sign at all."""
    font = fonts.font_for([f"a fox {sign}"], 20)
    text = fonts.writable(sign, font)
    assert text
    assert all(bytes(font.getmask(part)) != bytes(font.getmask("\ufffe")) for part in text)


@pytest.mark.parametrize("text", ["हिन्दी", "ไทยน้ำ", "a\u20e3"])
def test_a_mark_that_the_font_lacks_is_no_box_either(text: str) -> None:
    """Alone it would be drawn on a circle, beside the box: all that is written of India's and Thai's words has a glyph."""
    font = fonts.font_for([text], 20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    apart = font.font_variant(layout_engine=ImageFont.Layout.BASIC)
    boxes = [
        sign for sign in fonts.writable(text, font) if bytes(apart.getmask(sign)) == bytes(apart.getmask("\ufffe"))
    ]
    assert boxes == []


def test_without_any_font_a_letter_stands_for_its_accents() -> None:
    """Where the machine has no font but Pillow's own, é is e, and a sign of another script is its number."""
    plain = ImageFont.load_default(20)
    assert fonts.writable("Küche, 狐", plain) in {"Kuche, [U+72D0]", "Küche, [U+72D0]"}


def test_words_of_ascii_stay_as_they_are() -> None:
    """A usual label is written as it is."""
    assert fonts.writable("a fox in the snow 0.5", fonts.font_for(["a fox"], 20)) == "a fox in the snow 0.5"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Ku\u0308che.png", "K\u00fcche.png"),
        ("e\u0301clair", "\u00e9clair"),
        ("Tie\u0302\u0301ng", "Ti\u1ebfng"),
        ("a\u200bfox", "afox"),
        ("a\u200d\u200efox", "afox"),
        ("a\xadfox", "afox"),
        ("\ufeffa fox\ufe0f", "a fox"),
        ("a\nfox", "a\nfox"),
    ],
)
def test_what_looks_the_same_is_written_the_same(text: str, same: str) -> None:
    """Names in Unicode's other form and signs that nobody sees are no boxes, with whatever font."""
    for font in (ImageFont.load_default(20), fonts.font_for([text], 20)):
        assert fonts.writable(text, font) == fonts.writable(same, font)
    assert fonts.font_for([text], 20) is fonts.font_for([same], 20)
    assert "[U+" not in fonts.writable(text, fonts.font_for([text], 20))


def test_a_mark_that_a_font_lacks_is_left_out() -> None:
    """A letter stays that has no form with its accent, as one of Thai's does whose vowel sign has no glyph."""
    assert fonts.writable("x\u0303 \u0e01\u0e34", ImageFont.load_default(20)) == "x [U+0E01]"
