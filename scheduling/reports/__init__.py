"""What a clinic's bookings and doses add up to. Sums are made by the database."""
