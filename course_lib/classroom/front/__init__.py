"""The front of the course: each row of the syllabus, what was measured of it; a page, and in the README."""
