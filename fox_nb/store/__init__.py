"""Store: one folder beside the notebook that holds the journal and every picture; shared by any number of kernels."""

from fox_nb.store.bills import Bills, Sending
from fox_nb.store.catalog import Source
from fox_nb.store.files import copy_of, picture_name, put, sha256_of, slug
from fox_nb.store.folder import Store
from fox_nb.store.journal import LONGEST_SENDING, Asked, identity_of, request_hash
from fox_nb.store.rows import BEING_SENT, FORGOTTEN, ON_ITS_WAY, SHARED, PictureRow, TaskRow, kept, moved, numbered

__all__ = [
    "BEING_SENT",
    "FORGOTTEN",
    "LONGEST_SENDING",
    "ON_ITS_WAY",
    "SHARED",
    "Asked",
    "Bills",
    "PictureRow",
    "Sending",
    "Source",
    "Store",
    "TaskRow",
    "copy_of",
    "identity_of",
    "kept",
    "moved",
    "numbered",
    "picture_name",
    "put",
    "request_hash",
    "sha256_of",
    "slug",
]
