"""`python -m course_lib` is the same as the `course` command."""

from course_lib.classroom.cli import app

if __name__ == "__main__":
    app(prog_name="course")
