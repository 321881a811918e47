"""One clinic day as a picture: chairs, bookings, nurse load, conflicts, and what a change does."""
