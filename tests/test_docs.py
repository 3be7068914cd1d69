"""The README says what there is: every command, every setting of a provider, no dead link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenet.cli import COMMANDS
from tenet.settings import Settings
from tenet.sources import Source

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"`tenet {command}" in README


def test_every_subcommand_stands_in_the_readme() -> None:
    from tenet.cli import editing, pricing, scenarios, syncing

    groups = (editing.account, editing.manual, pricing.security, syncing.quarantine)
    for group in (*groups, scenarios.scenario):
        (line,) = re.findall(rf"^\| `tenet {group.name} (.*?)` \|", README, re.MULTILINE)
        assert sorted(line.split("\\|")) == sorted(group.commands)


def test_what_each_provider_needs_stands_in_the_readme() -> None:
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Source):
            (line,) = re.findall(rf"^\| `{name}` \| (.*?) \|$", README, re.MULTILINE)
            assert all(f"`{needed}`" in line for needed in type(field.default).needs), name


def test_the_files_that_the_readme_names_exist() -> None:
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path
