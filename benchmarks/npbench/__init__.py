"""Seventeen programs without Python loops, as a plain NumPy user writes them.

They are the loop-free group that the NPBench suite names, written here from the mathematics: see
``products``, ``stencils`` and ``networks``. ``cases`` has their arguments.
"""
