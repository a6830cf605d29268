"""The contracts and the records they exchange. Standard library and numpy only."""
