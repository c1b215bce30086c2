"""What the poller and the downloads make of a gateway's answers: nothing lost, nothing paid twice, nothing told wrong."""

from collections.abc import Callable

import pytest

from client.scripted import Step, say
from fox_nb import Fox, FoxError, SubmissionUnknown, TaskFailed
from gateways import Gateway, always

PATIENCE = 60.0
"""Seconds after which a wait that should have ended is taken for one that never ends."""


# -- by what the gateway's support finds a call ---------------------------------------------------------------------


def test_a_failed_task_names_its_creating_call(fox_at: Callable[..., Fox]) -> None:
    """The request id of the creation is kept, for every later kernel, and stands in what the person copies to the support."""

    def failed(_gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, {"id": task_id, "status": "failed", "error": {"code": "generation_failed", "message": "no"}})

    def accepted(gateway: Gateway, _count: int, task_id: str) -> Step:
        return say(200, gateway.accepted(task_id), X_Request_Id="req-of-the-creation")

    with Gateway(create=accepted, poll=failed) as gateway:
        with pytest.raises(TaskFailed, match="request id req-of-the-creation"):
            fox_at(gateway).generate("a fox").wait(PATIENCE)
        task = fox_at(gateway).generate("a fox")
    assert task.request_id == "req-of-the-creation"


def test_a_lost_answer_names_its_call_where_it_can(fox_at: Callable[..., Fox]) -> None:
    """What is known of a creation whose fate is unknown is told: the id in its headers, by which the support finds it."""
    with Gateway(create=always(say(500, b"boom", X_Oneapi_Request_Id="req-of-a-500"))) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(SubmissionUnknown, match="request id req-of-a-500"):
            fox.generate("a fox")
        assert fox.tasks()[0].request_id == "req-of-a-500"


def test_a_refusal_names_its_call(fox_at: Callable[..., Fox]) -> None:
    """A refusal that the person does not understand can be handed to the support as well."""
    refusal = say(422, {"error": {"message": "no", "type": "x"}}, X_Request_Id="req-of-a-422")
    with Gateway(create=always(refusal)) as gateway:
        fox = fox_at(gateway)
        with pytest.raises(FoxError, match="request id req-of-a-422"):
            fox.generate("a fox")
        assert fox.tasks()[0].request_id == "req-of-a-422"
