import errno
import socket

import pytest

from app.main import main, parse
from app.place import address_of, choose_port, is_local, plain_host, try_to_bind, why_not
from app.program import free_port


def test_an_address_that_was_printed_works_on_this_machine() -> None:
    for host, address in (
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("[::1]", "http://[::1]:80"),
        ("::", "http://[::1]:80"),
        ("fe80::1%eth0", "http://[fe80::1%25eth0]:80"),
    ):
        assert address_of(plain_host(host), 80) == address


def test_this_machine_has_many_names() -> None:
    assert all(map(is_local, ("127.0.0.1", "127.9.9.9", "localhost", "::1")))
    assert not any(map(is_local, ("::", "0.0.0.0", "10.1.1.1", "lab.example")))


@pytest.mark.parametrize("host", ["::", "[::]", "10.99.99.99"])
def test_strangers_are_let_in_by_ipv6_only_on_demand(host: str) -> None:
    with pytest.raises(SystemExit, match="--allow-remote"):
        main(["--host", host])


@pytest.mark.parametrize("host", ["192.0.2.77", "2001:db8::77"])
def test_an_address_of_another_machine_is_refused_by_its_reason(host: str) -> None:
    with pytest.raises(SystemExit, match=rf"(does not have the address|no network of the kind of) {host}"):
        choose_port(host, None)


def test_a_name_without_an_address_is_refused_by_its_reason() -> None:
    for host in ("nowhere.invalid", "a..b", "x" * 80):
        with pytest.raises(SystemExit, match="knows no address of the name"):
            choose_port(host, 7860)


def test_a_port_that_is_taken_on_ipv6_is_refused() -> None:
    if try_to_bind("::1", free_port()) is not None:
        pytest.skip("This machine has no IPv6.")
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::1", 0))
        taken.listen()
        with pytest.raises(SystemExit, match="is taken"):
            choose_port("::1", taken.getsockname()[1])


def test_a_port_for_the_administrator_is_refused_by_its_reason() -> None:
    told = why_not("127.0.0.1", 80, PermissionError(errno.EACCES, "Permission denied"))
    assert told == "This account may not serve on port 80. Choose one from 1024 to 65535 with --port."


def test_the_path_of_a_reverse_proxy_may_be_written_in_any_way() -> None:
    for written, meant in (
        ("/lab/studio", "/lab/studio"),
        ("lab/studio/", "/lab/studio"),
        ("/", ""),
        ("https://lab.example/studio/", "https://lab.example/studio"),
    ):
        assert parse(["--root-path", written]).root_path == meant
    for wrong in ("ftp://lab.example", "/lab?x=1", "http://"):
        with pytest.raises(SystemExit):
            parse(["--root-path", wrong])


@pytest.mark.parametrize("device", ["cuda:77", "meta", "abacus", ""])
def test_a_device_that_is_not_here_ends_the_studio_with_a_sentence(device: str) -> None:
    with pytest.raises(SystemExit, match=r"cannot be used here\. This machine has: cpu"):
        main(["--device", device])
