"""Commands of setuptools: make builds the library into the package, and the wheel is named after what it needs."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from typing import Tuple

from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACKAGE = "sonomask"
LIBRARY = "libsonomask.so"


def platform_of(library: str) -> str:
    """The platform tag: the architecture, and the oldest glibc that has every symbol that the library uses."""
    architecture = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    symbols = subprocess.run(["objdump", "-T", library], check=True, capture_output=True, text=True).stdout
    versions = [(int(major), int(minor)) for major, minor in re.findall(r"\bGLIBC_(\d+)\.(\d+)", symbols)]
    if not versions or not architecture.startswith("linux_"):
        return architecture
    major, minor = max(versions)
    return architecture.replace("linux_", f"manylinux_{major}_{minor}_", 1)


class BuildPackage(build_py):  # type: ignore[misc]
    """Puts the library, the weights and the model card beside the modules."""

    def run(self) -> None:
        super().run()
        folder = os.path.abspath(os.path.join(self.build_lib, PACKAGE))
        make = os.environ.get("MAKE", "make")
        subprocess.run([make, "--no-print-directory", "-C", ROOT, "python-data", f"INTO={folder}"], check=True)
        for name in os.listdir(folder):  # the same wheel whatever the modes of the checkout
            os.chmod(os.path.join(folder, name), 0o755 if name == LIBRARY else 0o644)


class BuildWheel(bdist_wheel):  # type: ignore[misc]
    """One wheel for every Python 3: the library does not use Python's own interface."""

    def finalize_options(self) -> None:
        self.distribution.has_ext_modules = lambda: True
        super().finalize_options()

    def get_tag(self) -> Tuple[str, str, str]:
        built = self.get_finalized_command("build_py").build_lib
        return "py3", "none", platform_of(os.path.join(built, PACKAGE, LIBRARY))
