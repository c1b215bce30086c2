"""The sandbox keeps to its own OpenAPI document: schemathesis asks it a thousand odd things and finds nothing."""

import re
import subprocess
import sys

import jsonschema
import pytest

from fox_nb.sandbox import Sandbox
from fox_nb.sandbox.contract import load_contract
from fox_nb.sandbox.handlers import CALLS, FAULTY
from fox_nb.sandbox.http_faults import CALLS as FAULTY_CALLS
from fox_nb.sandbox.options import PRICES, SECONDS

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
    assert set(FAULTY.values()) == set(FAULTY_CALLS)
    assert set(contract.models) == set(PRICES) == set(SECONDS)


@pytest.mark.parametrize(
    ("which", "phases", "examples"),
    [("--exclude-path-regex=^/sandbox/.", "examples,coverage,fuzzing", "8"), ("--include-path-regex=^/sandbox", "fuzzing", "40")],
    ids=["gateway", "control"],
)  # fmt: skip
def test_schemathesis_finds_nothing(tmp_path, caplog, which, phases, examples):
    """Good and bad requests by the document, always the same ones: right statuses, forms, headers and refusals.

    Whatever was accepted can be drawn, and nothing is logged.
    """
    with Sandbox(speed=1, bill_reads=1_000_000) as sandbox:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "run", f"{sandbox.base_url}/openapi.json"),
            *("--header", f"Authorization: Bearer {sandbox.key}", "--seed", SEED, "--max-examples", examples),
            *("--phases", phases, "--continue-on-failure", which),
        ]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    tested = re.search(r"(\d+) generated", run.stdout)
    assert tested
    assert int(tested[1]) > 100
    assert [record.getMessage() for record in caplog.records] == []
