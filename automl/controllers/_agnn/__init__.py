"""Policies over named choices, in NumPy: the parts of RCNAS (Zhou, Huang, Song, Chen and Hu: Auto-GNN, 2019).

In the order of the paper: `explorer` (the best so far, restarts), `alternatives` and `words` (a trace as a sentence),
`lstm`, `parameters` and `policy` (one encoder per class of actions), `classes` (which class is rewritten), `edits`
(the offspring), `modifier` (all of these), `standings` and `rewards` (REINFORCE), `critic` (which of several drafts is
measured), `pending` (what is in flight).
"""
