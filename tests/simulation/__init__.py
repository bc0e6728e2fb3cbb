"""A world in one thread: the real server core, its real store and the real SQLite on a disk, a net and a clock of ours.

python -m tests.simulation 1000 --from 0      so many seeds; a seed that fails prints its options, and replays alone
"""
