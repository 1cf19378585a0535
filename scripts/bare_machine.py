"""Follow docs/operating.md on a bare Debian 12 that boots in a container: `bare_machine.py WORK_FOLDER`, as root.

It runs the page's commands (its blocks marked `bash`) as they stand, in the order of the page, and then checks that a
digest has arrived with a valid DKIM signature, and that nginx serves the pages over TLS. Nothing on the host changes
except the work folder, which keeps a bare Debian for the next run. It needs debootstrap and systemd-nspawn.

The machine has a network only while the packages are installed. Afterwards it has only its loopback interface, so three
lines of the page are replaced (see REPLACED). The page's domain is in /etc/hosts; its certificate is self-signed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PAGE = CHECKOUT / "docs" / "operating.md"
MIRROR = "http://deb.debian.org/debian"
PASSED_ON = re.compile(r"(?i)(https?|no|all)_proxy|PIP_\w+")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")  # the host's certificates, which may include those of a proxy
CERTIFICATES_INSIDE = "/run/certificates-of-host.crt"

# What cannot be done without the internet, and what is done in its place.
REPLACED = {
    r"^certbot .*$": """
mkdir -p /etc/letsencrypt/live/papers.example.org
live=/etc/letsencrypt/live/papers.example.org
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=papers.example.org \
    -addext subjectAltName=DNS:papers.example.org -keyout $live/privkey.pem -out $live/fullchain.pem
""",
    r"ann@example\.org": "ann@papers.example.org",
    r"^preset = .*$": 'folder = "/var/lib/notifier/papers"',
}

BEFORE = """
echo '127.0.0.1 papers.example.org localhost' > /etc/hosts
useradd --create-home ann
mkdir -p /var/lib/notifier/papers
"""

CHECKS = r"""
import mailbox, ssl, time, urllib.error, urllib.request
import dkim

context = ssl.create_default_context(cafile="/etc/letsencrypt/live/papers.example.org/fullchain.pem")

def status(path):
    try:
        return urllib.request.urlopen("https://papers.example.org" + path, context=context, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code

for _ in range(100):
    mails = list(mailbox.mbox("/var/mail/ann"))
    if mails:
        break
    time.sleep(0.2)
mail = bytes(mails[0])
record = b"".join(part.encode() for part in open("/etc/dkimkeys/notifier.txt").read().split('"')[1::2])
signature = mails[0]["DKIM-Signature"]
assert dkim.verify(mail, dnsfunc=lambda name, timeout=5: record), "the signature is wrong"
signed = signature.lower()
assert "list-unsubscribe-post" in signed and "d=papers.example.org" in signed, signature
assert dkim.verify(mail.replace(b"List-Unsubscribe-Post", b"X-Lost"), dnsfunc=lambda name, timeout=5: record) is False
print("signed:", mails[0]["Subject"])
pages = {path: status(path) for path in ("/", "/healthz", "/papers", "/feeds/feeds.opml", "/metrics", "/admin")}
print("pages:", pages)
assert [*pages.values()] == [200, 200, 200, 200, 404, 404], pages
"""

UNIT = """
[Unit]
Description=The steps of the page
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash -eux /root/steps.sh
StandardOutput=file:/root/steps.log
StandardError=file:/root/steps.log
TimeoutStartSec=300
"""


def main() -> None:
    """Make the machine, follow the page on it, and print what was seen; raise SystemExit if a step fails."""
    work = Path(sys.argv[1]).resolve()
    machine = fresh_machine(work)
    packages, *steps = blocks()
    for file in build(work / "dist"):
        shutil.copy(file, machine / "root")
    install(machine, packages)
    (machine / "root/checks.py").write_text(CHECKS, encoding="utf-8")
    script = [
        BEFORE,
        "cd /root",
        *packages_variables(packages),
        *steps,
        "python3 /root/checks.py",
        "touch /root/all-done",
    ]
    (machine / "root/steps.sh").write_text("\n".join(script), encoding="utf-8")
    boot(machine)
    print((machine / "root/steps.log").read_text(encoding="utf-8", errors="replace"))
    if not (machine / "root/all-done").exists():
        sys.exit("a step of the page failed; the end of the log says which")
    print("every step of the page succeeded")


def blocks() -> list[str]:
    """Return the page's commands, block by block. What needs the internet is replaced."""
    found = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [_offline(block) for block in found]


def _offline(block: str) -> str:
    for pattern, other in REPLACED.items():
        block = other.join(re.split(pattern, block, flags=re.MULTILINE))
    return block


def packages_variables(packages: str) -> list[str]:
    """Return the lines of the first block that set variables, because a reader follows the page in one shell."""
    return [line for line in packages.splitlines() if line.startswith("export ")]


def fresh_machine(work: Path, name: str = "machine") -> Path:
    """Return a new copy of a bare Debian 12, which debootstrap makes once."""
    bare, machine = work / "bare", work / name
    if not bare.exists():
        packages = "--include=systemd,systemd-sysv,dbus,ca-certificates,procps"
        run("debootstrap", "--variant=minbase", packages, "bookworm", str(bare), MIRROR)
    shutil.rmtree(machine, ignore_errors=True)
    run("cp", "--archive", "--reflink=auto", str(bare), str(machine))
    return machine


def build(folder: Path) -> list[Path]:
    """Build the source archive and the wheel, as `make dist` does."""
    shutil.rmtree(folder, ignore_errors=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT))
    return sorted(folder.iterdir())


def install(machine: Path, packages: str) -> None:
    """Run the first block of the page with the network of the host, and install what the checks need."""
    block = f"{packages}\napt-get install --yes --no-install-recommends python3-dkim openssl\n"
    run("systemd-nspawn", *nspawn_options(machine), *network_options(), "/bin/bash", "-euxc", block)


def boot(machine: Path) -> None:
    """Boot the machine with only a loopback interface; it runs the steps and halts."""
    unit = machine / "etc/systemd/system/steps.service"
    unit.write_text(UNIT, encoding="utf-8")
    wanted = machine / "etc/systemd/system/multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / unit.name).symlink_to(f"/etc/systemd/system/{unit.name}")
    options = ["--private-network", "--boot"]
    command = ["systemd-nspawn", *nspawn_options(machine), *options]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False, timeout=400)


def network_options() -> list[str]:
    """Return the options that let a container use the network of the host, with its proxies and certificates."""
    variables = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    variables |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), CERTIFICATES_INSIDE)
    shared = ["--resolv-conf=copy-host", f"--bind-ro={CERTIFICATES}:{CERTIFICATES_INSIDE}"]
    return [*shared, *(f"--setenv={name}={value}" for name, value in variables.items())]


def nspawn_options(machine: Path) -> list[str]:
    """Return the options of each systemd-nspawn run. The container is not registered, and has no unit of its own."""
    return [f"--directory={machine}", "--keep-unit", "--register=no", "--quiet"]


def run(*command: str) -> None:
    """Run a command. Raises SystemExit with its output if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout[-5000:]}\n{command[0]} failed with exit code {done.returncode}")


if __name__ == "__main__":
    main()
