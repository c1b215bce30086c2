"""The fault run's pictures: what is counted here are creations and whole files."""

import pytest


@pytest.fixture(autouse=True)
def drawn_once(noise: None) -> None:
    """What is seen in the pictures is for the tests of the sandbox."""
