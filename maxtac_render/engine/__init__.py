"""Passes from intents to policies, one a file: lifetime, resolve, overlap, baseline, names.

Pure: no I/O, no clock, no environment. Every pass takes what the pass before it gave, and reports what it finds.
"""
