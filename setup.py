"""What pyproject.toml can't say: the modules and the default configuration go into the wheel too.

They lie beside the packages in the clone, where people look for them.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithFolders(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in ("configs", "terraform_modules"):
            shutil.copytree(
                name,
                Path(self.build_lib) / "zenstrap" / "shipped" / name,
                ignore=shutil.ignore_patterns("tests", ".terraform*", "*.tfstate*"),
                dirs_exist_ok=True,
            )


setup(cmdclass={"build_py": BuildWithFolders})
