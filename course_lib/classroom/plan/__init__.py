"""`course plan`: a schedule of the lessons, as text and as a calendar file."""
