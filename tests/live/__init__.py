"""Tests of the live cluster's room, and the fake API server that they and others share."""
