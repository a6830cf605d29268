"""Contract kits: tests that any plug-in can run on itself, and a toy system to run controllers on."""
