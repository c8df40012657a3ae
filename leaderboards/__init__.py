"""Published leaderboards: rows as data."""
