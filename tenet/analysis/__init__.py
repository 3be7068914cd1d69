"""What follows from a household's figures: pure arithmetic, frame in, frame out."""
