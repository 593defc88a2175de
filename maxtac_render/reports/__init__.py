"""Findings in the forms that people and machines read; the folder is the registry, one file a format.

A format's module has one function, ``render(diagnostics, ...) -> Iterator[str]``, and names itself by its file.
"""
