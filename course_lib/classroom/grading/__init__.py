"""`course check`: judge a folder of submitted notebooks with the checks that the learners had.

Each notebook gets one fresh interpreter, shut in by bubblewrap (sandbox.py). Learners' code and check share
that interpreter, so this stops accidents, tricks and damage, not a learner who forges a verdict inside Python
with great care: such a forger can raise the mark of that one notebook, and touch nothing else. For a hostile
class look at the code of surprising marks, or use a container for each learner.
"""
