import json
import re
import socket
import sys
import time
from pathlib import Path
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener, urlopen

import pytest

from app.main import find_checkpoint, main, parse
from app.place import choose_port, try_to_bind
from app.program import free_port, studio

pytestmark = pytest.mark.slow


def test_a_missing_checkpoint_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no checkpoint in .*nowhere"):
        find_checkpoint(tmp_path / "nowhere")


def test_a_checkpoint_is_found_by_its_config(checkpoint: Path) -> None:
    assert find_checkpoint(checkpoint) == checkpoint


def test_a_taken_port_that_was_asked_for_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit, match="is taken"):
            choose_port("127.0.0.1", taken.getsockname()[1])


def test_without_a_wish_a_free_port_is_found() -> None:
    assert 7860 <= choose_port("127.0.0.1", None) < 7960


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5"])
def test_strangers_are_let_in_only_on_demand(host: str, checkpoint: Path) -> None:
    with pytest.raises(SystemExit, match="--allow-remote"):
        main(["--checkpoint", str(checkpoint), "--host", host])


def test_the_extra_of_the_assistants_is_asked_for_by_name(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SystemExit, match=r"pip install 'bridgenet\[mcp\]'"):
        main(["--checkpoint", str(checkpoint), "--mcp"])


@pytest.mark.parametrize("option", ["--max-upload-mb", "--max-pixels"])
@pytest.mark.parametrize("value", ["0", "-3", "inf", "nan", "many"])
def test_a_limit_that_is_none_is_refused(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([f"{option}={value}"])
    assert ended.value.code == 2


@pytest.mark.parametrize("port", ["0", "70000"])
def test_a_port_that_cannot_be_is_refused(port: str, checkpoint: Path) -> None:
    with pytest.raises(SystemExit, match="no port"):
        main(["--checkpoint", str(checkpoint), "--port", port])


def headers_for(opener: OpenerDirector, address: str, origin: str, method: str = "GET") -> dict[str, str]:
    """What the studio lets a page of another address do."""
    told = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    with opener.open(Request(address + "config", headers=told, method=method)) as answer:
        return {name.lower(): value for name, value in answer.headers.items()}


def test_neither_proxies_nor_ipv6_nor_other_packages_of_our_names_keep_it_from_starting(
    checkpoint: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for package in ("app", "app/api", "bridgenet"):
        (other / package).mkdir(parents=True)
        (other / package / "__init__.py").write_text("raise ImportError('another package')")
    nobody = "http://127.0.0.1:9"
    proxies = {"http_proxy": nobody, "HTTPS_PROXY": nobody, "all_proxy": "socks5://127.0.0.1:9", "no_proxy": ""}
    host = "::1" if try_to_bind("::1", free_port()) is None else "127.0.0.1"
    with studio(
        checkpoint, other, "--no-warmup", threads=1, host=host, variables=proxies | {"PYTHONPATH": str(other)}
    ) as (address, _):
        opener = build_opener(ProxyHandler({}))
        for method in ("GET", "OPTIONS"):
            assert "access-control-allow-origin" not in headers_for(opener, address, "http://evil.example", method)
            own = headers_for(opener, address, address.rstrip("/"), method)
            assert own["access-control-allow-origin"] == address.rstrip("/")
        page = opener.open(address).read()
        assert b"<title>BridgeNet Studio</title>" in page
        assert re.findall(rb'"og:title" content="([^"]*)"', page) == [b"BridgeNet Studio"] and b"twitter:" not in page


def test_the_program_says_one_address_serves_it_and_tidies_up_when_it_is_ended(
    checkpoint: Path, tmp_path: Path
) -> None:
    with studio(checkpoint, tmp_path, "--max-upload-mb", "7", "--no-warmup", threads=1) as (address, program):
        with urlopen(address + "config") as answer:
            config = json.load(answer)
        assert len(list(tmp_path.glob("bridgenet-studio-*"))) == 1
        assert [path.stat().st_mode & 0o077 for path in tmp_path.glob("bridgenet-studio-*")] == [0]
        # It answers a moment before it says so.
        began = time.monotonic()
        while "http" not in (log := tmp_path / "log.txt").read_text() and time.monotonic() - began < 20:
            time.sleep(0.05)
        program.terminate()
        assert program.wait(20) == 0
    told = [line for line in log.read_text().splitlines() if "http" in line]
    assert len(told) == 1 and f"{address.rstrip('/')} " in told[0]
    assert list(tmp_path.glob("bridgenet-studio-*")) == []
    rail = next(part for part in config["components"] if part["props"].get("elem_id") == "rail")
    assert json.loads(rail["props"]["value"])["limit"] == 7
