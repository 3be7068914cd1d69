"""What Schwab's answers say: JSON rows, refusals, and texts that hold account numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenet import sent
from tenet.errors import ProviderSyncError
from tenet.http import category_of
from tenet.providers.scrub import scrub

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tenet.http import Answer

INSTITUTION = "Charles Schwab"
Json = dict[str, Any]


def failure(answer: Answer, secrets: Iterable[str], *, is_login: bool = False) -> ProviderSyncError:
    """What an answer without success means; its text scrubbed.

    A web page in place of JSON comes from the gateway before Schwab, not from Schwab.
    code: Schwab's own; `not_offered` when nobody there knows the path.
    """
    code, text = _words(answer.body)
    category, retriable = category_of(answer.status)
    if answer.body.lstrip().startswith(b"<") and answer.status not in (401, 429):
        category, retriable = "connection", True
    elif is_login and not retriable:
        category, text = "auth", f"{text or 'the log-in is refused'}; log in again"
    if answer.status in (404, 501) and not (code or text):
        code, retriable = "not_offered", False
    said = f"Schwab answered {answer.status}" + (f": {text}" if text else "")
    return ProviderSyncError(
        category,
        scrub(said, secrets),
        retriable=retriable,
        code=scrub(code, secrets) if code else None,
        institution=INSTITUTION,
        retry_after=answer.retry_after,
    )


def fault(
    code: str, message: str, external_id: str | None = None, *, retriable: bool = False
) -> ProviderSyncError:
    """Something in the answer that is not what it should be."""
    return ProviderSyncError(
        "data",
        scrub(message),
        retriable=retriable,
        code=code,
        institution=INSTITUTION,
        account_external_id=external_id,
    )


def located(error: ProviderSyncError, external_id: str, hidden: Iterable[str]) -> ProviderSyncError:
    """The error as one of an account, without the account numbers."""
    return ProviderSyncError(
        error.category,
        scrub(str(error), hidden),
        retriable=error.retriable,
        code=error.code,
        institution=INSTITUTION,
        account_external_id=external_id,
        retry_after=error.retry_after,
    )


def rows(body: bytes, external_id: str | None = None) -> list[Any]:
    """A body that is a list. Raises ProviderSyncError (data, malformed) for any other."""
    try:
        return sent.rows(sent.json_body(body))
    except ProviderSyncError as error:
        raise fault("malformed", str(error), external_id) from error


def masked(value: Any, numbers: Iterable[str]) -> Any:
    """The value without account numbers; texts that hold one keep its last three digits."""
    if isinstance(value, dict):
        kept = {name: field for name, field in value.items() if name != "accountNumber"}
        return {name: masked(field, numbers) for name, field in kept.items()}
    if isinstance(value, list):
        return [masked(item, numbers) for item in value]
    if isinstance(value, str):
        for number in numbers:
            value = value.replace(number, short(number)) if len(number) > 3 else value
    return value


def short(number: str) -> str:
    """All that may be shown of an account number."""
    return f"...{number[-3:]}"


def text(value: Any) -> str | None:
    """A text or a whole number as text; None for blank and all else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def _words(body: bytes) -> tuple[str | None, str]:
    try:
        said = sent.json_body(body)
    except ProviderSyncError:
        return None, ""
    if not isinstance(said, dict):
        return None, ""
    errors, fault = said.get("errors"), said.get("fault")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        first = errors[0]
        return _word(first.get("status")) or None, _joined(first.get("title"), first.get("detail"))
    if isinstance(fault, dict):
        detail = fault.get("detail")
        code = detail.get("errorcode") if isinstance(detail, dict) else None
        return _word(code) or None, _word(fault.get("faultstring"))
    text = _joined(said.get("error_description"), said.get("message"))
    return _word(said.get("error")) or None, text


def _joined(*parts: object) -> str:
    return ": ".join(filter(None, map(_word, parts)))


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
