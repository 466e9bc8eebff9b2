"""All answers to the photo, and what is true."""
