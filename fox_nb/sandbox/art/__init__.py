"""The sandbox's pictures: drawn from words, changed, enhanced, marked and written as files.

They are made from numbers alone: nothing is fetched, and the same arguments give the same picture in any process.
"""

from fox_nb.sandbox.art.edit import Drawn, edit
from fox_nb.sandbox.art.encoding import as_rgb, encode, mime
from fox_nb.sandbox.art.enhance import enhance
from fox_nb.sandbox.art.figure import Figure, invented
from fox_nb.sandbox.art.learn import figure_from_photos
from fox_nb.sandbox.art.picture import generate, stand_in
from fox_nb.sandbox.art.sizes import enhanced_size, size_of

__all__ = [
    "Drawn",
    "Figure",
    "as_rgb",
    "edit",
    "encode",
    "enhance",
    "enhanced_size",
    "figure_from_photos",
    "generate",
    "invented",
    "mime",
    "size_of",
    "stand_in",
]
