"""Feed: the cards of a home screen, in what order and why."""
