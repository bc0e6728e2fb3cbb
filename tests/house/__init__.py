"""The house rules as tests. Each rule is a function over a source tree that returns its violations as lines.

It is run on this tree, where it must find nothing, and on a small tree with the violation planted, where it must.
"""
