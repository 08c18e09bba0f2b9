"""The worker as it is, with shorter waits between tries, so that a thousand faults are over in minutes."""

from curator.delivery import engine, replies
from workers.main import main

SHORT = {
    (replies, "FIRST_WAIT"): 0.3,
    (replies, "LONGEST_WAIT"): 5.0,
    (engine, "_FIRST_PAUSE"): 0.02,
    (engine, "_LONGEST_PAUSE"): 0.5,
}


def hurry() -> None:
    """Put the shorter waits in place."""
    for (module, name), seconds in SHORT.items():
        assert hasattr(module, name), f"{module.__name__}.{name} has another name now"
        setattr(module, name, seconds)


if __name__ == "__main__":
    hurry()
    main()
