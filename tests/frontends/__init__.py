"""Tests of the front-ends, and the table of MaxTac resources that they share with the tests against an API server."""
