"""Source files that are written into a sandbox and run there; the engine never imports them.

They speak Python 3.6 to 3.14 and need nothing but the test runner that they record.
"""
