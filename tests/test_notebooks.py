"""The notebooks run on a real home."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tenet import resources

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("notebook", ["net_worth"])
def test_a_notebook_runs_from_top_to_bottom(notebook: str, home: Path) -> None:
    path = resources.folder("notebooks") / f"{notebook}.py"
    environment = os.environ | {"TENET_HOME": str(home)}
    subprocess.run([sys.executable, path], check=True, capture_output=True, env=environment)
