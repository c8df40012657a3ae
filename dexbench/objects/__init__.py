"""Objects to grasp: parametric families as data, their collision pieces and surfaces, and the pool that swaps them."""
