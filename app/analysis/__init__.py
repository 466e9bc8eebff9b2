"""What is known about a photo, and who remembers it. Knows no tab."""
