"""An AWS emulator for tests: ministack, made strict and complete for the types of a schema folder.

Usage: python server.py --port PORT --schemas FOLDER

ministack provides the services and CloudFormation itself. Before the server starts, the modules beside this one add
behaviours that tests of a deployer need and ministack lacks. README.md lists them, with the endpoints under ``/_test/``
(same port) that show the state and switch behaviours.
"""

import argparse
import http.client
import os
import socket
import sys
import threading
import time
from pathlib import Path as File


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Like the server, allow a port that was in use a moment ago.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def say_when_ready(port: int) -> None:
    """Prints the server's address as soon as it answers: ministack's own log has warnings only."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/_test/ready")
            if connection.getresponse().status == 200:
                break
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    print(f"ready: AWS_ENDPOINT_URL=http://127.0.0.1:{port} (Ctrl-C ends it)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--schemas", type=File, required=True)
    arguments = parser.parse_args()
    if not is_free(arguments.port):
        sys.exit(f"port {arguments.port} is taken; choose another one")
    # ministack reads these variables on import. IoT and SFTP would listen on fixed ports, so two servers
    # could not run at the same time.
    os.environ.update(
        GATEWAY_PORT=str(arguments.port), BIND_HOST="127.0.0.1", LOG_LEVEL="WARNING", AUTH="false", USE_SSL="0",
        PERSIST_STATE="0", S3_PERSIST="0", LOCALSTACK_PERSISTENCE="0", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")

    import ministack.app
    from installation import install

    install(arguments.schemas)
    sys.argv = sys.argv[:1]  # ministack parses it too
    threading.Thread(target=say_when_ready, args=(arguments.port,), daemon=True).start()
    ministack.app.main()
