"""The built-in learner `tabular`: multi-policy Q-learning with tables, compiled."""
