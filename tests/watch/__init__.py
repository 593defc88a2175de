"""Tests of what keeps a cluster's policies in step."""
