"""Circuits as other tools read them, and as people do."""
