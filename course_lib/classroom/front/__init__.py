"""The front page of the course: every row of the syllabus with what was measured of it, as HTML and in the README."""
