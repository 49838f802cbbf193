"""Build, Break, Explain: the tested code behind the lessons.

Rooms, ground floor first: `runtime`; `data`, `blocks`; `nets`, `measure`; `train`; `widgets`, `exercises`;
`classroom`. A room imports only rooms below it.
"""

__version__ = "0.1.0"
