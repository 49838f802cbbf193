"""The minimal attacks in the contract suite, a line each; `eps` makes what is farther a failure."""

from attack_table import Case

from course_lib.attacks.minimal import (
    carlini_wagner,
    deepfool,
    delayed_elastic_net,
    elastic_net,
    fab,
    lbfgs,
)

FEW = {"steps": 20, "lr": 0.05, "searches": 2, "c": 10.0}
MINIMAL = [
    Case("deepfool", deepfool, {"eps": 0.7, "steps": 10}, "l2"),
    Case("carlini_wagner", carlini_wagner, {"eps": 0.7, **FEW}, "l2"),
    Case("elastic_net, EN", elastic_net, {"eps": 3.0, **FEW}),
    Case("elastic_net, L1", elastic_net, {"eps": 3.0, "rule": "L1", **FEW}),
    Case("delayed_elastic_net", delayed_elastic_net, {"eps": 3.0, "steps": 10}),
    Case("fab", fab, {"eps": 0.1, "steps": 4}, "linf"),
    Case("fab, L2", fab, {"eps": 0.7, "norm": "l2", "steps": 4}, "l2"),
    Case("fab, leaving", fab, {"eps": 0.1, "steps": 5, "leave_when_fooled": True}, "linf"),
    Case("lbfgs", lbfgs, {"eps": 1.0, "steps": 4, "searches": 1, "c": 10.0}, "l2"),
]
