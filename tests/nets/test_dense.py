"""Dense nets: fields, equal weights, full-size answers."""

import torch

from course_lib.measure import count_macs, count_parameters
from course_lib.measure.receptive_field import footprint, receptive_field
from course_lib.nets import ContextNet, PooledNet

RATES = (1, 1, 2, 4, 8, 1)


def test_fields_are_those_of_the_rates():
    for rates, field in ((RATES, 35), ((1,) * 6, 13)):
        seen = footprint(ContextNet(rates, width=3), (3, 41, 41))
        assert int(seen.sum()) == field**2 == receptive_field([(3, 1, d) for d in rates]) ** 2


def test_all_three_weigh_the_same_and_answer_every_pixel():
    nets = ContextNet(RATES, width=4), ContextNet((1,) * 6, width=4), PooledNet(6, width=4)
    assert len({count_parameters(net) for net in nets}) == 1
    x = torch.rand(2, 3, 32, 24)
    assert all(net(x).shape == (2, 3, 32, 24) for net in nets)
    macs = [count_macs(net, x) for net in nets]
    assert macs[0] == macs[1] > 2 * macs[2]


def test_the_pooled_net_sees_beyond_the_undilated_one():
    torch.manual_seed(0)
    net = PooledNet(6, width=4, noise=0.3)
    x = torch.rand(1, 3, 32, 32)
    changed = x.clone()
    changed[..., 16, 4] += 1  # 12 pixels from the middle, where six layers of rate 1 see 6
    before, after = net(x)[0, :, 16, 16], net(changed)[0, :, 16, 16]
    assert not torch.equal(before, after)
    plain = ContextNet((1,) * 6, width=4, noise=0.3)
    assert torch.equal(plain(x)[0, :, 16, 16], plain(changed)[0, :, 16, 16])
