"""Ray: joining a cluster, and having stages carried out on it. The only importer of ray."""

from __future__ import annotations

import logging
import os
import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenet.errors import ClusterFailed, ClusterRefused, NoRay, TenetError
from tenet.scale.private import Power

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenet.scale.files import Job, Written
    from tenet.scale.work import Name

RETRIES = 3
"""How often a task is begun again after its worker or node was lost."""
PATIENCE = 60
"""Seconds without any processor in the cluster after which nobody is waited for."""
_PROBE = 5
_OBJECT_STORE = 100_000_000
_SHARE = 0.8


@contextmanager
def joined(address: str | None) -> Iterator[int]:
    """The cluster at an address, else one started on this machine, for as long as the block runs.

    address: HOST:PORT of the head; this process has to run on a node of the cluster.
    Yields how many processors it has. Raises NoRay, ClusterRefused.
    """
    # Nothing is told to the makers of Ray, and stdout is for data.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "1"}
    os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] = "."
    if address:
        _probe(address)
        os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "5")
    try:
        import ray
        from ray.exceptions import RayError
    except ImportError as error:
        raise NoRay from error
    of_its_own = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE}
    try:
        with _quiet():
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.CRITICAL,
                **({} if address else of_its_own),
            )
    except (OSError, RayError, RuntimeError, ValueError) as error:
        raise _refused(address, error) from error
    try:
        processors = int(ray.cluster_resources().get("CPU", 0))
        if not processors:
            raise ClusterRefused(address or "local", "it has no node with a processor")
        yield processors
    finally:
        ray.shutdown()


def carried_out(
    job: Job, name: Name, shards: Sequence[int] = (), *, of: int = 0
) -> Iterator[tuple[int, list[Written]]]:
    """Have a stage carried out, for each of `shards`, else once; each answer as it comes.

    Answers come with their shard, 0 for a stage without. A lost worker's task is begun again
    elsewhere. Raises what `carry_out` raises, ClusterFailed.
    """
    import ray
    from ray.exceptions import RayError

    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_carry_out)
    paths = ray.put(job)
    waiting = {task.remote(paths, name, shard, of): shard or 0 for shard in shards or (None,)}
    idle = 0
    try:
        while waiting:
            done, _ = ray.wait(list(waiting), timeout=_PROBE)
            idle = 0 if done or ray.cluster_resources().get("CPU") else idle + _PROBE
            if idle >= PATIENCE:
                raise ClusterFailed("it has no node left")
            for one in done:
                shard = waiting.pop(one)
                answer: list[Written] | TenetError = ray.get(one)
                if isinstance(answer, TenetError):
                    raise answer
                yield shard, answer
    except RayError as error:
        raise ClusterFailed(_told(error)) from error


def _carry_out(job: Job, name: Name, shard: int | None, of: int) -> list[Written] | TenetError:
    """In the worker: what went wrong is an answer too, or Ray would wrap it."""
    from tenet.scale.work import carry_out

    try:
        return carry_out(job, name, _power(is_alone=shard is None), shard=shard, of=of)
    except TenetError as error:
        return error


def _power(*, is_alone: bool) -> Power:
    """What the node of this worker has for one task, of as many as it has processors."""
    import ray

    own = ray.get_runtime_context().get_node_id()
    (has,) = (node["Resources"] for node in ray.nodes() if node["NodeID"] == own)
    processors = max(int(has.get("CPU", 1)), 1)
    memory = int(has["memory"] * _SHARE)
    return Power(processors, memory) if is_alone else Power(1, memory // processors)


@contextmanager
def _quiet() -> Iterator[None]:
    """No stderr for what is written past Python: Ray's own lines are not for the user."""
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _probe(address: str) -> None:
    """Ray itself would wait for a minute. Raises ClusterRefused."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        hint = "--address HOST:PORT, on a node of the cluster"
        raise ClusterRefused(address, "that is no HOST:PORT", hint=hint)
    try:
        socket.create_connection((host, int(port)), timeout=_PROBE).close()
    except (OSError, OverflowError) as error:
        hint = "start one with `ray start --head`; docs/scale.md says how"
        reason = getattr(error, "strerror", None) or str(error)
        raise ClusterRefused(address, reason, hint=hint) from error


def _refused(address: str | None, error: Exception) -> ClusterRefused:
    text = f"{error} {error.__cause__}"
    if "authenticat" in text.lower():
        return ClusterRefused(
            address or "local",
            "it wants another token",
            hint="RAY_AUTH_MODE=token and the cluster's token in RAY_AUTH_TOKEN, "
            "or its file in RAY_AUTH_TOKEN_PATH",
        )
    return ClusterRefused(address or "local", _told(error))


def _told(error: Any) -> str:
    """The first line of what Ray says, which says a lot."""
    cause = getattr(error, "cause", None) or error
    return f"{type(cause).__name__}: {str(cause).strip()}".splitlines()[0]
