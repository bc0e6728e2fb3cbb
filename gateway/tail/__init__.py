"""`tidegate tail`: single events of a running gateway in the terminal, through the Python client."""
