"""Keeps the policies of a cluster what its resources ask for, for as long as it runs."""
