"""What the bridge changes in each task."""
