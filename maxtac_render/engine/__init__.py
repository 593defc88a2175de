"""Passes from intents to policies, one a file: renaming, lifetime, resolve, baseline, naming; others only report.

Pure: no I/O, no clock, no environment. Every pass takes what the pass before it gave, and reports what it finds.
"""
