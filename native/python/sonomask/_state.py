"""Handles of the library: a network, its threads, and the working memory of one call at a time. The library's memory is
released with the last Python object that uses it; at the end of the process the system releases what is left."""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any, Optional

from . import _library as c
from ._errors import SonomaskError


def _release_with(owner: object, release: Any, *arguments: Any) -> None:
    # Not at exit: a daemon thread may still compute.
    weakref.finalize(owner, release, *arguments).atexit = False


class Network:
    """An immutable network, shared by all threads."""

    def __init__(self, weights: bytes, name: str, backend: int, input_size: int) -> None:
        library = c.library()
        options = c.ModelOptions(backend=backend, input_size=input_size)
        pointer, error = ctypes.c_void_p(), c.Error()
        status = library.sm_model_create(
            weights, len(weights), ctypes.byref(options), ctypes.byref(pointer), ctypes.byref(error)
        )
        c.check(status, error, name)
        self.pointer = pointer
        _release_with(self, library.sm_model_free, pointer)

    def describe(self) -> c.ModelInfo:
        info: c.ModelInfo = c.library().sm_model_describe(self.pointer)
        return info


def _free_threads(release: Any, pointer: Any, process: int) -> None:
    # A forked child has the memory of the pool, but not its threads: they cannot be joined there.
    if os.getpid() == process:
        release(pointer)


class Threads:
    """A pool of threads of one process."""

    def __init__(self, count: int) -> None:
        library = c.library()
        pointer = library.sonomask_threads_create(count)
        if not pointer:
            raise SonomaskError("memory", "the threads cannot be started")
        self.pointer = pointer
        self.process = os.getpid()
        self.count: int = pointer.contents.threads
        _release_with(self, _free_threads, library.sonomask_threads_free, pointer, self.process)


def _free_state(state: Any, result: c.Result) -> None:
    library = c.library()
    library.sm_result_free(ctypes.byref(result))
    library.sm_state_free(state)


class State:
    """Working memory for one call at a time, with the features of the last image and the memory of the last answer."""

    def __init__(self, network: Network, threads: Threads) -> None:
        library = c.library()
        options = c.StateOptions(parallel=threads.pointer)
        pointer, error = ctypes.c_void_p(), c.Error()
        status = library.sm_state_create(
            network.pointer, ctypes.byref(options), ctypes.byref(pointer), ctypes.byref(error)
        )
        c.check(status, error)
        self.network, self.threads = network, threads  # they must outlive it
        self.pointer = pointer
        self.result = c.Result()
        _release_with(self, _free_state, pointer, self.result)

    @property
    def is_usable(self) -> bool:
        """False in a forked child of the process that made it."""
        return self.threads.process == os.getpid()

    @property
    def bytes(self) -> int:
        maps: int = 6 * self.result.width * self.result.height  # a map of floats and two masks
        own: int = c.library().sm_state_bytes(self.pointer)
        return own + maps

    def segment(self, image: c.Image, options: c.SegmentOptions) -> c.Result:
        error = c.Error()
        status = c.library().sm_segment(
            self.pointer, ctypes.byref(image), ctypes.byref(options), ctypes.byref(self.result), ctypes.byref(error)
        )
        c.check(status, error)
        return self.result

    def refine(self, prompts: c.Prompts, options: c.SegmentOptions) -> c.Result:
        error = c.Error()
        status = c.library().sm_refine(
            self.pointer, ctypes.byref(prompts), ctypes.byref(options), ctypes.byref(self.result), ctypes.byref(error)
        )
        c.check(status, error)
        return self.result


def usable(state: Optional[State]) -> Optional[State]:
    return state if state is not None and state.is_usable else None
