"""The client: the gateway's calls, with no policy but what is safe to send again.

>>> with Client("https://api.foxapi.cc", key) as client:
...     state = client.create({"model": "phota-image", "prompt": "a fox in the snow"})
...     state = client.task(state.id)
"""

from fox_nb.client.accounts import Balance, Entry, Log, Prices, Usage
from fox_nb.client.calls import Client
from fox_nb.client.download import Downloaded
from fox_nb.client.responses import certainly_not_accepted
from fox_nb.client.uploading import Upload

__all__ = [
    "Balance",
    "Client",
    "Downloaded",
    "Entry",
    "Log",
    "Prices",
    "Upload",
    "Usage",
    "certainly_not_accepted",
]
