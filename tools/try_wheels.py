"""Look into the wheels of a folder, then install and import them: .venv/bin/python tools/try_wheels.py DIST."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path


def main(dist: Path) -> None:
    wheels = {wheel.name.split("-")[0]: wheel for wheel in sorted(dist.glob("*.whl"))}
    packages = {name: sorted(packages_in(wheel)) for name, wheel in wheels.items()}
    for name, found in packages.items():
        print(f"{wheels[name].name}: {', '.join(found)}")
        untyped = [package for package in found if not has(wheels[name], f"{package}/py.typed")]
        if untyped:
            sys.exit(
                f"{wheels[name].name} has no py.typed in {', '.join(untyped)}: type checkers would ignore its types."
            )

    # The vendors publish wheels with the import names of the SDKs, so these must stay out of ours.
    if packages.get("failwell") != ["failwell"]:
        sys.exit(f"The failwell wheel must hold the package failwell alone, and holds {packages.get('failwell')}.")

    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False)
        python = str(Path(folder, "bin", "python"))
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "-c", "constraints.txt"]
        subprocess.run([*pip, wheels["failwell"]], check=True)
        subprocess.run([python, "-c", "import failwell"], check=True)
        for name in sorted(set(wheels) - {"failwell"}):
            subprocess.run([*pip, "--find-links", dist, f"{name}[cli,server]", "failwell[cli]"], check=True)
            subprocess.run([python, "-c", f"import {', '.join(packages[name])}"], check=True)
            # An SDK's command has the name of its package.
            subprocess.run([Path(folder, "bin", packages[name][0]), "--help"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([Path(folder, "bin", "failwell"), "--help"], check=True, stdout=subprocess.DEVNULL)
    print("Installed and imported in an empty environment.")


def packages_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    return {folder for folder in folders if not folder.endswith(".dist-info")}


def has(wheel: Path, path: str) -> bool:
    with zipfile.ZipFile(wheel) as archive:
        return path in archive.namelist()


main(Path(sys.argv[1]))
