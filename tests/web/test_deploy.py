"""The files of deploy/ agree with the service, and with the tools that read them where those are at hand."""

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra [web] is not installed")

from rsagan import assets
from rsagan.cli.main import main
from rsagan.web import Settings, guard, server

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = (DEPLOY / "rsagan-web.service").read_text(encoding="utf-8")
PROXY = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
IMAGE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
SPACE = (DEPLOY / "space" / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def started(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What `rsagan ARGUMENTS` would run, its token file being there."""
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    seen: list[Settings] = []
    monkeypatch.setattr(server, "run", lambda settings, *_: seen.append(settings))
    monkeypatch.setattr(assets, "fetch", lambda *_: token)
    assert main([str(token) if one.endswith("/token") else one for one in arguments]) == 0
    return seen[0]


def test_the_unit_starts_the_service_and_lets_it_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = shlex.split(re.search(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)[1])  # type: ignore[index]
    settings = started(command[1:], tmp_path, monkeypatch)
    assert settings.token
    assert settings.host == "127.0.0.1"
    assert f"http://127.0.0.1:{settings.port};" in PROXY
    assert f"server_name {settings.names[0]};" in PROXY
    assert int(re.search(r"TimeoutStopSec=(\d+)", UNIT)[1]) > settings.seconds + 1  # type: ignore[index]


def test_the_container_has_time_to_end() -> None:
    runs = re.findall(r"docker run -.*", IMAGE)
    patience = [int(re.search(r"--stop-timeout (\d+)", run)[1]) for run in runs]  # type: ignore[index]
    assert len(patience) == 2
    assert min(patience) > Settings().seconds + 1


def test_the_space_takes_the_wheel_of_this_version() -> None:
    wanted = (DEPLOY / "space" / "requirements.txt").read_text(encoding="utf-8").split()
    assert wanted == [f"./rsagan-{PROJECT['version']}-py3-none-any.whl[web]"]


def test_the_image_starts_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry, more = (json.loads(re.search(rf"^{word} (.*)$", IMAGE, re.MULTILINE)[1]) for word in ("ENTRYPOINT", "CMD"))  # type: ignore[index]
    settings = started([*entry[1:], *more], tmp_path, monkeypatch)
    assert (settings.host, bool(settings.token)) == ("0.0.0.0", True)
    assert f"EXPOSE {settings.port}" in IMAGE
    assert f":{settings.port}/readyz" in IMAGE
    demo = re.search(r"rsagan (--host .* --demo)$", IMAGE, re.MULTILINE)
    assert demo
    assert started([*entry[1:], *shlex.split(demo[1])], tmp_path, monkeypatch).demo


def test_the_proxy_is_as_patient_and_as_generous_as_the_service() -> None:
    def number(name: str) -> int:
        return int(re.search(rf"{name} (\d+)", PROXY)[1])  # type: ignore[index]

    assert number("client_max_body_size") << 20 == guard.PHOTO_BYTES
    assert number("client_body_timeout") == guard.BODY_SECONDS
    assert number("proxy_read_timeout") > Settings().seconds


def test_the_space_has_a_python_that_the_package_takes() -> None:
    python = re.search(r'^python_version: "3\.(\d+)"$', SPACE, re.MULTILINE)
    assert python
    assert int(python[1]) >= int(PROJECT["requires-python"].removeprefix(">=3."))


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_reads_the_proxy(tmp_path: Path, free_port: int) -> None:
    subject = ["-subj", "/CN=poses.example.org", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    site = re.sub(r"/etc/ssl/\S+\.key", str(tmp_path / "key.pem"), PROXY.replace("443", f"127.0.0.1:{free_port}"))
    site = re.sub(r"/etc/ssl/\S+\.pem", str(tmp_path / "cert.pem"), site)
    config = tmp_path / "nginx.conf"
    config.write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ {site} }}")
    told = subprocess.run(["nginx", "-t", "-c", config], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "rsagan-web.service"
    unit.write_text(UNIT.replace("/opt/rsagan/bin/rsagan", shutil.which("true") or ""))
    told = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
