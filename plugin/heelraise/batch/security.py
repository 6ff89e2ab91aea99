"""TLS for a Dask cluster, from three files."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from heelraise.errors import InputError, UsageError


def tls_security(
    scheduler: str | None, authority: Path | None, certificate: Path | None, key: Path | None
) -> Any | None:
    """Settings with which client, scheduler and workers prove who they are; None leaves Dask's own configuration.

    Parameters
    ----------
    scheduler : str, optional
        As the user gave it.
    authority, certificate, key : Path, optional
        PEM files: who signs the cluster's certificates, and our own certificate with its key.

    Returns
    -------
    distributed.security.Security or None

    Raises
    ------
    UsageError
        One of the three is missing, the scheduler does not speak TLS, or Dask is not installed.
    InputError
        A file cannot be read.
    """
    files = {"--tls-ca": authority, "--tls-cert": certificate, "--tls-key": key}
    if not any(files.values()):
        return None
    missing = [name for name, path in files.items() if path is None]
    if missing:
        raise UsageError("TLS needs three files", why=f"{' and '.join(missing)} not given")
    if scheduler is None or not (scheduler == "slurm" or scheduler.startswith("tls://")):
        what = "TLS is for a cluster" if scheduler is None else "this scheduler does not speak TLS"
        raise UsageError(what, where=scheduler or "", todo="--scheduler tls://host:8786, or slurm")
    for path in (authority, certificate, key):
        assert path is not None
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise InputError("cannot be read", where=str(path), why=error.strerror or "") from error
    try:
        security = import_module("distributed.security").Security
    except ImportError as error:
        raise UsageError("Dask is not installed", todo="pip install 'heelraise[cluster]'") from error
    own = {
        f"tls_{who}_{what}": str(path)
        for who in ("client", "scheduler", "worker")
        for what, path in (("cert", certificate), ("key", key))
    }
    return security(tls_ca_file=str(authority), require_encryption=True, **own)
