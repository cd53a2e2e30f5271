"""`python -m edgectl.testing.vendor`: fetch the few files of others that the page and its tests carry, with licences.

Each package is named with its version and the hash that its registry publishes. What does not match is not unpacked,
and `--check` says whether the files here are those of the packages.
"""

import argparse
import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "edgectl" / "api" / "web" / "static" / "vendor"
TESTS = ROOT / "tests" / "page" / "vendor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package: where each of its files goes. The licence lies beside them under the package's name."""

    name: str
    version: str
    integrity: str  # as the registry publishes it
    files: dict[str, str]
    licence: str
    folder: Path = PAGE


PACKAGES = (
    Package(
        name="htmx.org",
        version="2.0.10",
        integrity="sha512-kdeJe7ZVwaS6QMz/ebBIVtZdpwen6L0OQ5GOhPV9MKBb196TCZeZu4yA7ZIQsaLKv7EpXz+So7KSXNuHXhj7Cw==",
        files={"dist/htmx.min.js": "htmx.min.js"},
        licence="LICENSE",
    ),
    Package(
        name="htmx-ext-sse",
        version="2.2.4",
        integrity="sha512-LJmxVhykyflBWgh5PvbRidcyuqMHlgfajmmzumvKctv9puvsufeH6OaejSMZTNTnEI8O2wXXn4ZZtBdpEMqmEQ==",
        files={"dist/sse.min.js": "sse.min.js"},
        licence="LICENSE",
    ),
    Package(
        name="uplot",
        version="1.6.32",
        integrity="sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        files={"dist/uPlot.iife.min.js": "uplot.min.js", "dist/uPlot.min.css": "uplot.min.css"},
        licence="LICENSE",
    ),
    Package(
        name="axe-core",
        version="4.14.1",
        integrity="sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        files={"axe.min.js": "axe.min.js"},
        licence="LICENSE",
        folder=TESTS,
    ),
)


def main() -> int:
    """Fetch and unpack, or compare. Returns 1 when something does not match."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check, wrong = parser.parse_args().check, []
    for package in PACKAGES:
        try:
            archive = _fetch(package)
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            wrong.append(f"{package.name} {package.version}: {error}")
            continue
        for path, content in _wanted(package, archive).items():
            if check and (not path.exists() or path.read_bytes() != content):
                wrong.append(f"{path.relative_to(ROOT)} is not that of {package.name} {package.version}")
            elif not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    sys.stdout.write("".join(f"{line}\n" for line in wrong) or "every file is that of its package\n")
    return 1 if wrong else 0


def _fetch(package: Package) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{package.name}@{package.version}"
        subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, timeout=120)
        (archive,) = Path(folder).glob("*.tgz")
        content = archive.read_bytes()
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package.integrity:
        raise ValueError(f"its hash is {found}, not {package.integrity}")
    return content


def _wanted(package: Package, archive: bytes) -> dict[Path, bytes]:
    files = dict(package.files)
    if package.licence:
        files[package.licence] = f"{package.name}.LICENSE.txt"
    found: dict[Path, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for inside, outside in files.items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                raise ValueError(f"it holds no {inside}")
            found[package.folder / outside] = member.read()
    return found


if __name__ == "__main__":
    raise SystemExit(main())
