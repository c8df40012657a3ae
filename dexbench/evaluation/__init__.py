"""Evaluation: suites, the runner, records, verification, statistics, the leaderboard."""
