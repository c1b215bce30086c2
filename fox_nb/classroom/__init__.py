"""What a class needs: seats with budgets, the relay that holds the one key, the gallery of what was handed in.

What of it works in a person's own kernel stands below Fox, which makes those sessions and imports nothing of this room:
``session/replay.py`` and ``session/visitor.py``, and in ``store``, which alone opens journals, ``packs.py``,
``replayed.py``, ``handed_in.py`` and ``ledger.py``.
"""
