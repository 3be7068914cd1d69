"""`tenet account` and `tenet manual`: the user's own words about accounts and holdings."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from tenet import home as homes
from tenet.cli.output import emit_rows, json_option

if TYPE_CHECKING:
    from datetime import datetime

    from tenet.cli.session import Session

# Several small changes may come at once: each waits for its turn, so that none is lost.
PATIENCE = 10.0
BUCKETS = ["cash", "taxable", "deferred", "free", "property", "debt"]


class Amount(click.ParamType[Decimal]):
    """A decimal number, as written."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """The number; fails on anything else."""
        try:
            found = Decimal(str(value).replace(",", ""))
        except InvalidOperation:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not found.is_finite():
            self.fail(f"{value!r} is not a number", param, ctx)
        return found


@click.group()
def account() -> None:
    """Accounts: their names, whose they are, how they are taxed, and whether they count."""


@account.command("list")
@json_option
@click.pass_obj
def list_accounts(session: Session, as_json: bool) -> None:
    """Every account that was ever landed."""
    from tenet import edits

    columns = ["account_id", "name", "institution", "provider", "currency", "is_active"]
    columns += ["owner", "portfolio", "tax_bucket"]
    rows = edits.accounts(homes.require(session.home))
    emit_rows(columns, rows, as_json=as_json, as_csv=False)


@account.command()
@click.argument("account")
@click.argument("name")
@click.pass_obj
def rename(session: Session, account: str, name: str) -> None:
    """Give an account a name of your own; no sync overwrites it."""
    _edit(session, account, name=name)


@account.command()
@click.argument("account")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day it was closed.")
@click.pass_obj
def deactivate(session: Session, account: str, day: datetime | None) -> None:
    """Close an account: it ends that day (default: its last snapshot's), synced no more."""
    from tenet.settings import load

    closed = None
    if day:
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(load(homes.require(session.home)).timezone)
        closed = day.replace(hour=12, tzinfo=zone)
    _edit(session, account, active=False, deactivated_at=closed)


@account.command()
@click.argument("account")
@click.pass_obj
def reactivate(session: Session, account: str) -> None:
    """Open a closed account again."""
    _edit(session, account, active=True)


@account.command("merge-into")
@click.argument("account")
@click.argument("successor")
@click.pass_obj
def merge_into(session: Session, account: str, successor: str) -> None:
    """Say that ACCOUNT goes on as SUCCESSOR; the old one is closed."""
    from tenet import edits

    target = edits.find_account(homes.require(session.home), successor)["account_id"]
    _edit(session, account, superseded_by=target, active=False)


@account.command()
@click.argument("account")
@click.pass_obj
def exclude(session: Session, account: str) -> None:
    """Leave an account out of the allocation (not out of net worth)."""
    _edit(session, account, include_in_allocation=False)


@account.command()
@click.argument("account")
@click.pass_obj
def include(session: Session, account: str) -> None:
    """Count an excluded account in the allocation again."""
    _edit(session, account, include_in_allocation=True)


@account.command()
@click.argument("account")
@click.argument("owners", nargs=-1, required=True, metavar="OWNER...")
@click.pass_obj
def own(session: Session, account: str, owners: tuple[str, ...]) -> None:
    """Say whose an account is: `Ann`, or with shares `"Ann 50%" "Ben 50%"`."""
    from tenet import edits

    _edit(session, account, owner=edits.owners(owners))


@account.command()
@click.argument("account")
@click.argument("label")
@click.pass_obj
def portfolio(session: Session, account: str, label: str) -> None:
    """Put an account under a label, by which `tenet networth --by portfolio` adds up."""
    if not label.strip():
        raise click.UsageError("the label is blank")
    _edit(session, account, portfolio=label.strip())


@account.command("tax-bucket")
@click.argument("account")
@click.argument("bucket", type=click.Choice(BUCKETS))
@click.option(
    "--liquidity",
    type=click.Choice(["liquid", "restricted", "illiquid"]),
    help="How soon it can be spent (default: as its bucket tells).",
)
@click.pass_obj
def tax_bucket(session: Session, account: str, bucket: str, liquidity: str | None) -> None:
    """Say how an account is taxed, and how soon it can be spent."""
    _edit(session, account, tax_bucket=bucket, liquidity=liquidity)


@account.command("lot-method")
@click.argument("account")
@click.argument("method", type=click.Choice(["fifo", "hifo"]))
@click.pass_obj
def lot_method(session: Session, account: str, method: str) -> None:
    """Say which lots a sale takes: the oldest first, or (hifo) the dearest."""
    _edit(session, account, lot_method=method)


@account.command("tax-rate")
@click.argument("bucket", type=click.Choice(BUCKETS))
@click.argument("rate", type=Amount())
@click.pass_obj
def tax_rate(session: Session, bucket: str, rate: Decimal) -> None:
    """Assume a tax rate: 0.25 of what is in deferred accounts, or of the gain in others."""
    from tenet import edits

    if not 0 <= rate <= 1:
        raise click.UsageError(f"a rate is a fraction from 0 to 1, not {rate}")
    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        edits.set_tax_rate(session.home, bucket, rate, at=session.now())
    session.say("noted; next: tenet build")


def _edit(session: Session, account: str, **changes: Any) -> None:
    from tenet import edits

    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        now = session.now()
        edits.edit_account(session.home, account, at=now, **changes)
    session.say("noted; next: tenet build")


@click.group()
def manual() -> None:
    """Holdings that no provider knows: house, car, private fund, mortgage."""


@manual.command("add-account")
@click.argument("name")
@click.option("--currency", default=None, help="ISO 4217 code (default: the base currency).")
@click.option("--institution", default=None)
@click.pass_obj
def add_account(session: Session, name: str, currency: str | None, institution: str | None) -> None:
    """Make a manual account NAME."""
    from tenet import manual as accounts

    chosen = _currency(session, currency)
    with homes.writing(session.home, session.now(), patience=PATIENCE):
        now = session.now()
        account_id = accounts.add_account(
            session.home, name, currency=chosen, institution=institution, at=now
        )
    click.echo(account_id)


@manual.command()
@click.argument("account")
@click.argument("description")
@click.option("--value", type=Amount(), help="Of one unit; negative for a debt.")
@click.option("--quantity", type=Amount(), default=Decimal(1), show_default=True)
@click.option("--symbol", help="A ticker with market prices.")
@click.option("--currency", default=None, help="ISO 4217 code (default: the account's).")
@click.option("--asset-type", default=None, help="real_asset, liability, other, ...")
@click.option("--cost", type=Amount(), help="What was paid for all of it.")
@click.pass_obj
def add(
    session: Session,
    account: str,
    description: str,
    value: Decimal | None,
    quantity: Decimal,
    symbol: str | None,
    currency: str | None,
    asset_type: str | None,
    cost: Decimal | None,
) -> None:
    """Add a holding to a manual account."""
    from tenet import manual as accounts

    if value is None and symbol is None:
        raise click.UsageError("a holding needs --value, or --symbol for market prices")
    is_debt = value is not None and value < 0
    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        now = session.now()
        security_id = accounts.add(
            session.home,
            account,
            description,
            currency=currency,
            quantity=quantity,
            price=value,
            symbol=symbol,
            asset_type=asset_type or ("liability" if is_debt else "other"),
            cost_basis=cost,
            at=now,
        )
    click.echo(security_id)


@manual.command()
@click.argument("account")
@click.argument("holding")
@click.option("--value", type=Amount(), help="Of one unit; negative for a debt.")
@click.option("--quantity", type=Amount())
@click.pass_obj
def update(
    session: Session, account: str, holding: str, value: Decimal | None, quantity: Decimal | None
) -> None:
    """Say what a holding is worth now, or how much of it there is."""
    from tenet import manual as accounts

    if value is None and quantity is None:
        raise click.UsageError("give --value, --quantity or both")
    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        now = session.now()
        accounts.update(session.home, account, holding, price=value, quantity=quantity, at=now)
    session.say("noted; next: tenet build")


@manual.command()
@click.argument("account")
@click.argument("holding")
@click.pass_obj
def remove(session: Session, account: str, holding: str) -> None:
    """Take a holding out of a manual account."""
    from tenet import manual as accounts

    with homes.writing(homes.require(session.home), session.now(), patience=PATIENCE):
        now = session.now()
        accounts.remove(session.home, account, holding, at=now)
    session.say("noted; next: tenet build")


@manual.command("list")
@click.argument("account", required=False)
@json_option
@click.pass_obj
def list_holdings(session: Session, account: str | None, as_json: bool) -> None:
    """The holdings of one manual account, or of all."""
    from tenet import edits
    from tenet import manual as accounts

    home = homes.require(session.home)
    known = [row["account_id"] for row in edits.accounts(home) if row["provider"] == "manual"]
    columns = ["account_id", "name", "symbol", "quantity", "snapshot_price", "currency"]
    rows = [
        line | {"account_id": account_id}
        for account_id in ([edits.find_account(home, account)["account_id"]] if account else known)
        for line in accounts.held(home, account_id)
    ]
    chosen = [{name: row[name] for name in columns} for row in rows]
    emit_rows(columns, chosen, as_json=as_json, as_csv=False)


def _currency(session: Session, given: str | None) -> str:
    from tenet.settings import load

    return given or load(homes.make(session.home)).base_currency
