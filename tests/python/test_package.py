"""The installed package: library, version, types, command, and what happens without its files."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from typing import List

import sonomask
from sonomask import _library
from support import PHANTOMS, PROGRAM, ROOT, Case, run

PACKAGE = Path(sonomask.__file__).parent


class Package(Case):
    def test_it_is_the_installed_one(self) -> None:
        self.assertNotIn(ROOT / "native", PACKAGE.parents)

    def test_versions_agree(self) -> None:
        native = run(PROGRAM, "--version").stdout
        self.assertEqual(native, f"sonomask {sonomask.__version__}\n")
        self.assertEqual(run(sys.executable, "-m", "sonomask", "--version").stdout, native)
        self.assertEqual(self.model.info.version, sonomask.__version__)
        self.assertEqual(importlib.metadata.version("sonomask"), sonomask.__version__)
        self.assertEqual(json.loads((ROOT / "package.json").read_text())["version"], sonomask.__version__)
        header = (ROOT / "src/sonomask.h").read_text()
        self.assertIn(f"#define SM_ABI_VERSION {_library.ABI_VERSION}\n", header)

    def test_files(self) -> None:
        for name in ("py.typed", "MEASURES.md", "MODEL_CARD.md", "sonomask.safetensors"):
            self.assertTrue((PACKAGE / name).is_file(), name)
        texts = [str(file) for file in importlib.metadata.files("sonomask") or []]
        for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
            self.assertTrue(any(text.endswith(name) for text in texts), name)
        required = importlib.metadata.requires("sonomask") or []
        self.assertEqual([re.split("[ (<>=]", text)[0] for text in required], ["numpy"])

    def test_the_tag_says_what_the_library_needs(self) -> None:
        tag = re.search(r"^Tag: py3-none-(\S+)$", importlib.metadata.distribution("sonomask").read_text("WHEEL") or "", re.M)
        assert tag is not None
        symbols = run("objdump", "-T", PACKAGE / "libsonomask.so").stdout
        needed = max((int(a), int(b)) for a, b in re.findall(r"GLIBC_(\d+)\.(\d+)", symbols))
        self.assertEqual(tag[1], f"manylinux_{needed[0]}_{needed[1]}_{os.uname().machine}")
        libraries = re.findall(r"NEEDED +(\S+)", run("objdump", "-p", PACKAGE / "libsonomask.so").stdout)
        self.assertLessEqual({name.split(".so")[0] for name in libraries}, {"libc", "libm", "libpthread", "ld-linux-x86-64"})

    @unittest.skipUnless(os.uname().machine == "x86_64", "names of x86-64 kernels")
    def test_every_kernel_set_is_inside(self) -> None:
        flags = Path("/proc/cpuinfo").read_text()
        sets = ["reference", "scalar", "simd128"] + [name for name in ("avx2", "avx512f") if f" {name} " in flags]
        for name in sets:
            sonomask.Model.load(backend=name.replace("avx512f", "avx512"), threads=1)

    def copy(self) -> Path:
        folder = self.folder()
        shutil.copytree(PACKAGE, folder / "sonomask")
        return folder

    def reason(self, folder: Path) -> str:
        """The code and message of an import and a load in another process."""
        code = (
            "import sonomask\n"
            "try: sonomask.Model.load()\n"
            "except sonomask.SonomaskError as error: print(error.code, error)"
        )
        done = run(sys.executable, "-c", code, cwd=folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_missing_and_damaged_library(self) -> None:
        folder = self.copy()
        library = folder / "sonomask/libsonomask.so"
        library.write_bytes(b"not a library" * 1000)
        self.assertRegex(self.reason(folder), r"^load-library the library cannot be loaded on Linux .*\n$")
        library.unlink()
        self.assertRegex(self.reason(folder), r"^load-library this sonomask package has no library for Linux .*\n$")
        done = run(sys.executable, "-m", "sonomask", "predict", cwd=folder)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, "^sonomask: this sonomask package has no library .*\n$")

    def test_missing_weights(self) -> None:
        folder = self.copy()
        (folder / "sonomask/sonomask.safetensors").unlink()
        self.assertRegex(self.reason(folder), r"^io .*sonomask\.safetensors: No such file or directory\n$")

    def test_exit_status_and_messages_of_the_command(self) -> None:
        lines: List[List[str]] = [
            ["predict"], [], ["nothing"], ["predict", "--help"], ["info", "--json"], ["predict", "--out", "/proc/x", "y"]
        ]
        for words in lines:
            with self.subTest(words):
                native = run(PROGRAM, *words)
                python = run(sys.executable, "-m", "sonomask", *words)
                self.assertEqual((python.returncode, python.stdout, python.stderr),
                                 (native.returncode, native.stdout, native.stderr))
        script = Path(sys.executable).with_name("sonomask")
        self.assertEqual(run(script, "--version").stdout, run(PROGRAM, "--version").stdout)

    def test_signals_end_the_command(self) -> None:
        folder = self.folder()
        words = [sys.executable, "-m", "sonomask", "phantom", "--out", str(folder / "out"), "--count", "100000"]
        # A handled signal is not ignored in the child, also when this process was started with the signal ignored.
        previous = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, previous)
        process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        while not (folder / "out").exists() and process.poll() is None:
            pass
        process.send_signal(signal.SIGINT)
        process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(timeout=60), -signal.SIGINT)
        self.assertEqual(list((folder / "out").glob("*.tmp")), [])


if __name__ == "__main__":
    unittest.main()
