"""``adapter client``: an entry for ``config/clients.yaml`` with the secret as a slow hash."""

from __future__ import annotations

import secrets

import typer

from adapter.faces.authentication import hash_secret


def client(
    identifier: str = typer.Argument(..., metavar="ID", help="The client's id."),
    make: bool = typer.Option(False, "--make-secret", help="Make up a strong secret and print it once, instead of asking for one."),
) -> None:
    """Print an entry for config/clients.yaml; the secret itself is not kept anywhere."""
    if make:
        secret = secrets.token_urlsafe(32)
        typer.echo(f"secret, shown this once: {secret}", err=True)
    else:
        secret = typer.prompt("secret", hide_input=True, confirmation_prompt=True)
    try:
        hashed = hash_secret(secret)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(f"  {identifier}:\n    secret: {hashed}\n    markets: []\n    operations: []")
