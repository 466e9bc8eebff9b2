"""What a feature holds: its components on a shared or saved basis, its spectrum and rank, groups of its tokens."""
