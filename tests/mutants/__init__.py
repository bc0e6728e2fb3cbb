"""One line of the code made wrong on purpose, and the test that says so.

python -m tests.mutants            every sabotage, each in a copy of the tree; 0 when each was found out
python -m tests.mutants NAME ..    some of them
"""
