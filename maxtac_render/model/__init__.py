"""What things are: immutable records and pure look-ups; no I/O, no YAML, standard library only.

Records are NamedTuples: they are immutable, and defining one costs an eighth of a frozen dataclass, which a
command line that starts in some tens of milliseconds notices.
"""
