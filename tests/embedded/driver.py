"""Run a Supervisor whose web, worker, beat and mailbox are tiny stand-ins, so that its own tests are quick.

`python driver.py` with CURATOR_HOME and CURATOR_PORT set. Prints `ready` and one line of JSON with the addresses.
"""

import json
import sys
from pathlib import Path

from curator.embedded import command
from curator.embedded.supervisor import Supervisor
from curator.errors import CuratorError
from curator.settings import Settings

STAND_IN = Path(__file__).with_name("stand_in.py")


def main() -> None:
    command.program = lambda name: [sys.executable, str(STAND_IN), name]
    try:
        with Supervisor(Settings(), mailbox=True) as running:
            running.wait_ready()
            print("ready", json.dumps(running.environment), flush=True)
            running.run()
    except CuratorError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
