"""Intent compiler for Kubernetes network policy."""

__version__ = "0.1.0"
