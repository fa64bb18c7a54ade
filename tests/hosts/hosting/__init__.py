"""The sites that the host tests serve, each in a process of its own, and the client that visits them."""
