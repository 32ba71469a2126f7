"""Hours: schedules as stretches of instants, and wake-ups that ring once."""
