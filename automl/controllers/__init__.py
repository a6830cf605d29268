"""Who proposes: a module for each algorithm. Names with an underscore are what several share, or one is made of."""
