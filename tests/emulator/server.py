"""An AWS emulator for tests: ministack, made strict and complete for the types of a schema folder.

Usage: python server.py --port PORT --schemas FOLDER

ministack provides the services and CloudFormation itself. The modules beside this one add, before the server
starts, what a deployer must be tested against and ministack lacks. README.md lists it, with the endpoints under
``/_test/`` (same port) to look inside and to switch it.
"""

import argparse
import os
import sys
from pathlib import Path as File

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--schemas", type=File, required=True)
    arguments = parser.parse_args()
    # ministack reads these when it is imported. IoT and SFTP would listen on fixed ports, which keeps two
    # servers from running side by side.
    os.environ.update(
        GATEWAY_PORT=str(arguments.port), BIND_HOST="127.0.0.1", LOG_LEVEL="WARNING", AUTH="false", USE_SSL="0",
        PERSIST_STATE="0", S3_PERSIST="0", LOCALSTACK_PERSISTENCE="0", IOT_MTLS_ENABLED="0", SFTP_ENABLED="0")

    import ministack.app
    from installation import install

    install(arguments.schemas)
    sys.argv = sys.argv[:1]  # ministack parses it too
    ministack.app.main()
