"""The counts of the fault run, printed at its end, whichever worker ran them."""

from collections import Counter
from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line a schedule, and the sum."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    found = [value for report in reports for name, value in report.user_properties if name == "faults"]
    if not found:
        return
    terminalreporter.section("the fault run, counted on the server's side")
    total: Counter[str] = Counter()
    most = 0
    for facts in sorted(found, key=lambda facts: facts["seed"]):
        most = max(most, facts["most_for_one"])
        total.update({name: count for name, count in facts.items() if name not in {"seed", "most_for_one"}})
        terminalreporter.write_line(_line(f"schedule {facts['seed']}", facts))
    terminalreporter.write_line(_line(f"all {len(found)}", total | {"most_for_one": most}))


def _line(title: str, facts: Any) -> str:
    return f"{title}: " + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in facts.items() if name != "seed")
