"""`recollect doctor`: is anything lost, stuck or left over? Exit code 1 when it is; JSON for a machine that asks hourly."""

import asyncio
from typing import Annotated

import orjson
import typer

from app.cli_output import EXIT_FAILED, errors_as_lines, out
from app.doctor import Finding, Report, examine
from app.embedded import with_running_services
from app.resources import open_resources
from app.settings import Settings
from core.errors import RecollectError


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check that nothing is lost, stuck, left over or twice, and that every part works; changes nothing."""
    with errors_as_lines():
        report = asyncio.run(_examine())
        if as_json:
            print(report_json(report))
        else:
            for line in lines(report):
                out().print(line, markup=False)
        if not report.healthy:
            raise typer.Exit(EXIT_FAILED)


async def _examine() -> Report:
    settings = with_running_services(Settings())
    try:
        async with open_resources(settings, purpose="cli") as resources:
            return await examine(resources)
    except RecollectError as error:
        return unreachable(error)


def unreachable(error: RecollectError) -> Report:
    """Return the report when nothing could be looked at: a machine that asks hourly wants its JSON then too."""
    remedy = "Mend this first; the checks need the database."
    return Report(0, 0, (Finding("start", "operation", "broken", 1, str(error), "", remedy),))


def report_json(report: Report) -> str:
    """Return the report as one JSON object."""
    return orjson.dumps(
        {
            "healthy": report.healthy,
            "workspaces": report.workspaces,
            "checks": report.checks,
            "findings": report.findings,
        },
        option=orjson.OPT_INDENT_2,
    ).decode()


def lines(report: Report) -> list[str]:
    """Return the report for a person: each finding with its remedy, then one line about all."""
    told = [line for finding in report.findings for line in _finding_lines(finding)]
    looked = f"{report.checks} checks over {report.workspaces} workspaces"
    verdict = "nothing is wrong" if report.healthy else "something is wrong"
    return [*told, f"{looked}: {verdict}."]


def _finding_lines(finding: Finding) -> list[str]:
    count = f"{finding.found} " if finding.invariant != "operation" else ""
    example = f", for example {finding.example}" if finding.example else ""
    return [
        f"{finding.level} [{finding.invariant}] {finding.check}: {count}{finding.wrong}{example}",
        f"    {finding.remedy}",
    ]
