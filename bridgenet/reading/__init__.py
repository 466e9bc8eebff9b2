"""What readers of data sets are made of: files as people have them, their units and codings, what follows from what."""
