"""The sandbox's pictures: what they must be, whoever looks at them."""

from fox_nb.sandbox import art


def test_same_words_same_picture():
    """The same words and seed give the same bytes; another seed gives another picture."""
    first = art.generate("a lake at dawn", (160, 96), seed=1)
    assert first.tobytes() == art.generate("a lake at dawn", (160, 96), seed=1).tobytes()
    assert first.tobytes() != art.generate("a lake at dawn", (160, 96), seed=2).tobytes()
