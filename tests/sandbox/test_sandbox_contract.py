"""The sandbox keeps to its own OpenAPI document: schemathesis asks it a thousand odd things and finds nothing."""

import re
import subprocess
import sys

import jsonschema
import pytest

from fox_nb.sandbox import Sandbox, pictures
from fox_nb.sandbox.contract import load_contract
from fox_nb.sandbox.handlers import CALLS
from fox_nb.sandbox.http_faults import CALLS as FAULTY_CALLS
from fox_nb.sandbox.options import PRICES, SECONDS
from fox_nb.sandbox.problems import Problem

SEED = "20"


def test_every_schema_of_the_document_is_one():
    """JSON Schema 2020-12, as OpenAPI 3.1 says, with every reference leading somewhere."""
    document = load_contract().document
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(document)):
        place = document
        for step in reference.split("/"):
            place = place[step]


def test_document_and_program_name_the_same_things():
    """Each operation has its function, each fault its calls, each model its price and duration."""
    contract = load_contract()
    assert {operation.name for operation in contract.operations} == set(CALLS)
    assert {fault for _, fault in CALLS.values()} == {*FAULTY_CALLS, None}
    assert set(contract.models) == set(PRICES) == set(SECONDS)


@pytest.mark.parametrize(
    ("which", "phases", "examples"),
    [("--exclude-path-regex=^/sandbox/.", "examples,coverage,fuzzing", "8"), ("--include-path-regex=^/sandbox", "fuzzing", "40")],
    ids=["gateway", "control"],
)  # fmt: skip
@pytest.mark.usefixtures("noise")
def test_schemathesis_finds_nothing(tmp_path, caplog, which, phases, examples):
    """Good and bad requests by the document, always the same ones: right statuses, forms, headers and refusals.

    Whatever was accepted can be drawn, and nothing is logged.
    """
    with Sandbox(speed=1, bill_reads=1_000_000) as sandbox:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", "--no-color", f"{sandbox.base_url}/openapi.json"),
            *("--header", f"Authorization: Bearer {sandbox.key}", "--seed", SEED, "--max-examples", examples),
            *("--phases", phases, "--continue-on-failure", which),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    tested = re.search(r"(\d+) generated", run.stdout)
    assert tested
    assert int(tested[1]) > 100
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("asked", [{"spede": 3}, {"speed": -1}, {"balance": "much"}, {"advance": 5}])
def test_a_sandbox_takes_no_setting_that_it_would_refuse_later(asked):
    """Its maker is told at once, in the words that `set` has; `advance` is for one that runs."""
    with pytest.raises(ValueError, match=next(iter(asked))):
        Sandbox(**asked)


def test_what_may_not_stand_together_is_said_in_the_documents_names():
    """A rule of any two parameters names those two."""
    rule = {"not": {"properties": {"mask": {"type": "string"}, "steps": {}}, "required": ["mask", "steps"]}}
    with pytest.raises(Problem, match=r"'steps' is not supported beside 'mask'\.") as refused:
        load_contract()._check(rule, {"mask": "a", "steps": 1})
    assert refused.value.error["param"] == "steps"


def test_a_step_that_nothing_draws_is_an_error(tmp_path):
    """No picture of another kind stands in for it."""
    step = {
        "work": "vary",
        "sources": [{"url": "https://example.com/a.jpg"}],
        "figures": [],
        "seed": 1,
        "resolution": "1K",
    }
    with pytest.raises(ValueError, match="no step draws 'vary'"):
        pictures._draw(step, tmp_path)
