"""rnnbench: any recurrent cell on any sequence task, fast, with results that can be compared."""

__version__ = "0.2.0"
