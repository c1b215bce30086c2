"""Asking: a plain HTTP client of the sandbox for its tests, and the photos and archives that they upload."""

import io
import time
import zipfile
from functools import lru_cache

import requests
from PIL import Image

from fox_nb.sandbox import Sandbox

CREATE = "/v1/images/generations"
END_STATES = {"completed", "failed", "cancelled"}


class Asking:
    """Asks one sandbox, with its key unless told otherwise."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.base_url = sandbox.base_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {sandbox.key}"

    def call(self, method: str, path: str, **options) -> requests.Response:
        url = path if path.startswith("http") else self.base_url + path
        return self.session.request(method, url, timeout=options.pop("timeout", 60), **options)

    def get(self, path: str, **options) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, **options) -> requests.Response:
        return self.call("POST", path, **options)

    def create(self, *, take: int | None = None, **body) -> dict:
        answer = self.post(CREATE, json=body, headers={"X-Sandbox-Take": str(take)} if take else {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, status: int, **body) -> dict:
        answer = self.post(CREATE, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    def read(self, task_id: str) -> dict:
        answer = self.get(f"/v1/tasks/{task_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, task_id: str) -> dict:
        """Poll until the task has ended; the deadline only keeps a broken sandbox from hanging the suite."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            task = self.read(task_id)
            if task["status"] in END_STATES:
                return task
            time.sleep(0.02)
        raise AssertionError(task)

    def done(self, **body) -> dict:
        """Create a task and return it completed."""
        task = self.ended(self.create(**body)["id"])
        assert task["status"] == "completed", task
        return task

    def upload(self, data: bytes, name: str = "photo.jpg", **fields) -> requests.Response:
        return self.post("/v1/files/upload/stream", files={"file": (name, data)}, data=fields)

    def uploaded(self, data: bytes, name: str = "photo.jpg") -> str:
        answer = self.upload(data, name)
        assert answer.status_code == 200, answer.text
        return answer.json()["url"]

    def picture(self, url: str) -> Image.Image:
        return Image.open(io.BytesIO(self.get(url).content))


@lru_cache
def photo(number: int = 0) -> bytes:
    """A portrait of one and the same figure, as a JPEG."""
    from fox_nb.sandbox import art
    from portraits import portrait

    figure = art.invented("profile_test0001")
    return art.encode(portrait(figure, (256, 256), seed=number), "jpeg")


def archive(*files: bytes, name: str = "{}.jpg") -> bytes:
    """A ZIP of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for number, data in enumerate(files):
            file.writestr(name.format(number), data)
    return packed.getvalue()
