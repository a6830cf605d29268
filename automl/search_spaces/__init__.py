"""What can be searched: a package for each kind of candidate. Standard library and numpy only."""
