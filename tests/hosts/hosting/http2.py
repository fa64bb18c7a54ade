"""One request over HTTP/2, of which the informational response is seen too: clients hide it."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, InformationalResponseReceived, ResponseReceived, StreamEnded

from hosting.client import CERTIFICATE

_TIMEOUT = 20  # seconds


def informed(base: str, path: str) -> tuple[list[tuple[bytes, bytes]], int, bytes]:
    """Ask for a page; return the headers of the informational response, the status and the body."""
    parts = urlsplit(base)
    context = ssl.create_default_context(cafile=CERTIFICATE)
    context.set_alpn_protocols(["h2"])
    hints: list[tuple[bytes, bytes]] = []
    status, body = 0, b""
    plain = socket.create_connection((parts.hostname, parts.port), timeout=_TIMEOUT)
    with plain, context.wrap_socket(plain, server_hostname=parts.hostname) as connection:
        protocol = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        protocol.initiate_connection()
        request = [(":method", "GET"), (":path", path), (":scheme", "https"), (":authority", parts.netloc)]
        protocol.send_headers(1, request, end_stream=True)
        while True:
            connection.sendall(protocol.data_to_send())
            received = connection.recv(65536)
            assert received, "the server hung up"
            for event in protocol.receive_data(received):
                match event:
                    case InformationalResponseReceived():
                        hints += event.headers
                    case ResponseReceived():
                        status = int(dict(event.headers)[b":status"])
                    case DataReceived():
                        body += event.data
                        protocol.acknowledge_received_data(event.flow_controlled_length, 1)
                    case StreamEnded():
                        return hints, status, body
