"""The command line: parse, call one function, print. A command loads what it uses."""
