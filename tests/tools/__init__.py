"""Tests of the set-up that `make` does."""
