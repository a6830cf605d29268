"""What is left out of a network for the outputs of some nodes changes no number."""

import pytest
import torch

from automl.search_spaces.gnn import Gnn, Layer
from automl.search_spaces.gnn.limits import ATTENTIONS
from automl.trainers.gnn.network import Frame, Network
from automl.trainers.gnn.reach import reach
from automl.trainers.gnn.wiring import Wiring

NODES, WANTED = 40, torch.tensor([1, 7, 30])


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def wiring():
    chain = torch.stack([torch.arange(NODES - 1), torch.arange(1, NODES)])
    return Wiring(torch.cat([chain, torch.randint(NODES, (2, 20))], dim=1), NODES)


def network(layers, *, norm, skip="none"):
    every = tuple(Layer(4, 2, a, g, "identity", "elu") for a, g in layers[:-1])
    last = Layer(3, 2, *layers[-1], "identity", "linear")
    return Network(Gnn((*every, last), skip=skip), Frame(5, 3, "node", norm, final_activation=False))


def outputs_and_gradients(made, net, wanted=slice(None)):
    found = torch.autograd.grad(made[wanted].square().sum(), list(net.parameters()), allow_unused=True)
    return [made[wanted], *(torch.zeros(()) if part is None else part for part in found)]


CASES = [[(attention, "sum"), (attention, "mean")] for attention in ATTENTIONS]
CASES += [[("gat", "max"), ("gcn", "max")], [("gat", "sum")], [("gat", "sum"), ("cos", "max"), ("gcn", "sum")]]


@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
@pytest.mark.parametrize("layers", CASES, ids=lambda layers: "-".join(a for a, _ in layers))
def test_outputs_and_gradients_are_those_of_the_whole_graph(layers, norm, wiring):
    net, x = network(layers, norm=norm).train(), torch.randn(NODES, 5)
    part = reach(wiring, WANTED, len(layers), whole=norm == "batch")
    assert part.wirings[-1].nodes == len(WANTED)
    found = outputs_and_gradients(net(x[part.nodes], part.wirings), net)
    torch.testing.assert_close(found, outputs_and_gradients(net(x, wiring), net, WANTED), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("skip", ["residual", "jumping"])
@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_skip_connections_find_their_nodes(skip, norm, wiring):
    net, x = network([("gat", "sum")] * 4, norm=norm, skip=skip).train(), torch.randn(NODES, 5)
    part = reach(wiring, WANTED, 4, whole=norm == "batch")
    torch.testing.assert_close(net(x[part.nodes], part.wirings), net(x, wiring)[WANTED], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("norm", ["none", "batch"])
@pytest.mark.parametrize("skip", ["none", "jumping"])
def test_steps_after_the_last_layer_find_their_nodes(norm, skip, wiring):
    hidden, last = Layer(4, 1, "gat", "sum", "identity", "elu"), Layer(3, 1, "own", "sum", "identity", "linear")
    candidate = Gnn((hidden, hidden, last), skip=skip, norm=norm, steps=3, teleport=0.1)
    net, x = Network(candidate, Frame(5, 3, "node", "layer", final_activation=False)).train(), torch.randn(NODES, 5)
    part = reach(wiring, WANTED, net.depth, whole=net.whole)
    found = outputs_and_gradients(net(x[part.nodes], part.wirings), net)
    torch.testing.assert_close(found, outputs_and_gradients(net(x, wiring), net, WANTED), atol=1e-5, rtol=1e-4)


def test_only_neighbours_are_heard():
    chain = Wiring(torch.stack([torch.arange(9), torch.arange(1, 10)]), 10)
    part = reach(chain, torch.tensor([4, 9]), 2, whole=False)
    assert [(w.nodes, w.heard) for w in part.wirings] == [(4, 6), (2, 4)]
    assert part.nodes.tolist() == [4, 9, 3, 8, 2, 7]
    assert part.wirings[1].degree.tolist() == [2, 2]
    whole = reach(chain, torch.tensor([4, 9]), 2, whole=True)
    assert [(w.nodes, w.heard) for w in whole.wirings] == [(10, 10), (2, 4)]
