"""The reinforcement-learning meta-controller of EAS (Cai et al., AAAI 2018), generic over growable spaces.

In the order of the paper: `schedule` (which edits a child gets), `questions` (what is recorded of an
episode), `parameters`, `encoder` (bidirectional LSTM over the words), `actors` (Net2Wider, Net2Deeper),
`policy` (sampling and log-likelihood), `reward` (reward, baseline, advantage), `reinforce` (the update).
Imports torch: load it lazily.
"""
