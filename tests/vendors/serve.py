"""One fake vendor by hand: python -m tests.vendors.serve --vendor anthropic --script FILE."""

import argparse
import signal
from pathlib import Path

from tests.vendors import AnthropicServer, OpenAIServer


def main() -> None:
    """Serve until interrupted; prints the base URL first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vendor", choices=("anthropic", "openai"), required=True)
    parser.add_argument("--script", type=Path, required=True, help="a scripted model file (JSONL)")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    vendor = AnthropicServer if options.vendor == "anthropic" else OpenAIServer
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with vendor(options.script, port=options.port) as server:
        print(server.url, flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print(f"{len(server.requests)} requests, {len(server.refused)} refused", flush=True)


if __name__ == "__main__":
    main()
