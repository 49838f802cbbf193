"""What a class thinks before and after a lesson, and where it gets stuck: one page for the teacher."""
