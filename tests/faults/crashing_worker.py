"""A worker process that kills itself (SIGKILL) around its n-th transaction over content: `crashing_worker.py N before|after`.

n counts all transactions of one workspace; 0 never crashes.
"""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace

from app.resources import open_resources
from app.settings import Settings
from sql.pool import Pool
from workers.drain import Terms
from workers.main import RETRY, working


@dataclass(frozen=True)
class CrashingPool(Pool):
    left: list[int]
    when: str

    @asynccontextmanager
    async def tenant_tx(self, workspace_id):
        self.left[0] -= 1
        last = self.left[0] == 0
        async with super().tenant_tx(workspace_id) as conn:
            yield conn
            if last and self.when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(n: int, when: str) -> None:
    async with open_resources(Settings(), purpose="worker") as opened:
        values = {field.name: getattr(opened.worker, field.name) for field in fields(Pool)}
        crashing = CrashingPool(**values, left=[n], when=when)
        resources = replace(opened, worker=crashing)
        async with working(resources, Terms(RETRY, poll_s=0.05)):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
