"""Questions with answers that are measured on the photo."""
