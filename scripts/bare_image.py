"""Run the steps of packaging/Dockerfile without Docker, and try the image: `bare_image.py WORK_FOLDER`, as root.

Each stage of the Dockerfile is a copy of a bare Debian 12, in which systemd-nspawn runs the steps. The result then runs
as the image's user, with a root file system that cannot be written to and one folder as the volume: `notifier init`,
and `serve` until the health check succeeds. It needs debootstrap, systemd-nspawn and the network.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bare_machine import CHECKOUT, fresh_machine, network_options, nspawn_options, run

DOCKERFILE = CHECKOUT / "packaging" / "Dockerfile"
VOLUME = "/var/lib/notifier"


def main() -> None:
    """Build the image and try it; raise SystemExit if a step fails."""
    work = Path(sys.argv[1]).resolve()
    build, image = (stage(work, name, steps) for name, steps in zip(("build", "image"), stages(), strict=True))
    left = [name for name in ("pip", "hatchling", "setuptools", "wheel", "gcc") if find(image, name)]
    print(f"size: {megabytes(image)} MB, Debian {megabytes(work / 'bare')} MB; build tools left: {left or 'none'}")
    shutil.rmtree(build)
    try_out(work, image)
    shutil.rmtree(image)


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage: the name of each, and its arguments, with continued lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    found = re.findall(r"^([A-Z]+) +(.*)$", text, re.MULTILINE)
    starts = [index for index, (name, _) in enumerate(found) if name == "FROM"]
    return [found[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def stage(work: Path, name: str, steps: list[tuple[str, str]]) -> Path:
    """Run the steps of a stage in a copy of a bare Debian, and return its folder."""
    folder = fresh_machine(work, name)
    cwd = "/"
    for instruction, text in steps:
        if instruction == "WORKDIR":
            cwd = text
            (folder / cwd.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif instruction == "RUN":
            options = [*nspawn_options(folder), *network_options(), f"--chdir={cwd}"]
            run("systemd-nspawn", *options, "/bin/sh", "-ec", text)
        elif instruction == "COPY":
            source, target = text.removeprefix("--from=build ").split()
            copied = work / "build" / source.lstrip("/") if text.startswith("--from=build") else None
            copy(copied, folder / Path(cwd, target).relative_to("/"))
    return folder


def copy(source: Path | None, target: Path) -> None:
    """Copy a folder of the first stage, or, without a source, what .dockerignore lets through of the checkout."""
    if source is not None:
        run("cp", "--archive", str(source), str(target))
        return
    for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line.startswith("!"):
            run("cp", "--archive", str(CHECKOUT / line[1:]), str(target))


def find(image: Path, program: str) -> list[Path]:
    """Return where a program is in the image."""
    return [
        path for folder in ("usr/bin", "usr/local/bin", "opt/notifier/bin") for path in (image / folder).glob(program)
    ]


def megabytes(folder: Path) -> int:
    """Return the size of a folder."""
    return int(subprocess.check_output(["du", "-sm", str(folder)], text=True).split()[0])


def try_out(work: Path, image: Path) -> None:
    """Run `init` and `serve` in the image; raise SystemExit if the service does not become healthy."""
    final = dict(stages()[-1])
    user = int(final["USER"].partition(":")[0])
    volume = work / "volume"
    shutil.rmtree(volume, ignore_errors=True)
    volume.mkdir(mode=0o750)
    shutil.chown(volume, user, user)
    options = [*nspawn_options(image), "--read-only", f"--bind={volume}:{VOLUME}", f"--chdir={VOLUME}"]
    options += ["--private-network", f"--user={user_name(image, user)}", "--as-pid2"]
    options += [f"--setenv={each}".replace("$PATH", "/usr/bin:/bin") for each in final["ENV"].split()]
    entry = json.loads(final["ENTRYPOINT"])
    run("systemd-nspawn", *options, *entry, "init", "--preset", "none")
    health = " ".join(f"'{part}'" if " " not in part else f'"{part}"' for part in check_of(final))
    script = f"{entry[0]} serve & for _ in 1 2 3 4 5 6 7 8 9; do sleep 2; {health} && exit 0; done; exit 1"
    started = time.monotonic()
    run("systemd-nspawn", *options, "/bin/sh", "-c", script)
    print(f"healthy after {time.monotonic() - started:.0f} s, as user {user} on a read-only root file system")
    print("the volume:", *sorted(path.name for path in volume.iterdir()))


def check_of(final: dict[str, str]) -> list[str]:
    """Return the command of the health check."""
    return [str(part) for part in json.loads(final["HEALTHCHECK"].partition("CMD ")[2])]


def user_name(image: Path, uid: int) -> str:
    """Return the name of a user of the image."""
    lines = (image / "etc/passwd").read_text(encoding="utf-8").splitlines()
    return next(line.partition(":")[0] for line in lines if line.split(":")[2] == str(uid))


if __name__ == "__main__":
    main()
