"""What policies mean: who may talk to whom, what a change opens and closes, and why. Pure, on the model."""
