"""Tasks, one a file. A task names no robot."""
