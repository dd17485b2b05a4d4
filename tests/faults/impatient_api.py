"""An API process that waits for a reader for fewer seconds than usual: `python -m tests.faults.impatient_api SECONDS`."""

import sys

from api.live import socket, sse
from api.serve import serve
from app.program import run_program

if __name__ == "__main__":
    patience_s = float(sys.argv[1])
    paces = {
        socket.Socket: socket.Pace(send_timeout_s=patience_s),
        sse.EventStream: sse.Pace(send_timeout_s=patience_s),
    }
    for kind, pace in paces.items():
        usual = kind.__init__.__kwdefaults__
        assert usual is not None
        usual["pace"] = pace
    run_program("api", serve)
