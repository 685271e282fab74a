"""Threads, forked processes, and the end of the process."""

from __future__ import annotations

import os
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import sonomask
from support import PHANTOMS, PROMPT_WEIGHTS, Case, run


class Threads(Case):
    def test_one_model_in_several_threads(self) -> None:
        wanted = [self.model.segment(path) for path in PHANTOMS]
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(self.model.segment, PHANTOMS * 6))
        for index, result in enumerate(found):
            self.assert_same(result, wanted[index % len(wanted)])

    def test_one_open_image_in_several_threads(self) -> None:
        model = sonomask.Model.load(PROMPT_WEIGHTS)
        clicks = [[(20.5 + 50 * k, 120.5, True)] for k in range(8)]
        with model.open(PHANTOMS[0]) as image:
            wanted = [image.refine(click) for click in clicks]
            with ThreadPoolExecutor(4) as pool:
                for result, other in zip(pool.map(image.refine, clicks), wanted):
                    self.assert_same(result, other)

    def test_the_lock_of_the_interpreter_is_released(self) -> None:
        # With this interval the main thread gives the lock away only inside the call, and the counting thread gives it
        # back after each step.
        model = sonomask.Model.load(backend="reference", threads=1)
        pixels = sonomask.decode(PHANTOMS[0])
        stop, steps = threading.Event(), [0]

        def count() -> None:
            # Bounded: on a busy machine it could take the lock back before the main thread wakes, again and again.
            while not stop.is_set() and steps[0] < 100:
                steps[0] += 1
                time.sleep(0.001)

        counter = threading.Thread(target=count)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1000)
        try:
            counter.start()
            before = steps[0]
            model.segment(pixels)
            during = steps[0] - before
        finally:
            stop.set()
            sys.setswitchinterval(interval)
            counter.join()
        self.assertGreater(during, 0)

    def test_disposing_while_others_compute(self) -> None:
        model = sonomask.Model.load()
        with ThreadPoolExecutor(2) as pool:
            running = [pool.submit(model.segment, path) for path in PHANTOMS * 4]
            model.dispose()
            for future in running:
                error = future.exception()
                self.assertTrue(error is None or getattr(error, "code", "") == "disposed", error)

    def in_child(self, work: Callable[[], bool]) -> None:
        process = os.fork()
        if process == 0:
            try:
                os._exit(0 if work() else 1)
            finally:
                os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), 0)

    def test_forked_processes(self) -> None:
        model = sonomask.Model.load(PROMPT_WEIGHTS, threads=2)
        wanted = model.segment(PHANTOMS[0])
        image = model.open(PHANTOMS[1])
        click = [(100.5, 120.5, True)]
        corrected = image.refine(click)
        self.in_child(lambda: model.segment(PHANTOMS[0]).probability_map.tobytes() == wanted.probability_map.tobytes())
        self.in_child(lambda: image.refine(click).mask.tobytes() == corrected.mask.tobytes())

        def drop() -> bool:
            nonlocal model, image
            image.close()
            model.dispose()
            del model, image
            return True

        self.in_child(drop)
        self.assert_same(image.refine(click), corrected)

    def test_the_process_ends_during_a_call(self) -> None:
        code = (
            "import sonomask, sys, threading\n"
            "model = sonomask.Model.load()\n"
            "def work():\n"
            "    while True: model.segment(sys.argv[1])\n"
            "[threading.Thread(target=work, daemon=True).start() for _ in range(3)]\n"
            "model.segment(sys.argv[1])\n"
        )
        done = run(sys.executable, "-c", code, PHANTOMS[0])
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_memory_is_released(self) -> None:
        def resident() -> int:
            with open("/proc/self/statm", encoding="ascii") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        weights = PROMPT_WEIGHTS.read_bytes()

        def use() -> None:
            model = sonomask.Model.load(weights, threads=1)
            image = model.open(PHANTOMS[0])
            image.refine([(100.5, 120.5, True)])

        for _ in range(3):
            use()
        before = resident()
        for _ in range(12):
            use()
        model = sonomask.Model.load(weights, threads=1)
        model.segment(PHANTOMS[0])
        self.assertLess(resident() - before, 3 * model.memory_bytes)


if __name__ == "__main__":
    unittest.main()
