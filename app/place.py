"""Where the studio is served: addresses that can be bound, the address to print, and who may read its answers."""

import errno
import ipaddress
import os
import socket
from typing import Any
from urllib.parse import quote, urlsplit

PORT = 7860
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Addresses that mean all of a machine, and one of them that works on the machine itself."""


def stay_at_home() -> None:
    """Keeps requests of this process from going through a proxy: the studio asks nobody but itself."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    # Where the environment says nothing, the settings of the desktop would count.
    os.environ["no_proxy"] = "*"


def plain_host(text: str) -> str:
    """A host as the system takes it: an IPv6 address may come in the brackets of a web address."""
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def bracketed(host: str) -> str:
    """A host as web addresses and Gradio have it."""
    return f"[{host}]" if ":" in host else host


def is_local(host: str) -> bool:
    """Whether nobody but this machine can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    return f"http://{quote(bracketed(ANY.get(host, host)), safe='[]:')}:{port}"


def root_path(text: str) -> str:
    """The path, or the whole address, under which a reverse proxy serves the studio, as Gradio takes it.

    Raises:
        ValueError: It is neither.
    """
    parts = urlsplit(text)
    if parts.query or parts.fragment or (parts.scheme and (parts.scheme not in ("http", "https") or not parts.netloc)):
        raise ValueError(text)
    return text.rstrip("/") if parts.scheme else f"/{text.strip('/')}".rstrip("/")


def choose_port(host: str, asked: int | None) -> int:
    """The port that was asked for, or the first free one from 7860 on; the end of the program if there is none."""
    if asked is not None and not 1 <= asked <= 65535:
        raise SystemExit(f"There is no port {asked}. Choose one from 1024 to 65535.")
    for port in [asked] if asked else range(PORT, PORT + 100):
        problem = try_to_bind(host, port)
        if problem is None:
            return port
        if problem.errno != errno.EADDRINUSE:
            raise SystemExit(why_not(host, port, problem))
    if asked:
        raise SystemExit(f"Port {asked} is taken by another program. Choose another with --port, or leave --port out.")
    raise SystemExit(f"No port from {PORT} to {PORT + 99} is free. Name one with --port.")


def try_to_bind(host: str, port: int) -> OSError | None:
    """What the system says against a server there."""
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Gradio looks for the port on 127.0.0.1, whatever it will serve on.
        places += socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in dict.fromkeys(places):
            with socket.socket(family, kind, protocol) as candidate:
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    candidate.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                candidate.bind(address)
    except OSError as problem:
        return problem
    except UnicodeError:  # A label of the name is empty or too long.
        return socket.gaierror(socket.EAI_NONAME, "not a name")
    return None


def why_not(host: str, port: int, problem: OSError) -> str:
    """The reason in words, and what to do."""
    if isinstance(problem, socket.gaierror):
        return f"This machine knows no address of the name {host!r}. Check --host, or leave it out."
    match problem.errno:
        case errno.EADDRNOTAVAIL:
            return f"This machine does not have the address {host}. Give one of its own with --host, or leave it out."
        case errno.EACCES | errno.EPERM:
            return f"This account may not serve on port {port}. Choose one from 1024 to 65535 with --port."
        case errno.EAFNOSUPPORT:
            return f"This machine has no network of the kind of {host}. Leave --host out."
    return f"Nothing can be served on {host}, port {port}: {problem.strerror or problem}. Change --host or --port."


def protect() -> None:
    """Makes Gradio treat other web sites alike on all addresses: they may not read what the studio answers.

    Gradio protects a few spellings of this machine, none of them IPv6. Only the studio's own pages, which come from the
    host that they ask, and this machine's pages on this machine may read it.
    """
    import gradio.routes
    from gradio.route_utils import CustomCORSMiddleware, get_hostname

    class OwnPagesOnly(CustomCORSMiddleware):
        def is_valid_origin(self, request_headers: Any) -> bool:
            host, origin = get_hostname(request_headers.get("host", "")), get_hostname(request_headers["origin"])
            local = {"0.0.0.0", "127.0.0.1", "::1", "localhost"}
            return bool(origin) and (origin == host or {origin, host} <= local)

    # By the name under which its server looks for it; there is no setting.
    gradio.routes.CustomCORSMiddleware = OwnPagesOnly  # type: ignore[attr-defined]
