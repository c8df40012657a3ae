"""Hands, arms, embodiments and objects as data."""
