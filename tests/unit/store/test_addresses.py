"""What may be written as ``store``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapter.errors import ConfigError
from adapter.store import Store
from adapter.store.address import PostgresAddress, SqliteAddress, parse

ROOT = Path(__file__).resolve().parents[3]


def test_a_file_and_its_limit():
    address = parse("sqlite:////var/a.db?max_page_count=7")
    assert address == SqliteAddress(Path("/var/a.db"), {"max_page_count": 7})
    assert str(address) == "/var/a.db"


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+asyncpg"])
def test_a_server_with_its_options_is_shown_without_its_password(driver):
    address = parse(f"{driver}://me:s3cret@a,b:5433/record?pool=3&sslmode=require&password=more")
    assert isinstance(address, PostgresAddress)
    assert address.pool == 3
    assert address.dsn.startswith("postgresql://me:s3cret@a")
    assert "pool" not in address.dsn
    assert "sslmode=require" in address.dsn
    for shown in (str(address), repr(address)):
        assert "s3cret" not in shown
        assert "password=***" in shown.replace("%2A", "*")
        assert "record" in shown


@pytest.mark.parametrize(
    "url", ["postgres:me:s3cret@host", "me:s3cret@host/db", "mysql://me:s3cret@host/db", "postgresql://me:s3cret@host"]
)
def test_what_is_wrong_is_told_without_the_password(url):
    with pytest.raises(ConfigError) as error:
        parse(url)
    assert "s3cret" not in str(error.value)
    assert "postgresql://user:password@host/database" in str(error.value)


def test_a_record_on_a_server_is_taken_to_be_there(tmp_path):
    assert Store.there("postgresql://host/record")
    assert not Store.there(f"sqlite:///{tmp_path}/none.db")


OPEN = """
import asyncio, sys
from adapter.store import Store
async def main():
    store = await Store.open(sys.argv[1])
    await store.close()
asyncio.run(main())
other = ("asyncpg", "alembic", "sqlalchemy.dialects.postgresql", "sqlalchemy.ext")
print([name for name in sys.modules if name.startswith(other)])
"""


def test_a_start_on_a_file_that_is_up_to_date_loads_nothing_of_the_other_engine(tmp_path):
    command = [sys.executable, "-c", OPEN, f"sqlite:///{tmp_path}/a.db"]
    _, again = (subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True) for _ in range(2))
    assert again.stdout == "[]\n"
