"""What an exception in a learner's code means: the line, and the likely cause in plain words."""

import sysconfig
import traceback
from pathlib import Path

_COURSE = Path(__file__).resolve().parent.parent
_LIBRARIES = [str(_COURSE), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]

# Pieces of the exception's text -> what it mostly means. The first that fits is told.
_CAUSES = (
    (("keyboard is not there",),
     "A check cannot wait for the keyboard: take input() and breakpoint() out of your answer."),
    (("can't allocate memory", "out of memory", "not enough memory", "unable to allocate", "memoryerror"),
     "It asks for far more memory than a small net needs: look at the sizes you ask for, and for a list or "
     "tensor that grows without end."),
    (("unsupported operand",),
     "One side of this operation is no tensor and no number: is a layer or a function named there, but not "
     "called on anything?"),
    (("invalid combination of arguments", "must be tensor, not"),
     "A function of torch was given something else than a tensor: a layer must be made first and then "
     "called, as in nn.Tanh()(x)."),
    (("cannot assign", "data has to be a tensor"),
     "A layer's parameter cannot become another kind of thing: change the values inside it."),
    (("interpreted as an integer", "but got float", "slice indices must be integers"),
     "A fraction stands where a whole number is needed: `/` makes one even of whole numbers, `//` does not."),
    (("before module.__init__",), "super().__init__() must be the first line of __init__."),
    (("missing the required \"forward\"",), "The class has no forward: is it indented as a method?"),
    (("required positional argument", "unexpected keyword", "positional arguments but",
      "positional argument but", "multiple values"),
     "Are the arguments those of the given first line, in the same order?"),
    (("has no attribute",),
     "Is the name spelled as in __init__, and is the value what you think it is? (A layer is no tensor.)"),
    (("referenced before assignment", "cannot access local variable"),
     "A name is used before it has a value inside this function."),
    (("not defined",),
     "Is the name spelled right, does it stand in the first line or above, and has its cell been run?"),
    (("recursion",), "Something calls itself without an end."),
    (("leaf variable", "in-place operation", "inplace operation", "modified by an inplace"),
     "A tensor that autograd needs was changed in place: make a new tensor, or use torch.no_grad() for "
     "weights."),
    (("same dtype", "scalar type", "can't be cast", "not implemented for"),
     "Two kinds of number meet: look at x.dtype of both sides."),
    (("same device",), "Tensors stand on two devices: make new ones with x.new_zeros(...) or like x."),
    (("size of tensor", "must match the size", "sizes of tensors must match", "expected input",
      "cannot be multiplied", "shape", "invalid for input", "padding length", "dimension"),
     "Two shapes do not fit: print x.shape before and after each step and compare channels, height and "
     "width."),
)  # fmt: skip


def report(error: BaseException) -> tuple[str, str]:
    """A message and its detail for an exception of the learner's code: kind, line, likely cause."""
    own = _own(error)
    at = f" at the line `{own[-1].line}`" if own and own[-1].line else ""
    kind, text = type(error).__name__, _text(error)
    message = f"Your code stopped with {kind}{at}. {_cause(error, text, bool(own))}".strip()
    return message, f"{line_of(error)}{kind}: {text[:1000]}"


def too_long(limit: BaseException) -> str:
    """The message for code that ran past the time."""
    own = _own(limit)
    at = f" It was at the line `{own[-1].line}`." if own and own[-1].line else ""
    return ("Your code did not come to an end within the time of a check. Look for a loop whose condition "
            f"never turns false, or for far too much work.{at}")


def line_of(error: BaseException) -> str:
    """The learner's last line on the way to the error, as "line 3, in forward"; empty if there is none."""
    own = _own(error)
    return f"line {own[-1].lineno}, in {own[-1].name}\n" if own else ""


def is_stub(error: BaseException) -> bool:
    """Is this the NotImplementedError of an exercise that nobody has begun?"""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return isinstance(error, NotImplementedError) and bool(frames) and _is_learners(frames[-1])


def _own(error: BaseException) -> list[traceback.FrameSummary]:
    """The learner's frames among the last few: a recursion may have left a million."""
    return [frame for frame in traceback.extract_tb(error.__traceback__, limit=-200) if _is_learners(frame)]


def _is_learners(frame: traceback.FrameSummary) -> bool:
    return not frame.filename.startswith(("<frozen", "<__array_function__", *_LIBRARIES))


def _text(error: BaseException) -> str:
    """str(error), also if the learner's own __str__ fails."""
    try:
        return str(error)
    except Exception:
        return ""


def _cause(error: BaseException, text: str, in_learners_code: bool) -> str:
    if isinstance(error, SystemExit):
        return "An answer must not end the kernel: take the exit out."
    words = f"{type(error).__name__} {text}".lower()
    for pieces, cause in _CAUSES:
        if any(piece in words for piece in pieces):
            return cause
    return "" if in_learners_code else "It does not work as the exercise asks: compare with the given lines."
