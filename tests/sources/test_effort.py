import re
import signal
import threading
import time

import pytest

from curator.sources.effort import TookTooLong, bounded_effort

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HOURS_OF_WORK = re.compile(r"([a-z.]+)@(\[|[a-z-]+\.)")
"""What it is searched for in a long run of letters: quadratic."""

RUN = "a" * 3_000_000


def test_an_expression_that_takes_hours_is_ended() -> None:
    began = time.process_time()
    with pytest.raises(TookTooLong), bounded_effort(0.2):
        HOURS_OF_WORK.search(RUN)
    assert time.process_time() - began < 3


def test_code_that_passes_over_what_is_raised_is_told_again() -> None:
    told = 0
    with pytest.raises(TookTooLong), bounded_effort(0.1):
        while True:
            try:
                HOURS_OF_WORK.search(RUN)
            except:  # noqa: E722 - as libraries do
                told += 1
                if told == 2:
                    raise
    assert told == 2


def test_work_that_is_done_in_time_is_left_alone_afterwards() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with bounded_effort(0.1):
        pass
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    assert signal.getsignal(signal.SIGPROF) is before and signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_other_threads_work_without_it() -> None:
    done: list[bool] = []

    def work() -> None:
        with bounded_effort(0.01):
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
