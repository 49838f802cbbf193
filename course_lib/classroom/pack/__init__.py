"""`course pack`: one offline folder a lesson with what its teacher needs on the day of class."""
