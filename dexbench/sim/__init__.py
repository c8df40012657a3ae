"""The simulated world: robots and scenes in one MuJoCo model, batched stepping, Gymnasium faces, pictures."""
