"""The demo: a gateway on a temporary folder, its shop, and simulated visitors who come in over real sockets."""
