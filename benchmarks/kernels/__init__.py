"""Programs timed beside their peers on the same arrays, as ratios to the best of them.

`program` says what a benchmark is; `gemm`, `fused`, `movement`, `structured` and `convolution`
list them as data; `peers` makes one callable for each library; `rounds` times them in turns;
`probe` measures what the machine can do at best; `results`, `table` and `plot` keep and show what
was found.
"""
