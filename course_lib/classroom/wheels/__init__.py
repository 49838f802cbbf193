"""`course pack --wheels`: a folder from which a class installs the course without a network."""
