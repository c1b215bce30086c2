"""Browsing: a teacher who is logged in on the page of a class."""

import re

import requests


def log_in(classroom) -> requests.Session:
    """A teacher's browser, logged in."""
    session = requests.Session()
    page = session.get(f"{classroom.url}/teacher", timeout=30).text
    session.post(
        f"{classroom.url}/teacher/login",
        data={"password": (classroom.folder / "teacher.txt").read_text().strip(), "_xsrf": token_in(page)},
        timeout=30,
    ).raise_for_status()
    return session


def token_in(page: str) -> str:
    found = re.search(r'name="_xsrf" value="([^"]+)"', page)
    assert found
    return found[1]
