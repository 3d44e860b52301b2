"""Requests that wait: one thread answers them, those together that can go through a model together."""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Waiting(Generic[Q, A]):
    """A thread that answers what waits, the longest first. Nothing waits for more to come: a batch is what is there.

    Args:
        answer: Answers some questions; gives as many answers, of which one may be an exception.
        can_join: Whether a question can be answered together with a first one.
        size: How much a question adds to a batch.
        most: Most that a batch may have.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Sequence[A | Exception]],
        can_join: Callable[[Q, Q], bool],
        size: Callable[[Q], int],
        most: int,
    ) -> None:
        self._answer, self._can_join, self._size, self._most = answer, can_join, size, most
        self._waiting: deque[tuple[Q, Future[A]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.answered = self.batches = 0
        self._thread = threading.Thread(target=self._work, name="answers", daemon=True)
        self._thread.start()

    def ask(self, question: Q) -> Future[A]:
        """Puts a question at the end.

        Args:
            question: The question.

        Returns:
            Its answer, once it is there.
        """
        found: Future[A] = Future()
        with self._changed:
            self._waiting.append((question, found))
            self._changed.notify()
        return found

    def close(self) -> None:
        """Ends once everything that waits is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while some := self._next():
            questions = [question for question, _ in some]
            try:
                answers: Sequence[Any] = self._answer(questions)
            except Exception as error:
                traceback.print_exc(file=sys.stderr)
                answers = [error] * len(some)
            for (_, future), found in zip(some, answers, strict=True):
                if isinstance(found, Exception):
                    future.set_exception(found)
                else:
                    future.set_result(found)
            self.answered += len(some)
            self.batches += 1

    def _next(self) -> list[tuple[Q, Future[A]]]:
        """The first that waits, and all others that can join it; nothing where there is an end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return []
            some, others = [self._waiting.popleft()], deque[tuple[Q, Future[A]]]()
            first, size = some[0][0], self._size(some[0][0])
            for one in self._waiting:
                if self._can_join(first, one[0]) and size + self._size(one[0]) <= self._most:
                    some.append(one)
                    size += self._size(one[0])
                else:
                    others.append(one)
            self._waiting = others
            return some
