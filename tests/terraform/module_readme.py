"""The tables and examples of a module's README, checked against the module.

    python -m tests.terraform.module_readme      # rewrites the tables

Run from the clone. Reads the HCL that ``terraform fmt`` writes, nothing freer.
"""

from __future__ import annotations

import re
from pathlib import Path

from zenstrap.paths import modules_folder

_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_EXAMPLE = re.compile(r"```(?:hcl|tfvars)\n(.*?)# creates (\d+)\n```", re.DOTALL)


def modules() -> list[Path]:
    """All of them, the roots too."""
    found = (file.parent for file in modules_folder().rglob("variables.tf"))
    return sorted(one for one in found if ".terraform" not in one.parts)


def built_in_modules() -> list[Path]:
    """Those that are made of the provider that is built into Terraform."""
    folder = modules_folder()
    return [folder / "local_artifact_store", folder / "environments" / "local"]


def google_modules() -> list[Path]:
    """Those for Google Cloud."""
    return [module for module in modules() if module not in built_in_modules()]


def examples(module: Path) -> list[tuple[str, int]]:
    """Each example of the README with the number of resources that it makes."""
    text = (module / "README.md").read_text()
    return [(code, int(count)) for code, count in _EXAMPLE.findall(text)]


def with_tables(module: Path) -> str:
    """The README as it should be."""
    readme = (module / "README.md").read_text()
    readme = _between(readme, "inputs", _inputs((module / "variables.tf").read_text()))
    return _between(readme, "outputs", _outputs((module / "outputs.tf").read_text()))


def _inputs(hcl: str) -> str:
    rows = ["| name | type | default | description |", "| --- | --- | --- | --- |"]
    for _, name, body in _BLOCK.findall(hcl):
        default = _expression(body, "default")
        rows.append(
            f"| {name} | `{_expression(body, 'type')}` | "
            f"{f'`{default}`' if default else 'required'} | {_description(body)} |"
        )
    return "\n".join(rows)


def _outputs(hcl: str) -> str:
    rows = ["| name | description |", "| --- | --- |"]
    rows += [f"| {name} | {_description(body)} |" for _, name, body in _BLOCK.findall(hcl)]
    return "\n".join(rows)


def _expression(body: str, name: str) -> str:
    """An attribute's value in one line; it may open brackets that close at its own indent."""
    found = re.search(
        rf"^  {name} += ([^\n]*[{{([]\n(?:    [^\n]*\n)*  [\]}})]+|[^\n]*)$",
        body,
        flags=re.MULTILINE,
    )
    if not found:
        return ""
    line = ""
    for part in (" ".join(one.split()) for one in found[1].splitlines()):
        between = "" if not line or line[-1] in "{[(" or part[0] in "}])" else ", "
        line += between + part
    return line


def _description(body: str) -> str:
    found = re.search(r'^  description += "(.*)"$', body, flags=re.MULTILINE)
    assert found, f"no description in {body}"
    return found[1].replace('\\"', '"').replace("|", "\\|")


def _between(text: str, name: str, table: str) -> str:
    pattern = rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    return re.sub(pattern, lambda match: f"{match[1]}{table}\n{match[2]}", text, flags=re.DOTALL)


if __name__ == "__main__":
    for one in modules():
        (one / "README.md").write_text(with_tables(one))
