"""JupyterHub: the relay as a service of a real Hub behind its real proxy, with the configuration that people copy."""

import asyncio
import json
import subprocess
import sys
import uuid
from pathlib import Path

import psutil
import pytest
import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from artifacts import MARKED_KEY
from fox_nb.cli import main
from processes import clean_environment, end_with_children, until
from servers import free_port

ROOT = Path(__file__).parents[2]
PROXY = ROOT / "tests" / "browser" / "node_modules" / ".bin" / "configurable-http-proxy"
TOKEN = "the-tests-own-token-0123456789"
SLOW = 400
CONFIG = f"""
load_subconfig({str(ROOT / "docs" / "jupyterhub_config.py")!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{{proxy}}"
c.JupyterHub.hub_port = {{hub}}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{{api}}"
c.ConfigurableHTTPProxy.command = [{str(PROXY)!r}]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.start_timeout = c.Spawner.http_timeout = {SLOW}
c.Spawner.environment["FOXAPI_BASE_URL"] = "http://127.0.0.1:{{proxy}}/services/fox"
c.JupyterHub.services[0]["url"] = "http://127.0.0.1:{{relay}}"
c.JupyterHub.services.append({{{{"name": "tests", "api_token": {TOKEN!r}}}}})
c.JupyterHub.load_roles.append(
    {{{{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}}}
)
"""
CELL = """
import fox_nb
try:
    print(fox_nb.Fox().generate("a fox in the snow").wait(timeout=120).row.task_id)
except fox_nb.FoxError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def hub(sandbox, artifacts):
    """The address of a Hub with a relay on the sandbox."""
    folder = artifacts.fresh("hub")
    ports = {name: free_port() for name in ("proxy", "hub", "api", "relay")}
    (folder / "config.py").write_text(CONFIG.format(**ports))
    assert main(["seats", "raise", "--all", "20", f"--folder={folder / 'fox_class'}"]) == 0
    env = clean_environment(artifacts, {"FOXAPI_KEY": MARKED_KEY, "FOXAPI_BASE_URL": sandbox.base_url})
    with (artifacts.searched / f"{folder.name}.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterhub", "-f", "config.py"]
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{ports['proxy']}"
    try:
        until(lambda: answers(f"{address}/services/fox/api/pricing"), "the relay behind the Hub's proxy", seconds=SLOW)
        yield address
    finally:
        end_with_children(process.pid)
        psutil.wait_procs([process], 30)


def answers(url):
    try:
        return requests.get(url, timeout=10).ok or None
    except requests.RequestException:
        return None


def run(hub, user, code):
    """What a cell printed in a kernel of the user's own server."""
    headers = {"Authorization": f"token {TOKEN}"}
    api = f"{hub}/hub/api/users/{user}"
    requests.post(api, headers=headers, timeout=60)
    requests.post(f"{api}/server", headers=headers, timeout=SLOW).raise_for_status()
    until(
        lambda: requests.get(api, headers=headers, timeout=60).json()["servers"].get("", {}).get("ready") or None,
        f"the server of {user}",
        seconds=SLOW,
    )
    kernel = requests.post(f"{hub}/user/{user}/api/kernels", headers=headers, json={}, timeout=SLOW).json()["id"]
    url = f"{hub}/user/{user}/api/kernels/{kernel}/channels".replace("http", "ws", 1)
    return asyncio.run(asyncio.wait_for(executed(HTTPRequest(url, headers=headers), code), SLOW))


async def executed(request, code):
    line = await websocket_connect(request)
    name = uuid.uuid4().hex
    header = {
        "msg_id": name,
        "msg_type": "execute_request",
        "version": "5.3",
        "username": "",
        "session": name,
        "date": "",
    }
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    about = {"parent_header": {}, "metadata": {}, "channel": "shell", "buffers": []}
    await line.write_message(json.dumps({"header": header, "content": content, **about}))
    said = ""
    while True:
        message = json.loads(await line.read_message())
        if message["parent_header"].get("msg_id") == name:
            said += message["content"].get("text", "") if message["msg_type"] == "stream" else ""
            if message["msg_type"] == "idle" or message["content"].get("execution_state") == "idle":
                return said


@pytest.mark.long
def test_users_of_a_hub_have_seats_by_their_groups(hub, sandbox):
    """Two users of the group run a cell by their Hub tokens, and one picture is paid for both; a third is refused."""
    ada, ben = (run(hub, name, CELL) for name in ("ada", "ben"))
    (made,) = sandbox.creations
    assert made["task_id"] in ada
    assert made["task_id"] in ben
    assert "AccessDenied" in run(hub, "eve", CELL)
    assert len(sandbox.creations) == 1
