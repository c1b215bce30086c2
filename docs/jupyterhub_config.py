"""A class in JupyterHub: the relay as a service, users' Hub tokens as seats, budgets by groups. To be copied."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub gives it

# The one key lies in a file, for the relay alone: of a service's environment the Hub keeps a copy in its database.
# Without this file the sandbox is behind the relay: a rehearsal, which needs a folder of its own.
KEY = Path("fox_class/key.txt")
# What each member of a group may spend; `fox-nb seats raise --all 20 --folder fox_class` says what all may together.
RELAY = [sys.executable, "-m", "fox_nb.cli", "relay", "--folder", "fox_class", "--group", "class-a=1.00"]

c.JupyterHub.services = [
    {
        "name": "fox",
        "url": "http://127.0.0.1:10101",
        "command": [*RELAY, "--key", str(KEY)] if KEY.exists() else RELAY,
        "environment": {name: value for name, value in os.environ.items() if name == "FOXAPI_BASE_URL"},
    }
]

c.JupyterHub.load_groups = {"class-a": {"users": ["ada", "ben"]}}
c.JupyterHub.load_roles = [
    {"name": "class", "groups": ["class-a"], "scopes": ["self", "access:services!service=fox"]},
    # The token that a user's own server has may do no more than the user: who is in no class is refused.
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "access:services!service=fox"]},
]

c.Spawner.environment = {
    # As a user's server reaches the Hub's proxy; on another machine also FOXAPI_PLAIN_HTTP, or https.
    "FOXAPI_BASE_URL": "http://127.0.0.1:8000/services/fox",
    "FOXAPI_KEY": lambda spawner: spawner.api_token,
}
