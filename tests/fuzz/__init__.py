"""Fuzzing: bytes nobody has thought of, into everything that reads bytes from outside.

A target is a function of bytes that returns, whatever they are. Where a reader refuses, it does so with the error that
its docstring names; any other exception, a hang, or memory without bound is a fault of the reader.

`pytest tests/fuzz` feeds each target with mutated examples by Hypothesis; `make fuzz` runs the same functions under
atheris, which looks for bytes that reach new lines of code.
"""
