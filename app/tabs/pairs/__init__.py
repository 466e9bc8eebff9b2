"""What every task gets of every other, pair by pair."""
