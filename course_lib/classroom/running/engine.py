"""papermill's engine for the lessons: the copy is written after each cell that was run, and not more often.

papermill's own writes the whole copy before and after every cell, prose too. That is safe and slow: for a
lesson of 70 cells it takes seconds, between cells, while nothing is computed.
"""

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

NAME = "course"


class _Keeper(NotebookExecutionManager):
    """Keeps times and states of the cells as papermill does; a start and a cell of prose are not written."""

    def cell_start(self, cell, cell_index=None, **more):
        self._unwritten(super().cell_start, cell, cell_index, **more)

    def cell_complete(self, cell, cell_index=None, **more):
        if cell.cell_type == "code":
            super().cell_complete(cell, cell_index, **more)
        else:
            self._unwritten(super().cell_complete, cell, cell_index, **more)

    def _unwritten(self, note, *arguments, **more):
        path, self.output_path = self.output_path, None  # papermill writes nothing where it has no path
        try:
            note(*arguments, **more)
        finally:
            self.output_path = path


class LessonEngine(NBClientEngine):
    """Runs the cells as papermill does; their copy lies in the file as soon as each has ended."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        keeper = _Keeper(nb_man.nb, nb_man.output_path, progress_bar=False)
        return super().execute_managed_notebook(keeper, kernel_name, **options)


papermill_engines.register(NAME, LessonEngine)
