"""What was read: attention at a place as rows and shares, what it hands over, whose pattern it is, where it stays."""
