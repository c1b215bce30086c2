"""Session: what makes a task of a request: identity, journal, money, submission, polling, downloads."""

from fox_nb.session.image import Image
from fox_nb.session.prices import Cost
from fox_nb.session.session import Session, as_known
from fox_nb.session.task import Task
from fox_nb.session.tasklist import TaskList

__all__ = ["Cost", "Image", "Session", "Task", "TaskList", "as_known"]
