"""What holds for a whole account."""
