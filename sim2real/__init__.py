"""Hardware: drivers, one a file, and the real world that owns a wall clock."""
