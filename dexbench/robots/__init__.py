"""Robots: from data to a MuJoCo model, checked against the data; kinematics."""
