"""What views are made of: the contract of a tab, cards, words, numbers along an axis."""
