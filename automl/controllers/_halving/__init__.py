"""Successive halving over effort and racing over seeds, around any controller.

`climb` (a trial on its way up), `rungs` (who climbs on: Jamieson and Talwalkar 2016, asynchronously as in Li et al.
2020) and `race` (who gets no further seed).
"""
