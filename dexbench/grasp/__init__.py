"""Grasp science: libraries of grasps, their search and their tests."""
