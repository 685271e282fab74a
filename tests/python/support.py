"""Paths of the project, and images for the tests of the Python package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
from numpy.typing import NDArray

import sonomask

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = BUILD / "sonomask"
PHANTOMS = sorted((ROOT / "web/samples").glob("phantom-?.png"))
#: Weights that take clicks (tests/node/prompt_weights.c).
PROMPT_WEIGHTS = BUILD / "python/prompt_weights.safetensors"


def run(*words: Any, **options: Any) -> "subprocess.CompletedProcess[str]":
    environment = {key: value for key, value in os.environ.items() if key != "SONOMASK_MODEL"}
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=120, env=environment, **options
    )


def without_time(line: str) -> str:
    return re.sub(r'"milliseconds":[^,}]*', "", line)


def golden() -> Dict[str, Any]:
    answers: Dict[str, Any] = json.loads((ROOT / "tests/golden/answers.json").read_text())
    return answers


def mask_of_runs(runs: List[int], height: int, width: int) -> NDArray[np.uint8]:
    mask = np.zeros(height * width, dtype=np.uint8)
    for start, length in zip(runs[::2], runs[1::2]):
        mask[start : start + length] = 255
    return mask.reshape(height, width)


class Case(unittest.TestCase):
    """Tests with a model of the package's own weights."""

    model: sonomask.Model

    @classmethod
    def setUpClass(cls) -> None:
        cls.model = sonomask.Model.load()

    def folder(self) -> Path:
        temporary = tempfile.TemporaryDirectory(prefix="sonomask-test-")
        self.addCleanup(temporary.cleanup)
        return Path(temporary.name)

    def assert_refused(self, code: str, call: Any, *words: Any, mentions: Optional[str] = None, **options: Any) -> None:
        with self.assertRaises(sonomask.SonomaskError) as caught:
            call(*words, **options)
        self.assertEqual(caught.exception.code, code, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        if mentions is not None:
            self.assertIn(mentions, str(caught.exception))

    def assert_same(self, first: sonomask.Segmentation, second: sonomask.Segmentation) -> None:
        """Equal in everything but the time."""
        for name, value in vars(first).items():
            other = getattr(second, name)
            if isinstance(value, np.ndarray):
                np.testing.assert_array_equal(value, other, name)
            elif name != "milliseconds":
                self.assertEqual(value, other, name)
