"""llama.cpp's server on a free local port; it prints its base URL and serves until its input ends.

Usage: python serve.py MODEL.gguf WINDOW_TOKENS JINJA(0 or 1)
"""

import socket
import sys

import xllamacpp


def main() -> None:
    """Serve."""
    model, window, jinja = sys.argv[1:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_ctx = int(window)
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.use_jinja = jinja == "1"
    params.warmup = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
