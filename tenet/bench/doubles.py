"""tenet with plain DOUBLE cents, to tell what the exact ones cost.

A copy of the package in a folder of its own, from which `python -m tenet` runs it; only the two
macros that make cents are others.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tenet import resources
from tenet.errors import TenetError

if TYPE_CHECKING:
    from pathlib import Path

_CENTS = {
    "value_in_cents(quantity, price, multiplier)": (
        "quantity::double * price::double * multiplier::double"
    ),
    "value_in_base(amount, rate)": "amount::double * rate::double",
}


def write(folder: Path) -> None:
    """Copy tenet into `folder`, with cents rounded from DOUBLE products.

    Raises TenetError when the rules that it replaces are no longer there.
    """
    package = resources.folder("sql").parent
    is_packaged = package.name == "tenet"
    source = package if is_packaged else package / "tenet"
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, folder / "tenet", ignore=skipped)
    sql = folder / "tenet" / "_sql"
    if not is_packaged:
        shutil.copytree(resources.folder("sql"), sql)
        (folder / "tenet" / "_data").mkdir()
        for table in resources.folder("data").glob("*.csv"):
            shutil.copy(table, folder / "tenet" / "_data")
    macros = (sql / "macros.sql").read_text()
    for signature, product in _CENTS.items():
        if f"macro {signature} as" not in macros:
            raise TenetError(f"sql/macros.sql has no {signature} to be measured without")
        macros += f"\ncreate or replace temp macro {signature} as ({product})::decimal(18, 2);\n"
    (sql / "macros.sql").write_text(macros)
