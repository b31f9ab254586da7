"""Threads that are kept: one is there before it is needed, and is used again."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


def _end() -> None:
    """Stands for a thread's end among what there is to run."""


class Workers:
    """Daemon threads that run what they are given, each one thing at a time.

    Some Pythons (3.12) start no thread once the interpreter is going down, which is when the guard works. And to start
    one takes longer than to hand something over.

    Args:
        name: the beginning of their names.
        most: how many there are at most; what comes when all of them are busy waits. None for as many as it takes.

    Attributes:
        idle: how many have nothing to do.
    """

    def __init__(self, name: str, most: int | None = None) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._threads = self.idle = 0
        self._is_stopped = False

    def start(self, count: int) -> None:
        """Start so many, as far as Python starts threads now."""
        with self._lock:
            while self._threads < count and self._started():
                self.idle += 1

    def run(self, work: Callable[[], None]) -> threading.Event:
        """Have it run by one of them, here where there is none; the event is set when it is over."""
        done = threading.Event()

        def run() -> None:
            try:
                work()
            finally:
                done.set()

        with self._lock:
            if self.idle:
                self.idle -= 1
            elif not self._is_stopped:
                self._started()
            nobody = self._is_stopped or not self._threads
        if nobody:
            run()
        else:
            self._work.put(run)
        return done

    def stop(self) -> None:
        """Have every thread end once it has run what it was given; what is given afterwards is run by who gives it."""
        with self._lock:
            self._is_stopped = True
            for _ in range(self._threads):
                self._work.put(_end)

    def _started(self) -> bool:
        if self._most is not None and self._threads >= self._most:
            return False
        thread = threading.Thread(target=self._serve, name=f"{self._name}-{self._threads}", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._threads += 1
        return True

    def _serve(self) -> None:
        try:
            while (work := self._work.get()) is not _end:
                work()
                with self._lock:
                    self.idle += 1
        finally:
            with self._lock:
                self._threads -= 1
