"""Task Pattern Propagation: where each task looks."""
