"""Contracts and data types: schema, agent, world, task, trial, the one loop, safety, the shelf. NumPy only."""
