"""Sensors: edit the MjSpec before compilation, bind after it, read."""
