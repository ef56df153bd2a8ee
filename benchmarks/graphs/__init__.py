"""Network graphs written with the Python surface, as benchmarks of search and of speed.

Each module has ``NAME``, ``SOURCE`` (where the shapes come from) and ``build(rng)``, which gives
a ``weights.Graph``.
"""

from graphs import bert, gated_mlp, gqa, inception, layers, lora, nas_rnn, resnext

ALL = (nas_rnn, resnext, inception, bert, gated_mlp, lora, gqa, layers)
