"""``adapter client``: an entry for ``config/clients.yaml`` with the secret as a slow hash."""

from __future__ import annotations

import re
import secrets

import typer

from adapter.faces.authentication import hash_secret

_ID = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})

_MAY_USE = {
    "faces": "none yet; without this line, all of them",
    "markets": "none yet",
    "operations": 'none yet; patterns such as "productOrder.*"',
}
"""What the client may use. A new one may use nothing until somebody says what."""


def client(
    identifier: str = typer.Argument(..., metavar="ID", help="The client's id."),
    make: bool = typer.Option(False, "--make-secret", help="Make up a strong secret and print it once, instead of asking for one."),
) -> None:
    """Print an entry for config/clients.yaml; the secret itself is not kept anywhere."""
    if _ID.fullmatch(identifier) is None or identifier.lower() in _NO_TEXT:
        raise typer.BadParameter(
            f"'{identifier}' is no plain YAML key; begin with a letter, and use letters, digits, '.', '_' and '-'", param_hint="ID"
        )
    if make:
        secret = secrets.token_urlsafe(32)
        typer.echo(f"secret, shown this once: {secret}", err=True)
    else:
        secret = typer.prompt("secret", hide_input=True, confirmation_prompt=True, err=True)
    try:
        hashed = hash_secret(secret)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(f"  {identifier}:\n    secret: {hashed}")
    for key, meant in _MAY_USE.items():
        typer.echo(f"    {key + ': []':17} # {meant}")
