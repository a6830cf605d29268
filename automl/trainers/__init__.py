"""Who measures: a package or a module for each kind of candidate, and what they share."""
