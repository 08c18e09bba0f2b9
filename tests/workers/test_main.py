"""How many processes a worker gets."""

import pytest

from curator.settings import Settings
from workers.main import processes_for

ALL = "deliver,events,fetch,render,upkeep"


@pytest.mark.parametrize(
    ("asked", "queues", "has_model", "processes"),
    [
        (0, ALL, False, 1),
        (3, ALL, False, 3),
        (0, ALL, True, 2),
        (1, ALL, True, 2),
        (3, ALL, True, 3),
        (1, "fetch", True, 1),
        (1, "deliver,events", True, 1),
    ],
)
def test_no_mail_waits_for_a_model(asked: int, queues: str, has_model: bool, processes: int) -> None:
    model = {"model_address": "http://127.0.0.1:1/v1", "model_name": "m"} if has_model else {}
    assert processes_for(asked, queues, Settings(worker_processes=1, **model)) == processes  # type: ignore[arg-type]
