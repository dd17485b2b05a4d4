"""`recollect adopt-blobs`: say that the blob store is this installation's, after `doctor` said that it is not."""

import asyncio

from app.blob_owner import adopt_blobs
from app.cli_output import errors_as_lines, say
from app.embedded import with_running_services
from app.resources import open_resources
from app.settings import Settings


def adopt() -> None:
    """Make the blob store this installation's: bytes in it that no file names go after a day, files without bytes fail."""
    with errors_as_lines():
        asyncio.run(_adopt())
        say("The blob store is this installation's now; recollect doctor says what is missing.")


async def _adopt() -> None:
    settings = with_running_services(Settings())
    async with open_resources(settings, purpose="cli") as resources:
        await adopt_blobs(resources.signin, resources.blobs)
