"""The reinforcement learning of CRLQAS (Patel et al., ICLR 2024), generic over spaces that are built move by move.

In the order of the paper: `walk` (an episode and what is recorded of it), `reward`, `curriculum` (the moving bar of
success), `halting` (random ends), `network`, `exploration`, `replay` (n-step transitions), `learner` (the update).
`network` and `learner` import torch: load them lazily.

Where a docstring says "released code" it means the authors' public programs, which settle what the paper leaves open.
"""
