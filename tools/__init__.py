"""What `make` runs before it runs Tidegate: each module sets up one thing and leaves it alone when it is there already.

Everything here runs on the bare Python of the machine, so nothing but the standard library is imported.
"""
