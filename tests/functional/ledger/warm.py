"""What the runners of a race have in common, loaded once by the server that makes them."""

from pathlib import Path
from tempfile import TemporaryDirectory

from portal import create_app
from portal.settings import Settings

with TemporaryDirectory() as folder:
    create_app(Settings(folder=Path(folder), secret_key="test"))
