"""Serves the provider to Terraform: go-plugin's handshake, and gRPC in a thread of this process.

Terraform starts a plugin by running a program that prints an address. The program in the filesystem
mirror is a short launcher; it requests a new provider from this process over a socket, prints the
address and runs until Terraform is done, or dead. So every start has its own configuration, and
doesn't start another Python with all imports.
https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md
"""

from __future__ import annotations

import contextlib
import json
import platform
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, Final

from zenstrap_rehearsal.provider.messages import MESSAGES, PROVIDER
from zenstrap_rehearsal.provider.service import Service

VERSION: Final = "6.50.0"

# Prefixes of the launcher's environment variables that the provider reads.
_PREFIXES: Final = ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "GCP_")

# Starts as a shell script, because the system truncates long #! lines, as in virtual environments.
_LAUNCHER: Final = """\
#!/bin/sh
'''exec' "{python}" -IS "$0"
' '''
import json, os, select, socket
terraform = os.getppid()
connection = socket.socket(socket.AF_UNIX)
connection.connect({control!r})
chosen = {{k: v for k, v in os.environ.items() if k.startswith({prefixes!r})}}
tls = bool(os.environ.get("PLUGIN_CLIENT_CERT"))
request = {{"environment": chosen, "folder": os.getcwd(), "tls": tls}}
connection.sendall(json.dumps(request).encode() + b"\\n")
answer = connection.makefile()
print(answer.readline().strip(), flush=True)
# Until the provider is done, or Terraform was killed.
ends = [os.pidfd_open(terraform)] if hasattr(os, "pidfd_open") else []
select.select([connection, *ends], [], [])
"""

_CONFIGURATION: Final = """\
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""

_PROTOCOL_SERVICE: Final = "tfplugin6.Provider"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_GRACE: Final = 0.05  # seconds for calls in progress when Terraform shuts the provider down

NewService = Callable[[Mapping[str, str], Path], Service]


class ProviderServer:
    """Serves launchers until it is stopped.

    Args:
        folder: an empty folder for the mirror and the sockets; short, as a socket's path can have
            about 100 characters.
        new_service: creates the provider for one start, from Terraform's environment variables and
            folder.
    """

    def __init__(self, folder: Path, new_service: NewService) -> None:
        self._folder = folder
        self._new_service = new_service
        self._control = folder / "control"
        self._tls: bytes | None = None
        self._lock = threading.Lock()
        self._count = 0
        self._running: dict[int, tuple[threading.Event, threading.Thread]] = {}
        self._stopping = threading.Event()

    @property
    def configuration(self) -> Path:
        """The file for TF_CLI_CONFIG_FILE."""
        return self._folder / "terraform.tfrc"

    def start(self) -> None:
        self._tls = _certificate()
        self._write_mirror()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._control))
        self._control.chmod(0o600)
        self._listener.listen(64)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Stop every provider; waiting launchers end with it."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            running = list(self._running.values())
        for done, thread in running:
            done.set()
            thread.join()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            done = threading.Event()
            with self._lock:
                self._count += 1
                number = self._count
                thread = threading.Thread(
                    target=self._serve, args=(connection, number, done), daemon=True
                )
                self._running[number] = (done, thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int, done: threading.Event) -> None:
        """One start of the plugin, from the launcher's first line to its end."""
        place = self._folder / str(number)
        with connection, connection.makefile("rw") as stream:
            asked = json.loads(stream.readline())
            tls = self._tls if asked["tls"] else None
            server = _grpc_server(
                self._new_service(asked["environment"], Path(asked["folder"])), place, tls, done
            )
            stream.write(_handshake(place, tls) + "\n")
            stream.flush()
            # A launcher that was killed closes its end.
            threading.Thread(target=_until_closed, args=(connection, done), daemon=True).start()
            done.wait()
            server.stop(grace=_GRACE).wait()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        place.unlink(missing_ok=True)
        with self._lock:
            self._running.pop(number, None)

    def _write_mirror(self) -> None:
        system = "darwin" if sys.platform == "darwin" else "linux"
        architecture = _ARCHITECTURES[platform.machine()]
        mirror = self._folder / "mirror"
        program = (
            mirror
            / "registry.terraform.io/hashicorp/google"
            / VERSION
            / f"{system}_{architecture}"
            / f"terraform-provider-google_v{VERSION}"
        )
        program.parent.mkdir(parents=True)
        program.write_text(
            _LAUNCHER.format(python=sys.executable, control=str(self._control), prefixes=_PREFIXES)
        )
        program.chmod(0o755)
        self.configuration.write_text(_CONFIGURATION.format(mirror=mirror))


def _grpc_server(service: Service, place: Path, tls: bytes | None, done: threading.Event) -> Any:
    import grpc

    def shutdown(request: Any, context: Any) -> Any:
        done.set()
        return MESSAGES["Empty"]()

    def unary(message: str, answer: Callable[[Any, Any], Any]) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            answer, MESSAGES[message].FromString, lambda reply: reply.SerializeToString()
        )

    def of(procedure: str) -> Callable[[Any, Any], Any]:
        return lambda request, context: service.call(procedure, request)

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    procedures = {name: unary(asked, of(name)) for name, (asked, _) in PROVIDER.items()}
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(_PROTOCOL_SERVICE, procedures),
            grpc.method_handlers_generic_handler(
                "plugin.GRPCController", {"Shutdown": unary("Empty", shutdown)}
            ),
            grpc.method_handlers_generic_handler("plugin.GRPCStdio", {"StreamStdio": _no_output()}),
        )
    )
    if tls:
        chain = tls[tls.index(b"-----BEGIN CERTIFICATE") :]
        server.add_secure_port(f"unix://{place}", grpc.ssl_server_credentials([(tls, chain)]))
    else:
        server.add_insecure_port(f"unix://{place}")
    server.start()
    return server


def _no_output() -> Any:
    import grpc

    empty = MESSAGES["Empty"]
    return grpc.unary_stream_rpc_method_handler(
        lambda request, context: iter(()), empty.FromString, empty.SerializeToString
    )


def _until_closed(connection: socket.socket, done: threading.Event) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(4096):
            pass
    done.set()


def _handshake(place: Path, tls: bytes | None) -> str:
    """Versions of go-plugin's and Terraform's protocols, address, and the server's certificate."""
    certificate = ""
    if tls:
        body = tls.decode().split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
        certificate = "".join(body.split()).rstrip("=")
    return f"1|6|unix|{place}|grpc|{certificate}"


def _certificate() -> bytes:
    """A new private key and its self-signed certificate."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)
