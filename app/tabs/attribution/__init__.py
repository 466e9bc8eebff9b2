"""What one number of a prediction comes from."""
