"""The agent-computer interface: loading tools, permissions, the one route of a call. The tools are
content.
"""
