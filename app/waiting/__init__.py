"""The waiting line of the page, and work in the background."""
