"""Data: demonstrations recorded from agents and read back for training."""
