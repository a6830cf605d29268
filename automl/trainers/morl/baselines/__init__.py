"""The multi-policy algorithms of morl-baselines 1.3.0, each behind the protocol of `automl.trainers.morl.learner`.

The library trains in one long call. Here that call runs beside the caller and rests whenever the steps it was granted
are used up (`pace`), with random generators of its own (`chance`), and what it has found is handed out as policies.
"""
