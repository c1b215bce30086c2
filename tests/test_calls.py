"""The calls: names that they don't have are refused in words, before anything is sent."""

from typing import Any

import pytest

from artifacts import MARKED_KEY
from fox_nb import Fox, InvalidRequest


@pytest.mark.parametrize(
    ("method", "given", "words"),
    [
        ("generate", {"promt": "a fox"}, "Did you mean 'prompt'"),
        ("generate", {"prompt": "a fox", "seed": 3}, "No model has a seed"),
        ("price", {"model": "phota-image", "seed": 3}, "No model has a seed"),
        ("generate", {"prompt": "a fox", "take": "two"}, "take is 'two'"),
        ("edit", {"prompt": "a hat", "image_url": "https://example.com/a.jpg"}, "Did you mean 'image_urls'"),
        ("enhance", {"image_url": "https://example.com/a.jpg", "creativty": 0.5}, "Did you mean 'creativity'"),
        ("imagine", {"prompt": "a fox", "format": "png"}, "Did you mean 'output_format'|it has prompt"),
    ],
)
def test_a_name_that_a_call_does_not_have_is_refused(
    sandbox: Any, tmp_path: Any, method: str, given: Any, words: str
) -> None:
    """With what was probably meant; nothing is sent."""
    with Fox(api_key=MARKED_KEY, base_url=sandbox.base_url, store=tmp_path / "fox_runs") as fox:
        with pytest.raises(InvalidRequest, match=words) as refused:
            getattr(fox, method)(**given)
        assert "Nothing was sent" in str(refused.value)
        assert sandbox.creations == []
