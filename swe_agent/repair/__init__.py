"""The offline model: program repair by templates, without a language model. No I/O lives here but
tool calls asked for.
"""
