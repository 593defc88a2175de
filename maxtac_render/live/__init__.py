"""A cluster's API server: the way to it, and what is read there and written. Nothing here knows what policies mean."""
